// What an agent may send besides text: files, quick replies, a card.

import { $, el } from "./dom.js";
import { say } from "./words.js";

export function start() {
  $("offer-cancel").addEventListener("click", () => $("offer").close());
}

/** The menu's items; `send(what)` sends it as the desk has it. */
export function offers(send) {
  const file = (name) => [say(`attach_${name}`), () => send({ kind: "file", file: name })];
  return [
    file("image"),
    file("pdf"),
    file("video"),
    [say("attach_quick"), () => ask("quick_title", QUICK, (told) => send(quickReplies(told)))],
    [say("attach_card"), () => ask("card_title", CARD, (told) => send(card(told)))],
    [say("attach_typing"), () => send({ kind: "typing" })],
  ];
}

const QUICK = ["quick_question", "quick_1", "quick_2", "quick_3"];
const CARD = ["card_name", "card_text", "card_button", "card_link"];
const REQUIRED = new Set(["quick_question", "quick_1", "card_name"]);

function quickReplies({ quick_question: question, ...choices }) {
  return { kind: "quick", question, choices: Object.values(choices).filter(Boolean) };
}

function card({ card_name: title, card_text: description, card_button: button, card_link: link }) {
  return { kind: "card", title, description, button, link };
}

function ask(title, names, then) {
  const label = (name) => (/\d$/.test(name) ? say("quick_n", { n: name.slice(-1) }) : say(name));
  $("offer-title").textContent = say(title);
  $("offer-fields").replaceChildren(...names.map((name) => {
    const input = el("input", { name, value: say(`${name}_now`), maxLength: 200, required: REQUIRED.has(name) });
    return el("label", {}, label(name), input);
  }));
  $("offer-form").onsubmit = (event) => {
    event.preventDefault();
    $("offer").close();
    then(Object.fromEntries(new FormData($("offer-form"))));
  };
  $("offer").showModal();
}
