// What an agent may send besides text: files, quick replies, a card.

import { get } from "./api.js";
import { DESK } from "./desks.js";
import { $, el } from "./dom.js";
import { say } from "./words.js";

/** A fresh link to one of the desk's sample files: such links expire. */
const sample = async (name) => (await get("/")).media[DESK.name][name];

export function start() {
  $("offer-cancel").addEventListener("click", () => $("offer").close());
}

/** The menu's items; `send(build)` sends the body that `build` answers. */
export function offers(send) {
  const file = (name, mediaType, mime) => [
    say(`attach_${name}`),
    () => send(async () => {
      const attachment = { mediaType, url: await sample(name), mime };
      return { content: [{ contentType: "Attachment", attachment }] };
    }),
  ];
  return [
    file("image", "Image", "image/png"),
    file("pdf", "File", "application/pdf"),
    file("video", "Video", "video/mp4"),
    [say("attach_quick"), () => ask("quick_title", QUICK, (told) => send(() => quickReplies(told)))],
    [say("attach_card"), () => ask("card_title", CARD, (told) => send(() => card(told)))],
    [say("attach_typing"), () => send(() => ({ type: "Event" }))],
  ];
}

const QUICK = ["quick_question", "quick_1", "quick_2", "quick_3"];
const CARD = ["card_name", "card_text", "card_button", "card_link"];
const REQUIRED = new Set(["quick_question", "quick_1", "card_name"]);

function quickReplies({ quick_question, ...choices }) {
  const named = Object.values(choices).filter(Boolean);
  const content = named.map((text) => ({ contentType: "QuickReply", quickReply: { text, payload: text, action: "Message" } }));
  return { text: quick_question, content };
}

async function card({ card_name, card_text, card_button, card_link }) {
  const actions = [
    card_button && { type: "Postback", text: card_button, payload: card_button },
    card_link && { type: "Link", text: card_link, url: "https://example.com/mug" },
  ];
  const told = { title: card_name, description: card_text, image: await sample("image"), actions: actions.filter(Boolean) };
  return { content: [{ contentType: "Card", card: told }] };
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
