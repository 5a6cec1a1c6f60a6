// The agents' conversations, learnt from the sandbox's events.

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

/** The conversations of the customer with this phone, the latest last. */
export function conversationsOf(phone) {
  return [...model.conversations.values()].filter((talk) => phoneOf(talk) === phone);
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
