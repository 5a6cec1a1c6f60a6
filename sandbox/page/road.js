// The road: one line per message, hop by hop.

import { called, channelOf, mark } from "./channels.js";
import { isDesk } from "./desks.js";
import { $, arrows, el, focusRow, show, spoken, write } from "./dom.js";
import { direction, hopName, length, outcome } from "./hops.js";
import { model } from "./store.js";
import { clockTime, short } from "./times.js";
import * as waterfall from "./waterfall.js";
import { say } from "./words.js";

const PAGE = 60;
const [FIRST, LAST] = [4, 8]; // hops that a long line shows; the middle is a click away
let most = PAGE;
let opened = ""; // the trace whose waterfall was opened last

export function start() {
  arrows($("traces"));
  $("road-more").addEventListener("click", () => {
    most += PAGE;
    render();
  });
  // the browser gives the focus back to what opened the waterfall, but not if a later hop has had that drawn anew
  $("trace").addEventListener("close", () => {
    const lost = document.activeElement === document.body || $("trace").contains(document.activeElement);
    if (lost) focusRow($("traces"), opened);
  });
}

export function render() {
  const all = [...model.traces.values()];
  const latest = all.slice(-most).reverse();
  show($("traces"), latest, line, (trace) => trace.trace);
  $("road-empty").hidden = all.length > 0;
  $("road-more").hidden = latest.length === all.length;
  write($("road-shown"), latest.length < all.length ? say("road_shown", { n: latest.length, of: all.length }) : "");
}

/** Open the waterfall of the latest message of a customer's that agents have seen. */
export function openMessage() {
  const seen = (line) => line.direction === "in" && line.hops.some(({ hop, what }) => isDesk(hop) && what === "message");
  const latest = [...model.traces.values()].findLast(seen);
  if (latest) open(latest);
}

function open(trace) {
  opened = trace.trace;
  waterfall.open(trace);
}

/** Whether what is under way waits because the desk takes no more calls for now. */
export function throttled() {
  return [...model.traces.values()].slice(-most).some(({ hops }) => {
    const last = hops.findLast((hop) => hop.hop === "worker");
    const refused = hops.findLast((hop) => hop.outcome === "throttled" && hop.hop !== "worker");
    return last?.outcome === "throttled" && (!refused || isDesk(refused.hop));
  });
}

function line(trace) {
  const button = el(
    "button",
    { type: "button", className: "line", onclick: () => open(model.traces.get(trace.trace) ?? trace) },
    el("time", {}, clockTime(trace.at_ms)),
    el("span", { className: `way ${trace.direction}` }, direction(trace)),
    el("span", { className: "whom" }, trace.channel ? mark(trace.channel) : null, spoken(channelOf(trace.channel).name ?? ""), whom(trace)),
    el("span", { className: "hops-line" }, chips(trace.hops), trace.echoes.length ? echo(trace.echoes) : null),
    el("span", { className: "total" }, short(length(trace.hops))),
  );
  return el("li", { className: trace.echo ? "echo" : null, "data-channel": trace.channel }, button);
}

const whom = ({ customer }) => (customer ? called(customer) : "");

// That all is written down, and checked at the door, is in the waterfall; a line tells of it where it went wrong
const USUAL = new Set(["edge", "table"]);
const telling = (hop) => hop.what === "claim" || !USUAL.has(hop.hop) || hop.outcome !== "ok";

/** The first and the last hops; how many are left out between them. */
function chips(all) {
  const hops = all.filter(telling);
  const more = hops.length - FIRST - LAST;
  if (more <= 1) return hops.map(chip);
  return [...hops.slice(0, FIRST).map(chip), el("span", { className: "hop cut" }, say("hops_between", { n: more })), ...hops.slice(-LAST).map(chip)];
}

function chip(hop) {
  const words = outcome(hop);
  return el(
    "span",
    { className: `hop ${hop.hop} ${hop.outcome}`, title: hop.detail ?? "" },
    hopName(hop), el("b", {}, short(hop.took_ms ?? 0)), words && ` ${words}`,
  );
}

/** The platform tells the bridge of what the bridge has just sent: expected, and nothing more. */
const echo = (hops) => el("span", { className: "hop echoed" }, say("echoed"), el("b", {}, short(length(hops))));
