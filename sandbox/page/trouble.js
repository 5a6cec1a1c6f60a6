// Trouble by switches, the clock, and the proof that nothing was lost or done twice.

import { get, post } from "./api.js";
import { $, attempt, el, toast } from "./dom.js";
import { model, now } from "./model.js";
import { say } from "./words.js";

const SWITCHES = [
  "genesys_429", "genesys_down", "genesys_silent", "platform_refuses", "platform_429", "duplicates", "reorder", "kill_worker",
];
const state = { trouble: {}, proof: null };

export function start() {
  for (const button of $("shifts").children) {
    const hours = Number(button.dataset.hours);
    button.addEventListener("click", () => shift(hours && model.offset / 1000 + hours * 3600));
  }
  $("reset").addEventListener("click", () => attempt(async () => {
    await post("/reset");
    await refresh();
    toast(say("was_reset"));
  }));
  label();
  setInterval(tick, 1000);
}

/** Build what bears words, in today's language. */
export function label() {
  $("switches").replaceChildren(
    ...SWITCHES.map((name) => {
      const box = el("input", { type: "checkbox", role: "switch", name, onchange: () => turn(name, box.checked) });
      return el("li", {}, el("label", { className: "switch" }, box, el("span", {}, say(name))));
    }),
    el("li", {}, el("button", { type: "button", onclick: forge }, say("forged"))),
  );
  render();
}

/** Turn trouble on or off. */
export async function turn(name, on) {
  await attempt(() => post("/trouble", { name, on }));
  await refresh();
}

/** Set everybody's clock this many seconds ahead. */
export async function shift(seconds) {
  await attempt(() => post("/clock", { offset_s: seconds }));
  await refresh();
}

async function forge() {
  const told = await attempt(() => post("/trouble", { name: "forged", on: true }));
  if (told) toast(say("forged_told", { status: told.status ?? "…" }));
  await refresh();
}

/** Ask the sandbox how things stand. */
export async function refresh() {
  const told = await attempt(() => Promise.all([get("/trouble"), get("/clock"), get("/proof")]));
  if (!told) return;
  [state.trouble, , state.proof] = told;
  model.offset = told[1].offset_s * 1000;
  render();
  remember();
}

function render() {
  for (const box of $("switches").querySelectorAll("input")) box.checked = Boolean(state.trouble[box.name]);
  tick();
  if (state.proof) $("proof").replaceChildren(...counters(state.proof));
}

function tick() {
  const at = new Date(now());
  $("clock").textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
}

function counters(proof) {
  const ignored = Object.entries(proof.ignored ?? {});
  const count = (name, value, { tone = "", title = "" } = {}) =>
    el("div", { className: tone, title }, el("dt", {}, say(`p_${name}`)), el("dd", {}, `${value}`));
  const zero = (name) => count(name, proof[name], { tone: proof[name] ? "bad" : "good" });
  return [
    count("in", `${proof.customers_sent} → ${proof.agents_saw}`, { title: say("p_in_long") }),
    count("out", `${proof.agents_sent} → ${proof.customers_got}`, { title: say("p_out_long") }),
    count("refused_and_told", proof.refused_and_told),
    count("ignored", ignored.reduce((sum, [, n]) => sum + n, 0), { title: ignored.map(([why, n]) => `${why}: ${n}`).join("\n") }),
    count("parked", proof.parked),
    count("in_flight", proof.in_flight),
    zero("lost"),
    zero("doubled"),
  ];
}

// --- the link: #trouble=genesys_429,duplicates&clock=90000

/** Bring the sandbox to the state that the page's address asks for, where it asks for one. */
export async function obey() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (wanted.has("trouble") || wanted.has("clock")) {
    const on = new Set((wanted.get("trouble") ?? "").split(","));
    for (const name of SWITCHES) await attempt(() => post("/trouble", { name, on: on.has(name) }));
    await shift(Number(wanted.get("clock")) || 0);
  }
  await refresh();
}

function remember() {
  const on = SWITCHES.filter((name) => state.trouble[name]);
  const parts = [on.length ? `trouble=${on.join(",")}` : "", model.offset ? `clock=${Math.round(model.offset / 1000)}` : ""];
  const hash = parts.filter(Boolean).join("&");
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
}
