// The roster: who waits, who is answered, whose conversation is over.

import { channelOf, mark } from "./channels.js";
import { deskOf } from "./desks.js";
import { $, arrows, el, pressed, show, spoken, write } from "./dom.js";
import { avatar, icon } from "./icons.js";
import { fresh } from "./seen.js";
import { model, now } from "./store.js";
import { speaker } from "./talks.js";
import { about } from "./times.js";
import { say } from "./words.js";

const PAGE = 100;
let [chosen, most, wanted, opened] = [null, PAGE, "", () => {}];
let known = new Map(); // a conversation's row, while nothing that it tells has changed

/** `open(id)` is called when the user chooses a conversation. */
export function start(open) {
  opened = open;
  arrows($("queue"));
  $("queue-search").addEventListener("input", () => {
    [wanted, most] = [$("queue-search").value.trim().toLowerCase(), PAGE];
    render(chosen);
  });
  $("queue-more").addEventListener("click", () => {
    most += PAGE;
    const first = $("queue").children.length;
    render(chosen);
    $("queue").children[first]?.querySelector("button").focus();
  });
  setInterval(() => pressed() || render(chosen), 1000);
}

/** The keyboard's focus onto a conversation's row. */
export function focus(id) {
  const row = [...$("queue").children].find((one) => one.dataset.key === id) ?? $("queue").firstElementChild;
  row?.querySelector("button").focus();
}

/** Whether something before a desk goes on: the bot has the conversation, or a guard holds it. */
const lives = (one) => Boolean(one.front && (one.holder === "bot" || one.waiting.length));

/** Who waits, by how long, of which a point of priority is a minute; then those that are answered, the latest first; then the ended. */
function order(a, b) {
  const rank = (one) => (lives(one) ? 1 : one.state !== "connected" ? 2 : one.waiting_since_ms ? 0 : 1);
  const waits = (one) => one.waiting_since_ms - (one.priority ?? 0) * 60_000;
  const byWaiting = () => waits(a) - waits(b);
  return rank(a) - rank(b) || (rank(a) === 0 ? byWaiting() : (b.last?.at_ms ?? 0) - (a.last?.at_ms ?? 0));
}

/** Whether what only operators learn is shown. */
export const operator = () => $("agent").dataset.operator === "on";

const matches = (one) =>
  !wanted || [title(one), one.customer, one.last?.text].some((text) => (text ?? "").toLowerCase().includes(wanted));

/** What Genesys calls the customer: the name that the bridge told, or the bare id. */
export const title = (one) => one.nickname || one.customer;

export function render(current) {
  chosen = current;
  const all = [...model.conversations.values()].filter((one) => !one.front || operator()).sort(order);
  const found = all.filter(matches);
  const open = all.filter((one) => one.state === "connected");
  write($("queue-size"), say("queue_size", { open: open.length, waiting: open.filter((one) => one.waiting_since_ms).length }));
  $("queue-empty").hidden = found.length > 0;
  write($("queue-empty"), say(all.length ? "queue_none_found" : "queue_empty"));
  $("queue-search").hidden = all.length === 0;
  const shown = found.slice(0, most);
  $("queue-more").hidden = shown.length === found.length;
  write($("queue-shown"), shown.length < found.length || wanted ? say("queue_shown", { n: shown.length, of: found.length }) : "");
  const before = known;
  known = new Map();
  for (const one of shown) known.set(one.id, same(before.get(one.id), told(one)));
  show($("queue"), [...known.values()], row, (one) => one.id);
}

/** The former object where it tells the same, so that its row stays. */
const same = (before, row) => (JSON.stringify(before) === JSON.stringify(row) ? before : row);

function told(one) {
  const n = one.id === chosen ? 0 : unseen(one);
  const elsewhere = deskOf(one.desk) === deskOf() ? "" : deskOf(one.desk).title;
  const facts = [elsewhere, one.priority ? say("priority", { n: one.priority }) : "", left(one)].filter(Boolean);
  return { id: one.id, channel: one.channel, customer: one.customer, who: title(one), preview: preview(one), state: state(one),
    waits: one.state === "connected" && one.waiting_since_ms > 0, facts, news: n, chosen: one.id === chosen, front: Boolean(one.front) };
}

const unseen = (one) => (one.front ? 0 : fresh(one.id, one.items, (item) => item.kind !== "reply").length);

/** Whether any conversation holds something that nobody has looked at. */
export const news = () => [...model.conversations.values()].some(unseen);

function state(one) {
  if (one.front) return say(`front_state_${one.waiting.at(-1)?.step ?? (one.holder === "bot" ? "bot" : "over")}`);
  if (one.state !== "connected") return say("over");
  return one.waiting_since_ms ? say("waiting", { time: about(now() - one.waiting_since_ms) }) : say("answered");
}

function left(one) {
  const until = Date.parse(one.attributes.windowExpiresAt ?? "");
  if (one.state !== "connected" || Number.isNaN(until)) return "";
  return until > now() ? say("window", { time: about(until - now()) }) : say("window_closed");
}

function preview({ last }) {
  if (!last) return "";
  const text = last.text || (last.attachments?.length ? say(`kind_${last.attachments[0].kind.toLowerCase()}`) : say("kind_cards"));
  return speaker(last) === "agent" || speaker(last) === "bot" ? say("preview_own", { text }) : text;
}

function row(one) {
  return el("li", {}, el(
    "button",
    { type: "button", className: one.front ? "row before" : "row", "aria-current": one.chosen ? "true" : null, "data-channel": one.channel, onclick: () => opened(one.id) },
    el("span", { className: "figure" }, avatar(one.customer), mark(one.channel)),
    el("strong", { className: "name" }, one.who, spoken(` ${channelOf(one.channel).name}`)),
    one.news ? el("span", { className: "badge" }, `${one.news}`, spoken(` ${say("new")}`)) : null,
    one.front ? el("span", { className: "before-eye" }, icon("eye"), spoken(` ${say("operator")}`)) : null,
    el("span", { className: "preview", dir: "auto" }, one.preview),
    el("span", { className: "state" }, el("b", { className: one.waits ? "waits" : null }, one.state), one.facts.map((fact) => ` · ${fact}`)),
  ));
}
