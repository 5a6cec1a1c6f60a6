// What has happened, learnt from the sandbox's events. Items are immutable: a change makes a new object.

const LONGEST = 2000; // items kept of one phone or conversation
const TRACES = 1000;

export const model = {
  threads: new Map(), // the customers' phones, by platform, account and customer
  conversations: new Map(), // the agents' desktop, by conversation id
  traces: new Map(), // the road, by trace
  offset: 0, // how far the sandbox's clock is ahead, ms
  accounts: [], // the brand's, as GET / tells them
};

/** The sandbox's time, epoch ms. */
export const now = () => Date.now() + model.offset;

/** A customer's phone with one brand; made where there is none. */
export function thread(channel, account, customer) {
  const at = `${channel}|${account}|${customer}`;
  if (!model.threads.has(at)) {
    model.threads.set(at, { key: at, channel, account, customer, items: new Map(), typing: 0 });
  }
  return model.threads.get(at);
}

/** The conversations of a customer, the latest last. */
export function conversationsOf(channel, customer) {
  return [...model.conversations.values()].filter((one) => one.channel === channel && one.customer === customer);
}

/** Take in one event. */
export function apply(name, data) {
  const take = { road, customer, desk, reset }[name];
  take?.(data);
}

function reset() {
  for (const one of [model.threads, model.conversations, model.traces]) one.clear();
}

function put(items, id, item, longest) {
  items.set(id, item);
  if (items.size > longest) items.delete(items.keys().next().value);
}

function change(items, id, how) {
  const item = items.get(id);
  if (item) items.set(id, { ...item, ...how(item) });
}

// --- the customer's phone

const MARKS = {
  seen: (phone, said) => {
    for (const item of phone.items.values()) if (item.seen) change(phone.items, item.id, () => ({ seen: false }));
    const own = [...phone.items.values()].filter((item) => item.side !== said.side);
    const about = phone.items.has(said.about) ? said.about : own.at(-1)?.id;
    change(phone.items, about, () => ({ seen: true }));
  },
  typing: (phone, said) => {
    if (said.side === "brand") phone.typing = Date.now() + 5000;
  },
  unsend: (phone, said) => change(phone.items, said.about, () => ({ unsent: true })),
  edit: (phone, said) => change(phone.items, said.about, () => ({ text: said.text, edited: true })),
  reaction: (phone, said) =>
    change(phone.items, said.about, (item) => ({ reactions: { ...item.reactions, [said.side]: said.text } })),
};

function customer(said) {
  const phone = thread(said.channel, said.account, said.customer);
  if (said.kind in MARKS) MARKS[said.kind](phone, said);
  else {
    phone.typing = said.side === "brand" ? 0 : phone.typing;
    put(phone.items, said.id, { ...phone.items.get(said.id), ...said }, LONGEST);
  }
}

// --- the agent's desktop

function desk(told) {
  const before = model.conversations.get(told.conversation_id);
  const talk = { items: new Map(), ...before, ...facts(told) };
  model.conversations.set(told.conversation_id, talk);
  if (told.kind === "message" || told.kind === "reply") {
    put(talk.items, told.id, { ...talk.items.get(told.id), ...told }, LONGEST);
    talk.last = told.at_ms;
  }
  if (told.kind === "typing" && told.author === "customer") talk.typing = Date.now() + 5000;
  if (told.kind === "receipt") {
    change(talk.items, told.id, () => ({ status: told.status, reason: told.reason, detail: told.detail }));
  }
}

const FACTS = ["channel", "customer", "state", "waiting_since_ms", "priority", "attributes"];

/** What an event tells of its conversation. */
function facts(told) {
  const known = FACTS.map((name) => [name, told[name]]);
  // an answer bears the brand's name
  if (told.kind === "message" && told.nickname) known.push(["nickname", told.nickname]);
  return { id: told.conversation_id, ...Object.fromEntries(known) };
}

// --- the road

const HOPS = ["webhook", "edge", "queue", "worker"]; // then whatever the worker calls
const rank = ({ hop }) => (HOPS.includes(hop) ? HOPS.indexOf(hop) : HOPS.length);

/** A record comes when its hop has ended; the line is in the order of their beginnings. */
function road(record) {
  const before = model.traces.get(record.trace);
  const hops = [...(before?.hops ?? []), record].sort(
    (a, b) => a.at_ms - b.at_ms || rank(a) - rank(b),
  );
  const { trace, direction } = before ?? record;
  const named = hops.find((hop) => hop.customer) ?? record;
  const trace_ = { trace, direction, channel: named.channel, customer: named.customer, at_ms: hops[0].at_ms, hops };
  put(model.traces, trace, trace_, TRACES);
}
