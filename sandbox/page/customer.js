// The customer's phone: what they send, and what arrives.

import { post } from "./api.js";
import { $, arrows, attempt, clockTime, el, endless, media, menu } from "./dom.js";
import { model, thread } from "./model.js";
import { offered } from "./offers.js";
import { say } from "./words.js";

const ACTIONS = {
  instagram: [
    "picture", "video", "voice", "file", "sticker", "share", "story_mention", "story_reply", "comment", "mention",
    "referral", "read", "echo",
  ],
  tiktok: ["picture", "video", "sticker", "share", "comment", "mention", "referral", "read", "echo"],
};
const WITH_TEXT = new Set(["story_reply", "comment", "mention", "echo"]);
const NAMES = { instagram: "1000000000000", tiktok: "+SandboxCustomer000000000000000000000000000" };
const FIRST = { instagram: [1, 2, 3], tiktok: [1, 2] };

export const chosen = { channel: "instagram", phone: null };
let draw;
let editing = null;
let followed = () => {};

/** Wire the phone; `follow(thread)` is called when somebody else is chosen. */
export function start(follow) {
  followed = follow;
  draw = endless($("phone-log"));
  arrows($("phone-log"));
  arrows($("channels"));
  meetAll();
  for (const tab of $("channels").children) tab.addEventListener("click", () => choose(tab.dataset.channel));
  $("who").addEventListener("change", () => pick(model.threads.get($("who").value)));
  $("somebody").addEventListener("click", () => pick(meet(chosen.channel, unknown(chosen.channel))));
  $("say").addEventListener("submit", submit);
  $("do").addEventListener("click", () => menu($("do"), actions()));
  $("editing-stop").addEventListener("click", () => edit(null));
  choose("instagram");
}

/** The made-up customers again, after everything was emptied. */
export function renew() {
  const { channel, account, customer } = chosen.phone;
  meetAll();
  pick(thread(channel, account, customer));
}

function meetAll() {
  for (const [channel, numbers] of Object.entries(FIRST)) for (const n of numbers) meet(channel, n);
}

/** Customer number `n` of the channel; Instagram's third writes to the second account. */
function meet(channel, n) {
  const accounts = model.accounts.filter((one) => one.channel === channel);
  const account = accounts[n === 3 ? 1 : 0] ?? accounts[0];
  return thread(channel, account?.id ?? "", NAMES[channel] + `${n}`.padStart(3, "0"));
}

function unknown(channel) {
  const known = new Set([...model.threads.values()].filter((one) => one.channel === channel).map((one) => one.customer));
  let n = 1;
  while (known.has(NAMES[channel] + `${n}`.padStart(3, "0"))) n += 1;
  return n;
}

function choose(channel) {
  chosen.channel = channel;
  for (const tab of $("channels").children) tab.setAttribute("aria-selected", tab.dataset.channel === channel);
  $("phone").setAttribute("aria-labelledby", `tab-${channel}`);
  $("phone").dataset.channel = channel;
  pick([...model.threads.values()].find((one) => one.channel === channel));
}

function pick(phone) {
  chosen.phone = phone;
  edit(null);
  render();
  followed(phone);
}

/** Do something as the chosen customer; the id of what was done, or null. */
export function act(action, more = {}) {
  const { channel, account, customer } = chosen.phone;
  return attempt(() => post(`/${channel}/do`, { customer, account, action, ...more }));
}

async function submit(event) {
  event.preventDefault();
  const [field, about] = [$("say-text"), editing];
  const text = field.value;
  if (!text.trim()) return;
  field.value = "";
  edit(null);
  const done = await (about ? act("edit", { about, text }) : act("text", { text }));
  if (!done && !field.value) field.value = text;
}

function edit(item) {
  editing = item && messageOf(item);
  $("editing").hidden = !item;
  if (item) {
    $("say-text").value = item.text;
    $("say-text").focus();
  }
}

function actions() {
  return ACTIONS[chosen.channel].map((action) => [
    say(`do_${action}`),
    () => act(action, { ...(WITH_TEXT.has(action) && { text: say(`text_${action}`) }), ...(action === "read" && about()) }),
  ]);
}

/** Instagram tells which message was read: here the brand's last. */
function about() {
  const last = [...chosen.phone.items.values()].findLast((item) => item.side === "brand");
  return chosen.channel === "instagram" && last && { about: messageOf(last) };
}

/** The id of the message that a bubble belongs to: each further file of a message has a bubble of its own. */
const messageOf = (item) => item.id.split("#")[0];

// --- what the phone shows

export function render() {
  const { phone } = chosen;
  if (!phone) return;
  renderWho();
  $("brand").textContent = brand(phone);
  const typing = phone.typing > Date.now();
  $("brand-typing").textContent = typing ? say("typing") : "";
  if (typing) setTimeout(render, phone.typing - Date.now() + 20);
  const items = [...phone.items.values()];
  draw(phone.key, items, bubble, (item) => item.id);
  $("phone-log").querySelector(".empty").hidden = items.length > 0;
}

function renderWho() {
  const phones = [...model.threads.values()].filter((one) => one.channel === chosen.channel);
  const labels = phones.map((one) => [one.key, name(one)]);
  const shown = [...$("who").options].map((option) => [option.value, option.text]);
  if (JSON.stringify(labels) !== JSON.stringify(shown)) {
    $("who").replaceChildren(...labels.map(([value, text]) => el("option", { value, textContent: text })));
  }
  $("who").value = chosen.phone.key;
}

function name(phone) {
  const n = phone.customer.slice(-4);
  return accountNumber(phone) > 1 ? say("customer_to", { n, brand: brand(phone) }) : say("customer_n", { n });
}

function brand(phone) {
  return model.accounts.find((one) => one.channel === phone.channel && one.id === phone.account)?.name || say("brand");
}

/** Which of the brand's accounts on this platform it is, from 1. */
function accountNumber({ channel, account }) {
  return model.accounts.filter((one) => one.channel === channel).findIndex((one) => one.id === account) + 1;
}

function bubble(item) {
  const own = item.side === "customer";
  const said = item.unsent ? [el("em", {}, say("unsent"))] : content(item);
  return el(
    "li",
    { className: `said ${own ? "own" : "theirs"}` },
    el("span", { className: "hidden" }, say(own ? "of_customer" : "of_brand")),
    el("div", { className: "bubble", dir: "auto" }, said),
    el(
      "p",
      { className: "under" },
      Object.values(item.reactions ?? {}).join(" "),
      el("time", { dateTime: new Date(item.at_ms).toISOString() }, clockTime(item.at_ms)),
      item.edited ? el("span", {}, say("edited")) : null,
      item.seen ? el("span", {}, say("seen")) : null,
      item.unsent ? null : more(item, own),
    ),
  );
}

const NO_MESSAGE = new Set(["comment", "referral"]);
const CHANGED = ["instagram"]; // TikTok tells of no edit, and of nothing taken back
const PLAIN = new Set(["text", "choices", "cards"]);
const FILES = new Set(["image", "video", "audio", "file"]);

function content(item) {
  const parts = [];
  if (!PLAIN.has(item.kind) && !FILES.has(item.kind)) parts.push(el("small", {}, say(`kind_${item.kind}`)));
  if (item.text) parts.push(el("p", {}, item.text));
  if (FILES.has(item.kind)) parts.push(media(item.kind, item.url, ""));
  else if (item.url) parts.push(media("file", item.url, say(`kind_${item.kind}`)));
  const tap = (choice) => act("tap", { about: messageOf(item), choice: choice.payload || choice.text });
  return [...parts, ...offered(item, tap)];
}

function more(item, own) {
  if (own && !CHANGED.includes(item.channel)) return null;
  if (NO_MESSAGE.has(item.kind)) return null;
  const about = messageOf(item);
  const given = item.reactions?.customer;
  const things = own
    ? [[say("do_unsend"), () => act("unsend", { about })], item.kind === "text" && [say("do_edit"), () => edit(item)]]
    : [[say(given ? "do_unreact" : "do_reaction"), () => act("reaction", { about, text: given ? "" : "❤️" })]];
  const button = el("button", { type: "button", className: "more", "aria-label": say("message_menu"), "aria-haspopup": "menu" }, "⋯");
  button.addEventListener("click", () => menu(button, things.filter(Boolean)));
  return button;
}
