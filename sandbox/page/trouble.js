// Trouble by switches, the clock, and a banner while anything of it is on.

import { get, post, remove } from "./api.js";
import * as address from "./address.js";
import { TROUBLE } from "./desks.js";
import { $, attempt, el, toast, write } from "./dom.js";
import * as fronts from "./fronts.js";
import * as proof from "./proof.js";
import * as road from "./road.js";
import { model, now } from "./store.js";
import { moment, span } from "./times.js";
import { say } from "./words.js";

const SWITCHES = [
  ...TROUBLE, "platform_refuses", "platform_429", "model_slow", "model_down", "crm_slow", "crm_down", "model_nonsense", "customer_bot",
  "duplicates", "reorder", "kill_worker",
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
  $("forged").addEventListener("click", forge);
  $("alarm-off").addEventListener("click", calm);
  label();
  setInterval(tick, 1000);
}

/** Build what bears words, in today's language. */
export function label() {
  $("switches").replaceChildren(...SWITCHES.map((name) => {
    const hint = `hint-${name}`;
    const box = el("input", { type: "checkbox", role: "switch", name, "aria-describedby": hint, onchange: () => turn(name, box.checked) });
    return el("li", {}, el("label", { className: "switch" }, box, el("span", {}, say(name))), el("p", { id: hint }, say(`hint_${name}`)));
  }));
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

/** No trouble, no faults of the control API's, the right time. */
async function calm() {
  await attempt(async () => {
    for (const name of SWITCHES) if (state.trouble[name]) await post("/trouble", { name, on: false });
    await remove("/faults");
    await post("/clock", { offset_s: 0 });
  });
  await refresh();
}

async function forge() {
  const told = await attempt(() => post("/trouble", { name: "forged", on: true }));
  if (told) toast(say("forged_told", { status: told.status ?? "…" }));
  await refresh();
}

/** Ask the sandbox how things stand. */
export async function refresh() {
  const told = await attempt(() => Promise.all([get("/trouble"), get("/clock"), get("/proof"), get("/front")]));
  if (!told) return;
  [state.trouble, , state.proof] = told;
  model.offset = told[1].offset_s * 1000;
  fronts.take(told[3]);
  render();
  address.remember(on(), model.offset);
}

const on = () => SWITCHES.filter((name) => state.trouble[name]);

function render() {
  for (const box of $("switches").querySelectorAll("input")) box.checked = Boolean(state.trouble[box.name]);
  tick();
  alarm();
  if (state.proof) proof.render(state.proof, road.throttled());
}

function tick() {
  write($("clock"), moment(now()));
}

/** What is not as it should be: a stranger must not take it for the bridge's own doing. */
function alarm() {
  const moved = Math.round(model.offset / 1000);
  const clock = moved ? say(moved > 0 ? "clock_ahead" : "clock_behind", { time: span(Math.abs(moved) * 1000) }) : "";
  const found = [...on().map((name) => say(name)), state.trouble.others ? say("other_faults") : "", clock].filter(Boolean);
  $("alarm").hidden = found.length === 0;
  write($("alarm-words"), found.length ? say("alarm", { what: found.join(" · ") }) : "");
}

/** Bring the sandbox to the state that the page's address asks for, where it asks for one. */
export async function obey() {
  const wanted = address.wanted();
  if (wanted) {
    for (const name of SWITCHES) await attempt(() => post("/trouble", { name, on: wanted.trouble.has(name) }));
    await shift(wanted.clock);
  }
  await refresh();
}
