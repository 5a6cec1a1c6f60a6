// The agents' conversations, learnt from the sandbox's events.

import { called } from "./channels.js";
import { thread } from "./phones.js";
import { change, model, put } from "./store.js";

const TYPING_MS = 5000;
const FACTS = ["desk", "channel", "account", "customer", "state", "waiting_since_ms", "priority", "attributes"];
// The bridge's lines that tell what the brand wrote elsewhere
const ELSEWHERE = new Set(["echo_app", "echo_automation"]);

/** Whose words an item is: customer, agent or bot; `app` where the brand wrote elsewhere, `bridge` for its own lines. */
export function speaker(item) {
  if (item.kind === "reply") return item.author === "bot" ? "bot" : "agent";
  if (!item.line) return "customer";
  return ELSEWHERE.has(item.line) ? "app" : "bridge";
}

/** The phone of the customer of a conversation. */
export const phoneOf = (talk) => thread(talk.channel, talk.account, talk.customer);

/** The conversations at a desk of the customer with this phone, the latest last. */
export function conversationsOf(phone) {
  return [...model.conversations.values()].filter((talk) => !talk.front && phoneOf(talk) === phone);
}

/** What was said with this phone before a desk had it, which only operators see; undefined where that is nothing. */
export const frontOf = (phone) => model.conversations.get(frontId(phone));

const frontId = ({ channel, account, customer }) => `front|${channel}|${account}|${customer}`;

/** Take in what became of conversations before a desk had them. */
export function stand(stands) {
  const spoken = stands.filter((one) => one.bot.length || one.waiting.length);
  const wanted = new Set(spoken.map(frontId));
  for (const [id, talk] of model.conversations) if (talk.front && !wanted.has(id)) model.conversations.delete(id);
  for (const one of spoken) {
    const id = frontId(one);
    const before = model.conversations.get(id)?.items;
    const items = new Map(turns(one).map((item) => [item.id, same(before?.get(item.id), item)]));
    model.conversations.set(id, { ...BLANK, ...one, nickname: called(one.customer), id, items, last: [...items.values()].at(-1) });
  }
}

const BLANK = { front: true, desk: "", state: "front", waiting_since_ms: 0, priority: 0, attributes: {}, typing: 0 };
const same = (before, item) => (JSON.stringify(before) === JSON.stringify(item) ? before : item);

/** What the customer and the bot said, and what waits. */
function turns({ bot, waiting }) {
  const heard = (one, more) => ({ front: true, kind: "message", id: one.id, at_ms: one.at_ms, text: one.text, ...more });
  const said = bot.flatMap((one) => [
    heard(one, { handed: one.why }),
    one.answer && { front: true, kind: "reply", author: "bot", id: `${one.id}|bot`, at_ms: one.at_ms, text: one.answer },
  ]);
  return [...said, ...waiting.map((one) => heard(one, { held: one.step }))].filter(Boolean).sort((a, b) => a.at_ms - b.at_ms);
}

/** Take in what the desktop shows. */
export function take(told) {
  const before = model.conversations.get(told.conversation_id);
  const talk = { items: new Map(), ...before, ...facts(told) };
  model.conversations.set(told.conversation_id, talk);
  if (told.kind === "message" || told.kind === "reply") {
    put(talk.items, told.id, { ...talk.items.get(told.id), ...told });
    talk.last = talk.items.get(told.id);
    talk.typing = 0;
  }
  if (told.kind === "typing" && told.author === "customer") talk.typing = Date.now() + TYPING_MS;
  if (told.kind === "receipt") {
    change(talk.items, told.id, () => ({ status: told.status, reason: told.reason, detail: told.detail }));
  }
}

/** What an event tells of its conversation. */
function facts(told) {
  const known = FACTS.map((name) => [name, told[name]]);
  // an answer bears the brand's name, a line of the bridge's none
  if (told.kind === "message" && told.nickname) known.push(["nickname", told.nickname]);
  return { id: told.conversation_id, ...Object.fromEntries(known) };
}
