// The customers' phones, learnt from the sandbox's events.

import { change, model, put } from "./store.js";

const TYPING_MS = 5000;
const key = (channel, account, customer) => `${channel}|${account}|${customer}`;

/** A customer's phone with one brand; made where there is none. `customer` may be the id that the bridge knows. */
export function thread(channel, account, customer) {
  const at = key(channel, account, customer);
  const known = model.parties.get(at) ?? model.threads.get(at);
  if (known) return known;
  const made = { key: at, channel, account, customer, items: new Map(), typing: 0 };
  model.threads.set(at, made);
  return made;
}

const MARKS = {
  seen: (phone, said) => {
    for (const item of phone.items.values()) if (item.seen) change(phone.items, item.id, () => ({ seen: false }));
    const own = [...phone.items.values()].filter((item) => item.side !== said.side);
    const about = phone.items.has(said.about) ? said.about : own.at(-1)?.id;
    change(phone.items, about, () => ({ seen: true }));
  },
  typing: (phone, said) => {
    if (said.side === "brand") phone.typing = Date.now() + TYPING_MS;
  },
  unsend: (phone, said) => change(phone.items, said.about, () => ({ unsent: true })),
  edit: (phone, said) => change(phone.items, said.about, () => ({ text: said.text, edited: true })),
  reaction: (phone, said) =>
    change(phone.items, said.about, (item) => ({ reactions: { ...item.reactions, [said.side]: said.text } })),
};

/** Take in what a phone shows. */
export function take(said) {
  const phone = thread(said.channel, said.account, said.customer);
  if (said.party) model.parties.set(key(said.channel, said.account, said.party), phone);
  if (said.kind in MARKS) MARKS[said.kind](phone, said);
  else {
    phone.typing = said.side === "brand" ? 0 : phone.typing;
    put(phone.items, said.id, { ...phone.items.get(said.id), ...said });
  }
}
