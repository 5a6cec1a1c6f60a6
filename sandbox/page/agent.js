// The agent: which conversation is open, and what is sent in it.

import { post } from "./api.js";
import * as aside from "./aside.js";
import { composer } from "./composer.js";
import { deskOf } from "./desks.js";
import { $, attempt } from "./dom.js";
import * as enclosures from "./enclosures.js";
import { menu } from "./menu.js";
import * as roster from "./roster.js";
import { model } from "./store.js";
import * as talk from "./talk.js";
import { conversationsOf, frontOf, phoneOf } from "./talks.js";

let [id, field, turned] = [null, null, () => {}];

/** Wire the desktop; `turn(phone)` is called with the customer's phone when the user opens a conversation. */
export function start(turn) {
  turned = turn;
  field = composer($("reply"), $("reply-text"), (text) => reply({ kind: "text", text }));
  enclosures.start();
  aside.start();
  talk.start();
  roster.start((chosen) => {
    open(chosen);
    turned(phoneOf(current()));
  });
  $("attach").addEventListener("click", () => menu($("attach"), enclosures.offers(reply)));
  $("disconnect").addEventListener("click", () => attempt(() => post(...deskOf(current()?.desk).end(id))));
  $("to-roster").addEventListener("click", () => {
    view("roster");
    roster.focus(id);
  });
  $("to-aside").addEventListener("click", () => view($("agent").dataset.view === "aside" ? "talk" : "aside"));
  $("operator").addEventListener("change", () => operator($("operator").checked));
  operator(localStorage.getItem("dmdesk-operator") !== "off");
  view("roster");
}

/** Where there is no room for all three, one of roster, talk and aside is shown. */
export function view(name) {
  $("agent").dataset.view = name;
  $("to-aside").setAttribute("aria-pressed", name === "aside");
}

/** Whether what only operators learn is shown, too. */
function operator(on) {
  $("operator").checked = on;
  $("agent").dataset.operator = on ? "on" : "off";
  localStorage.setItem("dmdesk-operator", on ? "on" : "off");
  if (current()?.front && !on) id = null;
  render();
}

/** Show a conversation. */
export function open(chosen) {
  id = chosen;
  field.turn(id);
  view("talk");
  render();
}

/** Show the latest conversation of the customer with this phone; none where they have none. */
export function follow(phone) {
  const latest = conversationsOf(phone).at(-1) ?? (roster.operator() ? frontOf(phone) : undefined);
  if (current() && phoneOf(current()) === phone) return;
  id = latest?.id ?? null;
  field.turn(id);
  view(latest ? "talk" : "roster");
  render();
}

/** Which conversation is shown, or undefined. */
export const current = () => model.conversations.get(id);

/** What was open may be no more. */
export function renewed() {
  if (id?.startsWith("front|") && !current()) id = null;
}

/** Forget all drafts and what is open: everything was emptied. */
export function renew() {
  id = null;
  field.forget();
  aside.forget();
  view("roster");
}

/** The agent (or the bot) sends `{kind: "text" | "typing" | "file" | "quick" | "card", …}`; the reply's id, or null. */
export const reply = (what) =>
  attempt(async () => post(...(await deskOf(current()?.desk).say(id, what, $("as-bot").checked))));

export function render() {
  talk.render(current());
  aside.render(current());
  roster.render(id);
}
