// Six steps through the page, offered at the first visit. Each can be done by oneself, or by the button.

import * as agent from "./agent.js";
import * as aside from "./aside.js";
import * as customer from "./customer.js";
import { deskOf } from "./desks.js";
import { $, write } from "./dom.js";
import * as road from "./road.js";
import { model } from "./store.js";
import * as trouble from "./trouble.js";
import { say } from "./words.js";

const STORM = 3;
const LOOKS = 50; // at the road, one every 100 ms: whether a retry is to be seen

const STEPS = [
  { at: "customer", act: () => customer.act("text", { text: say("tour_1_say") }) },
  { at: "agent", act: participantData },
  { at: "agent", act: () => agent.reply({ kind: "text", text: say("tour_3_say") }) },
  { at: "road", act: road.openMessage },
  { at: "trouble", act: storm },
  { at: "agent", act: tooLate },
];
const OFFER = -1;
let [step, before, panel] = [OFFER, null, () => {}];

/** `show(id)` brings a part of the page forward. */
export function start(show) {
  panel = show;
  $("tour-start").addEventListener("click", () => go(0));
  $("tour-take").addEventListener("click", () => go(0));
  $("tour-end").addEventListener("click", end);
  $("tour-back").addEventListener("click", () => go(step - 1));
  $("tour-next").addEventListener("click", () => go(step + 1));
  $("tour-do").addEventListener("click", () => STEPS[step].act());
  $("tour").addEventListener("keydown", (event) => event.key === "Escape" && end());
  if (localStorage.getItem("dmdesk-tour") === null) offer();
}

function offer() {
  step = OFFER;
  $("tour").hidden = false;
  label();
}

function go(to) {
  step = to;
  before ??= model.offset;
  panel(STEPS[step].at);
  $("tour").hidden = false;
  label();
  $("tour-title").focus();
}

/** The step's words, in today's language. */
export function label() {
  if ($("tour").hidden) return;
  const offered = step === OFFER;
  const name = offered ? "tour_offer" : `tour_${step + 1}`;
  write($("tour-title"), offered ? say(name) : say("tour_step", { n: step + 1, of: STEPS.length, title: say(name) }));
  write($("tour-text"), say(`${name}_text`));
  $("tour-take").hidden = !offered;
  for (const id of ["tour-back", "tour-do"]) $(id).hidden = offered;
  $("tour-back").disabled = step === 0;
  $("tour-next").hidden = offered || step === STEPS.length - 1;
  write($("tour-end"), say(offered ? "tour_not_now" : "tour_end"));
  point(offered ? "" : STEPS[step].at);
}

function point(at) {
  for (const one of document.querySelectorAll(".panel")) one.classList.toggle("pointed", one.id === at);
}

/** Away with it; what it moved goes back to where it was. */
async function end() {
  const moved = before !== null && before !== model.offset;
  $("tour").hidden = true;
  localStorage.setItem("dmdesk-tour", "seen");
  point("");
  $("tour-start").focus();
  if (moved) await trouble.shift(before / 1000);
  [step, before] = [OFFER, null];
}

function participantData() {
  agent.follow(customer.chosen.phone);
  aside.script();
  agent.view("aside");
}

async function storm() {
  await trouble.turn(deskOf().busy, true);
  for (let n = 1; n <= STORM; n += 1) await customer.act("text", { text: say("tour_5_say", { n }) });
  for (let look = 0; look < LOOKS && !road.throttled(); look += 1) await new Promise((done) => setTimeout(done, 100));
  await trouble.turn(deskOf().busy, false);
}

async function tooLate() {
  await trouble.shift(25 * 3600);
  agent.view("talk");
  await agent.reply({ kind: "text", text: say("tour_6_say") });
}
