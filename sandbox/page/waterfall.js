// One line of the road as a waterfall: when each hop began, how long it took, and the exact requests and answers.

import { called, channelOf } from "./channels.js";
import { $, el, spoken } from "./dom.js";
import { direction, hopName, length, outcome, place } from "./hops.js";
import { clockTime, short } from "./times.js";
import { say } from "./words.js";

const LEAST = 0.4; // of the whole width, %: what takes no time is seen all the same

export function open(line) {
  const whom = line.customer ? called(line.customer) : "";
  $("trace-title").textContent = [direction(line), channelOf(line.channel).name, whom, short(length(line.hops))].filter(Boolean).join(" · ");
  const hops = [...line.hops, ...line.echoes];
  const [begin, all] = [Math.min(...hops.map((hop) => hop.at_ms)), Math.max(1, length(hops))];
  $("trace-hops").replaceChildren(...hops.map((hop) => row(hop, begin, all)));
  if (!$("trace").open) $("trace").showModal();
}

function row(hop, begin, all) {
  const took = hop.took_ms ?? 0;
  const bar = el("span", { className: "bar-fill" });
  bar.style.left = `${(100 * (hop.at_ms - begin)) / all}%`;
  bar.style.width = `${Math.max(LEAST, (100 * took) / all)}%`;
  const head = [
    el("span", { className: "fall-name" }, hopName(hop), el("small", {}, hop.echo ? say("echoed") : place(hop))),
    el("span", { className: "fall-bar" }, bar),
    el("span", { className: "fall-took" }, spoken(say("began_after", { time: short(hop.at_ms - begin) })), short(took)),
    el("span", { className: "fall-outcome" }, outcome(hop)),
  ];
  const className = `fall ${hop.hop} ${hop.outcome}`;
  if (!hop.request && !hop.detail) return el("div", { className }, el("div", { className: "fall-line" }, head));
  return el("details", { className }, el("summary", { className: "fall-line" }, head), exactly(hop));
}

function exactly(hop) {
  return el(
    "div",
    { className: "exact" },
    el("p", {}, [clockTime(hop.at_ms), hop.detail].filter(Boolean).join(" · ")),
    hop.request ? asked(hop.request) : null,
    hop.request ? answered(hop.answer) : null,
  );
}

function asked({ method, url, headers, body }) {
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  return exact("request", [`${method} ${url}`, ...lines, "", pretty(body)]);
}

function answered(answer) {
  return exact("answer", answer ? [`${answer.status}`, "", pretty(answer.body)] : [say("no_answer")]);
}

function exact(title, lines) {
  const text = lines.join("\n").trim();
  return el("div", {}, el("h3", {}, say(title)), el("pre", { tabIndex: 0, role: "group", "aria-label": say(title) }, text));
}

function pretty(body) {
  if (body === null || body === undefined) return "";
  try {
    return JSON.stringify(typeof body === "string" ? JSON.parse(body) : body, null, 2);
  } catch {
    return `${body}`;
  }
}
