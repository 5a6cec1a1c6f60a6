// The page's beginning: listens to the sandbox, draws what has changed, and keeps language, colours and panels.

import * as agent from "./agent.js";
import { get, listen } from "./api.js";
import * as customer from "./customer.js";
import { $, arrows, attempt, forgetMade, toast } from "./dom.js";
import { apply, conversationsOf, model } from "./model.js";
import * as road from "./road.js";
import * as tour from "./tour.js";
import * as trouble from "./trouble.js";
import { label, LANGUAGES, say, speak } from "./words.js";

// --- drawing: at most once a frame, and only what has changed

const RENDER = { customer: customer.render, desk: agent.render, road: road.render };
const changed = new Set();

function draw() {
  for (const name of changed) RENDER[name]?.();
  changed.clear();
}

function heard(name, data) {
  apply(name, data);
  if (name === "reset") {
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

/** A conversation that begins with the customer whose phone is shown is shown too, and so is the first of all. */
function introduce({ conversation_id, channel, customer: who }) {
  const { phone } = customer.chosen;
  const latest = conversationsOf(channel, who).at(-1);
  const same = phone?.channel === channel && phone.customer === who && latest?.id === conversation_id;
  if (!agent.current() || (same && agent.current().id !== conversation_id)) agent.open(conversation_id);
}

let comparing = null;

/** Ask for the counters soon: once for all that happens within half a second. */
function compare() {
  comparing ??= setTimeout(async () => {
    await trouble.refresh();
    comparing = null;
  }, 500);
}

// --- language, colours, panels

function remembered(name, otherwise) {
  return localStorage.getItem(`dmdesk-${name}`) ?? otherwise;
}

function language(chosen) {
  speak(chosen);
  localStorage.setItem("dmdesk-language", chosen);
  label();
  trouble.label();
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
}

function settle() {
  const own = LANGUAGES.find((one) => navigator.language.startsWith(one)) ?? "en";
  $("language").value = remembered("language", own);
  $("theme").value = remembered("theme", "auto");
  $("language").addEventListener("change", () => language($("language").value));
  $("theme").addEventListener("change", () => theme($("theme").value));
  for (const button of $("panels").children) button.addEventListener("click", () => panel(button.dataset.panel));
  arrows($("panels"));
  $("menu").addEventListener("keydown", (event) => event.key === "Tab" && $("menu").hidePopover());
  arrows($("menu"));
  $("copy-link").addEventListener("click", copyLink);
  theme($("theme").value);
  panel("customer");
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    toast(say("copied"));
  } catch {
    toast(say("link_is", { url: location.href })); // a browser that keeps its clipboard to itself
  }
}

async function begin() {
  settle();
  speak($("language").value);
  label();
  const about = await attempt(() => get("/"));
  model.accounts = about?.accounts ?? [];
  trouble.start();
  agent.start();
  road.start();
  customer.start(agent.follow);
  tour.start(panel);
  language($("language").value);
  await trouble.obey();
  listen(heard, (on) => {
    $("live").dataset.word = on ? "live" : "not_live";
    label($("live").parentElement);
  });
}

begin();
