// The page's beginning: listens to the sandbox, draws what has changed, and keeps language, colours and panels.

import * as address from "./address.js";
import * as agent from "./agent.js";
import { get, listen } from "./api.js";
import * as customer from "./customer.js";
import { $, arrows, attempt, forgetMade, pressed } from "./dom.js";
import { apply } from "./events.js";
import * as fronts from "./fronts.js";
import * as icons from "./icons.js";
import * as menu from "./menu.js";
import * as road from "./road.js";
import * as roster from "./roster.js";
import * as seen from "./seen.js";
import { model } from "./store.js";
import * as talks from "./talks.js";
import * as tour from "./tour.js";
import * as trouble from "./trouble.js";
import { label, LANGUAGES, speak } from "./words.js";

// --- drawing: at most once a frame, and only what has changed

const RENDER = { customer: customer.render, desk: agent.render, road: road.render };
const changed = new Set();

function draw() {
  if (pressed()) {
    requestAnimationFrame(draw);
    return;
  }
  for (const name of changed) RENDER[name]?.();
  changed.clear();
  const news = { customer: customer.news(), agent: roster.news() };
  for (const button of $("panels").children) {
    const elsewhere = button.dataset.panel !== document.body.dataset.panel;
    button.classList.toggle("has-news", Boolean(elsewhere && news[button.dataset.panel]));
  }
}

function heard(name, data) {
  apply(name, data);
  if (name === "reset") {
    seen.forget();
    agent.renew();
    customer.renew();
    for (const part of Object.keys(RENDER)) mark(part);
  }
  if (name === "desk") introduce(data);
  mark(name);
  compare();
}

function mark(name) {
  if (changed.size === 0) requestAnimationFrame(draw);
  changed.add(name);
}

/** A conversation that begins with the customer whose phone is shown is shown, too. */
function introduce({ conversation_id }) {
  const talk = model.conversations.get(conversation_id);
  const { phone } = customer.chosen;
  const latest = talks.phoneOf(talk) === phone && talks.conversationsOf(phone).at(-1) === talk;
  if (latest && agent.current() !== talk) agent.open(conversation_id);
}

/** Something has become of a conversation before an agent was asked. */
function stood() {
  talks.stand(model.fronts.talks);
  agent.renewed();
  mark("desk");
}

const SOON_MS = 500;
let comparing = null;

/** Ask for the counters soon: once for all that happens meanwhile, and less often where the answer takes long. */
function compare(after = SOON_MS) {
  comparing ??= setTimeout(async () => {
    const begun = performance.now();
    await trouble.refresh();
    const took = performance.now() - begun;
    comparing = null;
    if (took > SOON_MS) compare(3 * took);
  }, after);
}

// --- language, colours, panels

const remembered = (name, otherwise) => localStorage.getItem(`dmdesk-${name}`) ?? otherwise;

function language(chosen) {
  speak(chosen);
  localStorage.setItem("dmdesk-language", chosen);
  label();
  trouble.label();
  fronts.label();
  tour.label();
  forgetMade();
  for (const render of Object.values(RENDER)) render();
}

function theme(chosen) {
  localStorage.setItem("dmdesk-theme", chosen);
  document.documentElement.dataset.theme = chosen;
}

/** On a narrow screen one part is shown at a time. */
function panel(id) {
  document.body.dataset.panel = id;
  for (const button of $("panels").children) {
    if (button.dataset.panel === id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  for (const part of Object.keys(RENDER)) mark(part); // what comes into view has been looked at
}

function settle() {
  const own = LANGUAGES.find((one) => navigator.language.startsWith(one)) ?? "en";
  $("language").value = remembered("language", own);
  $("theme").value = remembered("theme", "auto");
  $("language").addEventListener("change", () => language($("language").value));
  $("theme").addEventListener("change", () => theme($("theme").value));
  for (const button of $("panels").children) button.addEventListener("click", () => panel(button.dataset.panel));
  arrows($("panels"));
  icons.draw();
  theme($("theme").value);
}

async function begin() {
  settle();
  speak($("language").value);
  label();
  const about = await attempt(() => get("/"));
  if (!about) return;
  model.accounts = about.accounts;
  menu.start();
  address.start();
  trouble.start();
  fronts.start(stood);
  road.start();
  agent.start(customer.turnTo);
  customer.start(agent.follow);
  tour.start(panel);
  panel("customer");
  language($("language").value);
  await trouble.obey();
  listen(heard, (on) => {
    $("live").dataset.word = on ? "live" : "not_live";
    label($("live").parentElement);
  });
}

begin();
