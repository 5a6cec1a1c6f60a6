// The counters: both sides compared, and said aloud when they come to rest.

import { $, el, write } from "./dom.js";
import { say } from "./words.js";

const WRONG = ["lost", "doubled", "out_of_order"]; // what has to stay 0

/** Show what GET /proof answered; `waits` is whether what is under way waits for Genesys. */
export function render(proof, waits) {
  const ignored = Object.entries(proof.ignored ?? {});
  const why = ignored.map(([reason, n]) => `${reason}: ${n}`).join("\n");
  $("proof").replaceChildren(
    count("in", `${proof.customers_sent} → ${proof.agents_saw}`, { title: say("p_in_long") }),
    count("out", `${proof.agents_sent} → ${proof.customers_got}`, { title: say("p_out_long") }),
    count("refused_and_told", proof.refused_and_told),
    count("ignored", ignored.reduce((sum, [, n]) => sum + n, 0), { title: why }),
    count("parked", proof.parked),
    count("in_flight", proof.in_flight),
    ...WRONG.map((name) => count(name, proof[name], { tone: proof[name] ? "bad" : "good" })),
  );
  const throttled = waits && proof.in_flight > 0;
  $("throttled").hidden = !throttled;
  write($("throttled-words"), throttled ? say("throttled", { n: proof.in_flight }) : "");
  if (proof.in_flight === 0 || WRONG.some((name) => proof[name])) write($("proof-spoken"), aloud(proof));
}

const count = (name, value, { tone = "", title = "" } = {}) =>
  el("div", { className: tone, title, "data-count": name }, el("dt", {}, say(`p_${name}`)), el("dd", {}, `${value}`));

/** The counters in one sentence. */
const aloud = (proof) => (proof.customers_sent + proof.agents_sent ? say("p_aloud", {
  saw: proof.agents_saw, sent: proof.customers_sent, got: proof.customers_got, answered: proof.agents_sent,
  lost: proof.lost, doubled: proof.doubled, late: proof.out_of_order,
}) : "");
