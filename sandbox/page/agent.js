// The agent's desktop: the queue, the conversation as Genesys shows it, and every reply's receipt.

import { get, post } from "./api.js";
import { $, arrows, attempt, clockTime, el, endless, media, menu, show, span } from "./dom.js";
import { conversationsOf, model, now } from "./model.js";
import { offered } from "./offers.js";
import { known, say } from "./words.js";

let talk = null; // the id of the conversation that is shown
let draw;

export function start() {
  draw = endless($("talk-log"));
  arrows($("talk-log"));
  arrows($("queue"));
  $("reply").addEventListener("submit", submit);
  $("reply-text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $("reply").requestSubmit();
  });
  $("attach").addEventListener("click", () => menu($("attach"), offers()));
  $("disconnect").addEventListener("click", () => attempt(() => post("/genesys/disconnect", { conversation_id: talk })));
  $("offer-cancel").addEventListener("click", () => $("offer").close());
  setInterval(renderQueue, 1000);
}

/** Show a conversation. */
export function open(id) {
  talk = id;
  render();
}

/** Show the latest conversation of the customer whose phone is shown, where there is one. */
export function follow(phone) {
  const latest = phone && conversationsOf(phone.channel, phone.customer).at(-1);
  if (latest) open(latest.id);
}

/** Whose conversation is shown, or undefined. */
export const current = () => model.conversations.get(talk);

/** The agent (or the bot) sends; the reply's id, or null. */
export const reply = (body) => send(() => body);

function send(build) {
  const common = { conversation_id: talk, originatingEntity: $("as-bot").checked ? "Bot" : "Human" };
  return attempt(async () => post("/genesys/reply", { ...common, ...(await build()) }));
}

async function submit(event) {
  event.preventDefault();
  const field = $("reply-text");
  const text = field.value;
  if (!text.trim()) return;
  field.value = "";
  if (!(await reply({ text })) && !field.value) field.value = text;
}

// --- what an agent may send besides text

/** A fresh link to one of Genesys' sample files: such links expire. */
const sample = async (name) => (await get("/")).media.genesys[name];

function offers() {
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
    [say("attach_quick"), () => ask("quick_title", QUICK, quickReplies)],
    [say("attach_card"), () => ask("card_title", CARD, card)],
    [say("attach_typing"), () => reply({ type: "Event" })],
  ];
}

const QUICK = ["quick_question", "quick_1", "quick_2", "quick_3"];
const CARD = ["card_name", "card_text", "card_button", "card_link"];

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

function ask(title, names, build) {
  const label = (name) => (/\d$/.test(name) ? say("quick_n", { n: name.slice(-1) }) : say(name));
  $("offer-title").textContent = say(title);
  $("offer-fields").replaceChildren(...names.map((name) =>
    el("label", {}, label(name), el("input", { name, value: say(`${name}_now`), maxLength: 200 }))));
  $("offer-form").onsubmit = (event) => {
    event.preventDefault();
    $("offer").close();
    send(() => build(Object.fromEntries(new FormData($("offer-form")))));
  };
  $("offer").showModal();
}

// --- the queue

export function render() {
  renderQueue();
  const one = model.conversations.get(talk);
  $("talk").hidden = !one;
  if (!one) return;
  $("talk-who").textContent = one.nickname || one.customer;
  $("talk-state").textContent = one.typing > Date.now() ? say("typing") : PLATFORMS[one.channel] ?? "";
  $("disconnect").disabled = one.state !== "connected";
  $("facts").querySelector("dl").replaceChildren(...Object.entries(one.attributes).flatMap(([name, value]) =>
    [el("dt", {}, name), el("dd", { dir: "auto" }, `${value}`)]));
  draw(one.id, [...one.items.values()], message, (item) => item.id);
}

const PLATFORMS = { instagram: "Instagram", tiktok: "TikTok" };
const QUEUED = 200;

/** Who waits, by priority and then by how long; then those that are answered, the latest first; then the ended. */
function order(a, b) {
  const rank = (one) => (one.state !== "connected" ? 2 : one.waiting_since_ms ? 0 : 1);
  const byWaiting = () => (b.priority ?? 0) - (a.priority ?? 0) || a.waiting_since_ms - b.waiting_since_ms;
  return rank(a) - rank(b) || (rank(a) === 0 ? byWaiting() : (b.last ?? 0) - (a.last ?? 0));
}

let rows = new Map(); // a conversation's row, while nothing that it tells has changed

function renderQueue() {
  const all = [...model.conversations.values()].sort(order);
  const waiting = all.filter((one) => one.state === "connected" && one.waiting_since_ms).length;
  const open_ = all.filter((one) => one.state === "connected").length;
  $("queue-size").textContent = say("queue_size", { open: open_, waiting });
  $("queue-empty").hidden = all.length > 0;
  const before = rows;
  rows = new Map();
  for (const one of all.slice(0, QUEUED)) {
    const told = { id: one.id, who: one.nickname || one.customer, facts: [PLATFORMS[one.channel], ...about(one)], chosen: one.id === talk };
    const same = before.get(one.id);
    rows.set(one.id, JSON.stringify(same) === JSON.stringify(told) ? same : told);
  }
  show($("queue"), [...rows.values()], row, (told) => told.id);
}

function about(one) {
  if (one.state !== "connected") return [say("over")];
  const wait = one.waiting_since_ms ? say("waiting", { time: span(now() - one.waiting_since_ms) }) : say("answered");
  const until = Date.parse(one.attributes.windowExpiresAt ?? "");
  const left = Number.isNaN(until) ? null : until > now() ? say("window", { time: span(until - now()) }) : say("window_closed");
  return [wait, one.priority ? say("priority", { n: one.priority }) : null, left].filter(Boolean);
}

function row(told) {
  const button = el(
    "button",
    { type: "button", "aria-current": told.chosen ? "true" : null, onclick: () => open(told.id) },
    el("strong", {}, told.who),
    told.facts.map((fact) => el("span", {}, fact)),
  );
  return el("li", {}, button);
}

// --- the conversation

const STATUS = { sent: "sent", delivered: "delivered", failed: "not_delivered" };

function message(item) {
  const own = item.kind === "reply";
  return el(
    "li",
    { className: `said ${own ? "own" : "theirs"}` },
    el("span", { className: "hidden" }, own ? `${say(item.author === "bot" ? "bot" : "human")}:` : say("of_customer")),
    el(
      "div",
      { className: "bubble", dir: "auto" },
      item.text ? el("p", {}, item.text) : null,
      (item.attachments ?? []).map((one) => media(one.kind.toLowerCase(), one.url, one.name)),
      offered(item),
    ),
    el(
      "p",
      { className: "under" },
      el("time", { dateTime: new Date(item.at_ms).toISOString() }, clockTime(item.at_ms)),
      item.author === "bot" ? el("span", {}, say("bot")) : null,
      own ? receipt(item) : null,
    ),
  );
}

function receipt({ status = "sent", reason, detail }) {
  const told = known(STATUS[status] ?? "") ? say(STATUS[status]) : status;
  const words = reason ? say("why", { status: told, reason, detail: detail ?? "" }) : told;
  return el("span", { className: `receipt ${status}` }, words);
}
