// Above a conversation, for operators: who has it, how it was sorted, what guards made of it and how it goes on.

import { titleOf } from "./desks.js";
import { $, el } from "./dom.js";
import * as fronts from "./fronts.js";
import { icon } from "./icons.js";
import { model, now } from "./store.js";
import { moment } from "./times.js";
import { known, say } from "./words.js";

let shown = "";

export function render(one) {
  const stands = fronts.of(one);
  const held = stands?.guard?.until_ms > now() ? stands.guard : null;
  const facts = [holder(stands), triage(one.attributes), held ? "" : noticed(one)].filter(Boolean).join(" · ");
  const lines = [facts, held && kept(held)].filter(Boolean);
  const release = held && `dmdesk held release '${one.customer}' --account='${one.account}'`;
  const text = JSON.stringify([lines, release]);
  $("talk-front").hidden = lines.length === 0;
  if (text === shown) return;
  shown = text;
  const how = release ? el("p", {}, say("front_release"), " ", el("code", {}, release), el("span", {}, ` ${say("front_later")}`)) : null;
  $("talk-front").replaceChildren(icon("eye"), el("div", {}, lines.map((line) => el("p", {}, line)), how ?? ""));
}

function holder(stands) {
  if (!stands) return "";
  const who = stands.holder || "nobody";
  return say("front_holds", { who: known(`holder_${who}`) ? say(`holder_${who}`) : titleOf(who) });
}

function triage({ triageIntent, triageSentiment, triageLanguage, triageUrgency, triageSpam }) {
  const urgency = triageUrgency && say("triage_urgency", { urgency: triageUrgency });
  const spam = triageSpam && say("triage_spam", { spam: triageSpam });
  const what = [triageIntent, triageSentiment, triageLanguage, urgency, spam].filter(Boolean);
  return what.length ? say("front_triaged", { what: what.join(" · ") }) : "";
}

/** What a guard made of the customer's newest message that it has noticed. */
function noticed({ channel, customer, attributes }) {
  const hops = [...model.traces.values()].flatMap((line) => (line.channel === channel && line.customer === customer ? line.hops : []));
  const { guard, guardAction } = attributes;
  const found = hops.findLast((hop) => hop.guard)?.guard ?? (guard && { action: guardAction, reason: guard });
  return found ? say("front_noticed", { what: made(found.action), why: found.reason }) : "";
}

/** What a guard does, in a word. */
const made = (action) => (known(`guard_${action}`) ? say(`guard_${action}`) : `${action}`);

const kept = ({ step, why, until_ms }) => say(step === "park" ? "front_park" : "front_hold", { moment: moment(until_ms), why });
