// Six steps through the page. Each can be done by oneself, or by the button.

import * as agent from "./agent.js";
import * as customer from "./customer.js";
import { $ } from "./dom.js";
import * as road from "./road.js";
import * as trouble from "./trouble.js";
import { say } from "./words.js";

const STORM = 3;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const STEPS = [
  { at: "customer", act: () => customer.act("text", { text: say("tour_1_say") }) },
  { at: "agent", act: () => { agent.follow(customer.chosen.phone); $("facts").open = true; } },
  { at: "agent", act: () => agent.reply({ text: say("tour_3_say") }) },
  { at: "road", act: () => road.openLatest() },
  { at: "trouble", act: storm },
  { at: "agent", act: tooLate },
];
let step = 0;

export function start(show) {
  $("tour-start").addEventListener("click", () => go(0));
  $("tour-end").addEventListener("click", end);
  $("tour-back").addEventListener("click", () => go(step - 1));
  $("tour-next").addEventListener("click", () => (step + 1 < STEPS.length ? go(step + 1) : end()));
  $("tour-do").addEventListener("click", () => STEPS[step].act());
  $("tour").addEventListener("keydown", (event) => event.key === "Escape" && end());
  function go(to) {
    step = to;
    show(STEPS[step].at);
    $("tour").hidden = false;
    label();
    $("tour-title").focus();
  }
}

/** The step's words, in today's language. */
export function label() {
  if ($("tour").hidden) return;
  $("tour-title").textContent = say("tour_step", { n: step + 1, title: say(`tour_${step + 1}`) });
  $("tour-text").textContent = say(`tour_${step + 1}_text`);
  $("tour-back").disabled = step === 0;
  $("tour-next").textContent = say(step + 1 < STEPS.length ? "next" : "tour_end");
  $("tour").dataset.at = STEPS[step].at;
  mark(STEPS[step].at);
}

function mark(at) {
  for (const panel of document.querySelectorAll(".panel")) panel.classList.toggle("pointed", panel.id === at);
}

function end() {
  $("tour").hidden = true;
  mark("");
  $("tour-start").focus();
}

async function storm() {
  await trouble.turn("genesys_429", true);
  for (let n = 1; n <= STORM; n += 1) await customer.act("text", { text: say("tour_5_say", { n }) });
  await pause(1500); // long enough to see a retry on the road
  await trouble.turn("genesys_429", false);
}

async function tooLate() {
  await trouble.shift(25 * 3600);
  await agent.reply({ text: say("tour_6_say") });
}
