// What is known of what has happened. Items are immutable: a change makes a new object.

export const LONGEST = 2000; // items kept of one phone or conversation

export const model = {
  threads: new Map(), // the customers' phones, by platform, account and customer
  parties: new Map(), // the phone of whom the bridge knows by another id: who mentioned the brand
  conversations: new Map(), // the agents' desktop, by conversation id
  traces: new Map(), // the road, by trace
  fronts: { accounts: [], features: [], talks: [] }, // what stands in front of the desk, as GET /front tells it
  offset: 0, // how far the sandbox's clock is ahead, ms
  accounts: [], // the brand's, as GET / tells them
};

/** The sandbox's time, epoch ms. */
export const now = () => Date.now() + model.offset;

/** Keep an item in its place, or at the end; the oldest goes where there are too many. */
export function put(items, id, item, longest = LONGEST) {
  items.set(id, item);
  if (items.size > longest) items.delete(items.keys().next().value);
}

/** Put a changed item in the place of the one that is kept. */
export function change(items, id, how) {
  const item = items.get(id);
  if (item) items.set(id, { ...item, ...how(item) });
}
