// What stands in front of the desk: the switches of the account that the shown customer writes to, and what became of
// conversations there, which only operators learn.

import { get, post } from "./api.js";
import { $, attempt, el, write } from "./dom.js";
import { model } from "./store.js";
import { known, say } from "./words.js";

let [changed, account, told] = [() => {}, null, ""];

/** `news()` is called when something has become of a conversation. */
export function start(news) {
  changed = news;
  label();
}

/** The switches are those of this phone's account. */
export function turnTo({ channel, account: id }) {
  account = { channel, id };
  render();
}

/** Take in how things stand. */
export function take(stands) {
  const text = JSON.stringify([stands, model.offset]); // what is held until then depends on the clock
  if (text === told) return;
  told = text;
  const features = JSON.stringify(model.fronts.features) !== JSON.stringify(stands.features);
  model.fronts = stands;
  if (features) label();
  render();
  changed();
}

/** What is known of the conversation of this phone, or of this customer at the desk. */
export const of = ({ channel, account: id, customer }) =>
  model.fronts.talks.find((one) => one.channel === channel && one.account === id && one.customer === customer);

/** Build what bears words, in today's language. */
export function label() {
  $("fronts").replaceChildren(...model.fronts.features.map((name) => {
    const hint = `hint-front-${name}`;
    const box = el("input", { type: "checkbox", role: "switch", name, "aria-describedby": hint, onchange: () => turn(name, box.checked) });
    const words = known(`hint_front_${name}`) ? say(`hint_front_${name}`) : say("hint_front_other");
    const called = known(`front_${name}`) ? say(`front_${name}`) : name;
    return el("li", {}, el("label", { className: "switch" }, box, el("span", {}, called)), el("p", { id: hint }, words));
  }));
  render();
}

const chosen = () => model.fronts.accounts.find((one) => one.channel === account?.channel && one.id === account.id);

function render() {
  const one = chosen();
  write($("fronts-title"), say("fronts_of", { account: one?.name ?? "" }));
  for (const box of $("fronts").querySelectorAll("input")) box.checked = Boolean(one && box.name in one.front);
}

async function turn(name, on) {
  const { channel, id } = account;
  await attempt(() => post("/front/switch", { channel, account: id, feature: name, on }));
  const stands = await attempt(() => get("/front"));
  if (stands) take(stands);
  render();
}
