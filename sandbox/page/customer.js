// The customer: on which platform, who, and what they do.

import { post } from "./api.js";
import { called, channelOf, mark } from "./channels.js";
import { composer } from "./composer.js";
import { $, attempt, el, write } from "./dom.js";
import { avatar } from "./icons.js";
import * as fronts from "./fronts.js";
import { menu } from "./menu.js";
import * as phone from "./phone.js";
import { thread } from "./phones.js";
import { fresh } from "./seen.js";
import { model } from "./store.js";
import { tabs } from "./tabs.js";
import { say } from "./words.js";

const WITH_TEXT = new Set(["story_reply", "comment", "mention", "echo"]);

export const chosen = { channel: "", phone: null };
let [field, select, editing, kept, followed] = [null, null, null, "", () => {}];

/** Wire the phone; `follow(phone)` is called when the user chooses somebody. */
export function start(follow) {
  followed = follow;
  phone.start({ act, edit });
  field = composer($("say"), $("say-text"), send);
  $("channels").replaceChildren(...channels().map(tabOf));
  select = tabs($("channels"), (one) => choose(one.dataset.channel));
  meetAll();
  $("who").addEventListener("change", () => pick(model.threads.get($("who").value)));
  $("somebody").addEventListener("click", () => pick(meet(chosen.channel, unknown(chosen.channel))));
  $("do").addEventListener("click", () => menu($("do"), actions()));
  $("sealed").addEventListener("change", () => (chosen.phone.sealed = $("sealed").checked));
  $("editing-stop").addEventListener("click", () => edit(null));
  select($("channels").firstElementChild);
}

/** The brand's channels, in the order of its accounts. */
const channels = () => [...new Set(model.accounts.map((one) => one.channel))];

const tabOf = (name) =>
  el("button", { type: "button", role: "tab", id: `tab-${name}`, "data-channel": name, "aria-controls": "phone" },
    mark(name), channelOf(name).name);

// --- who

/** The made-up customers again, after everything was emptied. */
export function renew() {
  const { channel, account, customer } = chosen.phone;
  field.forget();
  meetAll();
  pick(thread(channel, account, customer), { quietly: true });
}

function meetAll() {
  for (const channel of channels()) for (const n of channelOf(channel).first) meet(channel, n);
}

/** Customer number `n` of the channel: the third writes to the second account, the fourth to the third; all others to
    the first. */
function meet(channel, n) {
  const accounts = model.accounts.filter((one) => one.channel === channel);
  const account = accounts[Math.max(0, n - 2)] ?? accounts[0];
  return thread(channel, account?.id ?? "", channelOf(channel).customer(n));
}

const of = (channel) => [...model.threads.values()].filter((one) => one.channel === channel);

function unknown(channel) {
  const known = new Set(of(channel).map((one) => one.customer));
  let n = 1;
  while (known.has(channelOf(channel).customer(n))) n += 1;
  return n;
}

function choose(channel) {
  chosen.channel = channel;
  $("phone").setAttribute("aria-labelledby", `tab-${channel}`);
  $("customer").dataset.channel = channel;
  if (chosen.phone?.channel !== channel) pick(of(channel)[0]);
  else render();
}

function pick(one, { quietly = false } = {}) {
  edit(null);
  chosen.phone = one;
  field.turn(one.key);
  fronts.turnTo(one);
  render();
  if (!quietly) followed(one);
}

/** Show the phone of this customer, without leading the agent anywhere. */
export function turnTo(one) {
  if (one === chosen.phone) return;
  pick(one, { quietly: true });
  const tab = $(`tab-${one.channel}`);
  if (tab && one.channel !== chosen.channel) select(tab);
}

export function render() {
  if (!chosen.phone) return;
  renderWho();
  $("sealing").hidden = !seals();
  $("sealed").checked = Boolean(chosen.phone.sealed);
  for (const one of $("channels").children) {
    one.classList.toggle("has-news", of(one.dataset.channel).some((other) => other !== chosen.phone && unseen(other) > 0));
  }
  phone.render(chosen.phone);
}

/** Whether any phone shows something that nobody has looked at. */
export const news = () => [...model.threads.values()].some(unseen);

const unseen = (one) => fresh(one.key, one.items, (item) => item.side === "brand").length;

function renderWho() {
  const labels = of(chosen.channel).map((one) => [one.key, name(one)]);
  const shown = [...$("who").options].map((option) => [option.value, option.text]);
  if (JSON.stringify(labels) !== JSON.stringify(shown)) {
    $("who").replaceChildren(...labels.map(([value, text]) => el("option", { value, textContent: text })));
  }
  $("who").value = chosen.phone.key;
  if ($("who-figure").dataset.of !== chosen.phone.customer) $("who-figure").replaceChildren(avatar(chosen.phone.customer));
  $("who-figure").dataset.of = chosen.phone.customer;
  write($("brand"), phone.brand(chosen.phone));
}

function name(one) {
  const accounts = model.accounts.filter((account) => account.channel === one.channel);
  const second = accounts.findIndex((account) => account.id === one.account) > 0;
  const who = second ? say("customer_to", { name: called(one.customer), brand: phone.brand(one) }) : called(one.customer);
  const n = one === chosen.phone ? 0 : unseen(one);
  return n ? say("with_news", { who, n }) : who;
}

// --- what they do

/** Whether the chosen channel's customers may encrypt. */
const seals = () => Boolean(channelOf(chosen.channel).sealed);

/** Do something as the chosen customer; the id of what was done, or null. What concerns a message goes as that did. */
export function act(action, more = {}) {
  const { channel, account, customer, sealed } = chosen.phone;
  const road = seals() && !more.about ? { encrypted: Boolean(sealed) } : {};
  return attempt(() => post(`/${channel}/do`, { customer, account, action, ...road, ...more }));
}

function send(text) {
  const about = editing;
  if (!about) return act("text", { text });
  edit(null);
  return act("edit", { about, text });
}

function edit(item) {
  if (!item && !editing) return;
  if (!editing) kept = $("say-text").value; // what was begun waits until the edit is over
  editing = item && phone.messageOf(item);
  $("editing").hidden = !item;
  field.fill(item ? item.text : kept);
  if (item) $("say-text").focus();
}

function actions() {
  const { actions: plain, sealed } = channelOf(chosen.channel);
  return (chosen.phone.sealed ? sealed : plain).map((action) => {
    const more = { ...(WITH_TEXT.has(action) && { text: say(`text_${action}`) }), ...(action === "read" && about()) };
    const nothing = action === "read" && !answered();
    return [say(nothing ? "do_read_nothing" : `do_${action}`), nothing ? null : () => act(action, more)];
  });
}

const answered = () => [...chosen.phone.items.values()].findLast((item) => item.side === "brand");

/** Which message was read, where the platform tells: here the brand's last. */
const about = () => channelOf(chosen.channel).reads_one && answered() && { about: phone.messageOf(answered()) };
