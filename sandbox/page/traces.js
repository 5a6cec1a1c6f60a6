// The road's lines, learnt from the sandbox's events: one per message, with the echoes of what it sent.

import { model, put } from "./store.js";

const TRACES = 1000;
const HOPS = ["webhook", "edge", "queue", "worker"]; // then whatever the worker calls
const rank = ({ hop }) => (HOPS.includes(hop) ? HOPS.indexOf(hop) : HOPS.length);

const senders = new Map(); // the trace that sent it, by the platform's message id

export function forget() {
  model.traces.clear();
  senders.clear();
}

/** Take in one hop. */
export function take(record) {
  if (record.message && !record.echo) {
    put(senders, record.message, record.trace, TRACES);
    adopt(record.message);
  }
  const owner = record.echo && senders.get(record.message);
  if (owner && model.traces.has(owner)) place(owner, "echoes", record);
  else place(record.trace, "hops", record);
}

/** An echo may come before the answer to the call that sent it: its line moves into its message's. */
function adopt(message) {
  for (const [id, line] of model.traces) {
    if (!line.echo || line.message !== message) continue;
    model.traces.delete(id);
    for (const hop of line.hops) take(hop);
  }
}

/** A record comes when its hop has ended; a line is in the order of their beginnings. */
function place(id, part, record) {
  const { trace, direction, echo, message } = record;
  const before = model.traces.get(id) ?? { trace, direction, echo, message, hops: [], echoes: [] };
  const sorted = [...before[part], record].sort((a, b) => a.at_ms - b.at_ms || rank(a) - rank(b));
  const line = { ...before, [part]: sorted };
  const named = line.hops.find((hop) => hop.customer) ?? record;
  put(model.traces, id, { ...line, channel: named.channel, customer: named.customer, at_ms: line.hops[0].at_ms }, TRACES);
}
