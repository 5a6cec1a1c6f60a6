// The sandbox's events, each to whom it concerns.

import * as phones from "./phones.js";
import { model } from "./store.js";
import * as talks from "./talks.js";
import * as traces from "./traces.js";

const TAKERS = { customer: phones.take, desk: talks.take, road: traces.take, reset };

/** Take in one event. */
export const apply = (name, data) => TAKERS[name]?.(data);

function reset() {
  for (const one of [model.threads, model.parties, model.conversations]) one.clear();
  traces.forget();
}
