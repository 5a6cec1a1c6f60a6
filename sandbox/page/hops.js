// The road's hops in words: what each does, what became of it.

import { known, say } from "./words.js";

const word = (key, otherwise) => (known(key) ? say(key) : otherwise);

/** What a hop does: a call is named by what it is for. */
export const hopName = ({ hop, what }) => (what ? word(`what_${what}`, what) : word(`hop_${hop}`, hop));

/** Where it happens, for those that go elsewhere. */
export const place = ({ hop }) => word(`at_${hop}`, "");

/** What became of it, "" where all went well. */
export function outcome({ outcome, detail, guard }) {
  if (guard) return say("o_guard", { what: word(`guard_${guard.action}`, guard.action), why: guard.reason });
  if (outcome === "ok") return "";
  return outcome === "ignored" ? `${say("o_ignored")}: ${detail}` : word(`o_${outcome}`, outcome);
}

export const direction = (line) => word(line.direction, line.direction);

/** From the first hop's beginning to the last one's end, ms. */
export function length(hops) {
  const end = Math.max(...hops.map((hop) => hop.at_ms + (hop.took_ms ?? 0)));
  return end - Math.min(...hops.map((hop) => hop.at_ms));
}
