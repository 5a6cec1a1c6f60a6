// What the customer's phone shows.

import { channelOf, lively } from "./channels.js";
import { $, arrows, el, spoken, write } from "./dom.js";
import { media } from "./files.js";
import { linked } from "./links.js";
import { endless } from "./log.js";
import { menu } from "./menu.js";
import { offered } from "./offers.js";
import { opening } from "./seen.js";
import { model } from "./store.js";
import { clockTime } from "./times.js";
import { say } from "./words.js";

const NO_MESSAGE = new Set(["comment", "mention", "referral"]);
const PLAIN = new Set(["text", "choices", "cards"]);
const FILES = new Set(["image", "video", "audio", "file"]);

let [draw, hands, opened] = [null, null, null];

/** `hands` are what the customer does with a message: `act(action, more)` and `edit(item)`. */
export function start(does) {
  hands = does;
  draw = endless($("phone-box"));
  arrows($("phone-log"));
}

/** The id of the message that a bubble belongs to: each further file of a message has a bubble of its own. */
export const messageOf = (item) => item.id.split("#")[0];

export function brand(phone) {
  return model.accounts.find((one) => one.channel === phone.channel && one.id === phone.account)?.name || say("brand");
}

const own = (item) => item.side === "customer";

export function render(phone) {
  const typing = phone.typing > Date.now();
  write($("brand-typing"), typing ? say("typing") : "");
  if (typing) setTimeout(() => render(phone), phone.typing - Date.now() + 20);
  opened = opening($("phone-log"), opened, phone.key, phone.items, (item) => !own(item));
  const items = [...phone.items.values()];
  draw(phone.key, items, { make: bubble, own, fresh: opened?.first });
  $("phone-log").querySelector(".empty").hidden = items.length > 0;
}

function bubble(item) {
  const mine = own(item);
  return el(
    "li",
    { className: `said ${mine ? "own" : "theirs"}`, "data-by": mine ? "customer" : "agent" },
    spoken(say(mine ? "of_customer" : "of_brand")),
    el("div", { className: "bubble", dir: "auto" }, item.unsent ? el("em", {}, say("unsent")) : content(item)),
    el(
      "p",
      { className: "under" },
      reactions(item),
      el("time", { dateTime: new Date(item.at_ms).toISOString() }, clockTime(item.at_ms)),
      item.encrypted ? el("span", {}, say("encrypted")) : null,
      item.edited ? el("span", {}, say("edited")) : null,
      item.seen ? el("span", {}, say("seen")) : null,
      item.unsent ? null : more(item, mine),
    ),
  );
}

function reactions(item) {
  const given = Object.values(item.reactions ?? {}).join(" ").trim();
  return given ? el("span", { className: "reaction" }, given) : null;
}

function content(item) {
  const parts = [];
  if (!PLAIN.has(item.kind) && !FILES.has(item.kind)) parts.push(el("small", {}, say(`kind_${item.kind}`)));
  if (item.text) parts.push(el("p", {}, linked(item.text)));
  if (FILES.has(item.kind)) parts.push(media(item.kind, item.url, ""));
  else if (item.url) parts.push(media("file", item.url, say(`kind_${item.kind}`)));
  const tap = (choice) => hands.act("tap", { about: messageOf(item), choice: choice.payload || choice.text });
  return [...parts, ...offered(item, tap)];
}

function more(item, mine) {
  if ((mine && !channelOf(item.channel).edits) || NO_MESSAGE.has(item.kind) || !lively(item)) return null;
  const about = messageOf(item);
  const given = item.reactions?.customer;
  const things = mine
    ? [[say("do_unsend"), () => hands.act("unsend", { about })], item.kind === "text" && [say("do_edit"), () => hands.edit(item)]]
    : [[say(given ? "do_unreact" : "do_reaction"), () => hands.act("reaction", { about, text: given ? "" : "❤️" })]];
  const button = el("button", { type: "button", className: "more", "aria-label": say("message_menu"), "aria-haspopup": "menu" }, "⋯");
  button.addEventListener("click", () => menu(button, things.filter(Boolean)));
  return button;
}
