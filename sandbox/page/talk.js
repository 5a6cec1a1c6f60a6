// A conversation, as Genesys shows it to the agent; and beside it, marked as such, what only operators learn.

import { channelOf, mark } from "./channels.js";
import { $, arrows, el, spoken, write } from "./dom.js";
import { titleOf } from "./desks.js";
import { media } from "./files.js";
import { avatar, icon } from "./icons.js";
import { linked } from "./links.js";
import { endless } from "./log.js";
import { offered } from "./offers.js";
import { title } from "./roster.js";
import { opening } from "./seen.js";
import * as standing from "./standing.js";
import { model } from "./store.js";
import { speaker } from "./talks.js";
import { clockTime } from "./times.js";
import { known, say } from "./words.js";

const STATUS = { sent: "sent", delivered: "delivered", failed: "not_delivered" };
let [draw, opened] = [null, null];

export function start() {
  draw = endless($("talk-box"));
  arrows($("talk-log"));
}

const own = (item) => item.kind === "reply";

export function render(one) {
  $("talk").hidden = !one;
  $("aside").hidden = !one || Boolean(one.front);
  $("talk-none").hidden = Boolean(one) || model.conversations.size === 0;
  if (!one) return;
  head(one);
  standing.render(one);
  opened = opening($("talk-log"), opened, one.id, one.items, (item) => !own(item));
  $("talk").dataset.channel = one.channel;
  draw(one.id, [...one.items.values()], { make: message, own, fresh: opened?.first });
}

function head(one) {
  const account = model.accounts.find((known) => known.channel === one.channel && known.id === one.account);
  const over = one.state !== "connected";
  write($("talk-who"), title(one));
  const typing = one.typing > Date.now();
  write($("talk-state"), typing ? say("typing") : [channelOf(one.channel).name, account?.name, one.front ? say("fronts") : titleOf(one.desk)].filter(Boolean).join(" · "));
  if ($("talk-figure").dataset.of !== one.id) $("talk-figure").replaceChildren(avatar(one.customer), mark(one.channel));
  $("talk-figure").dataset.of = one.id;
  $("disconnect").disabled = over;
  $("to-aside").disabled = Boolean(one.front);
  $("talk").classList.toggle("before", Boolean(one.front));
  $("reply").hidden = over;
  $("ended").hidden = !over;
  write($("ended"), say(one.front ? "front_none" : "ended"));
}

function message(item) {
  const by = speaker(item);
  return el(
    "li",
    { className: `said ${own(item) ? "own" : "theirs"}`, "data-by": by },
    spoken(say(own(item) ? `of_${by}` : "of_customer")),
    el(
      "div",
      { className: "bubble", dir: "auto" },
      item.text ? el("p", {}, linked(item.text)) : null,
      (item.attachments ?? []).map((one) => media(one.kind.toLowerCase(), one.url, one.name)),
      offered(item),
    ),
    el(
      "p",
      { className: "under" },
      el("time", { dateTime: new Date(item.at_ms).toISOString() }, clockTime(item.at_ms)),
      by === "bot" ? el("span", {}, say("bot")) : null,
      own(item) && !item.front ? receipt(item) : null,
    ),
    operators(item, by),
  );
}

/** Genesys shows whether it was delivered, and nothing else. */
function receipt({ status = "sent" }) {
  return el("span", { className: `receipt ${status}` }, known(STATUS[status] ?? "") ? say(STATUS[status]) : status);
}

/** What became of a message before a desk had it. */
function before({ held, handed }) {
  if (held) return say(held === "park" ? "front_park_message" : "front_hold_message");
  return handed ? say("front_handed", { why: handed }) : "";
}

/** What Genesys does not show: why something failed, and that a line is not the customer's. */
function operators(item, by) {
  const why = item.reason ? say("why", { reason: item.reason, detail: item.detail ?? "" }) : "";
  const words = why || before(item) || (by === "bridge" || by === "app" ? say(`is_${by}`) : "");
  return words ? el("p", { className: "operators" }, icon("eye"), spoken(`${say("operator")}:`), words) : null;
}
