// The road: one line per event, hop by hop; and the exact requests and answers of a line.

import { $, arrows, clockTime, el, show } from "./dom.js";
import { model } from "./model.js";
import { known, say } from "./words.js";

const LINES = 100;
const CHIPS = 14;

export function start() {
  arrows($("traces"));
}

export function render() {
  const latest = [...model.traces.values()].slice(-LINES).reverse();
  show($("traces"), latest, line, (trace) => trace.trace);
  $("road").querySelector(".empty").hidden = latest.length > 0;
}

/** Open the latest line, as a click does. */
export function openLatest() {
  const latest = [...model.traces.values()].at(-1);
  if (latest) open(latest.trace);
}

const word = (prefix, name) => (known(prefix + name) ? say(prefix + name) : name);
const took = (hop) => `${Math.round(hop.took_ms ?? 0)} ms`;

const outcome = (hop) =>
  hop.outcome === "ok" ? null : hop.outcome === "ignored" ? `${say("o_ignored")}: ${hop.detail}` : word("o_", hop.outcome);

function line(trace) {
  const more = trace.hops.length - CHIPS;
  const button = el(
    "button",
    { type: "button", className: "line", onclick: () => open(trace.trace) },
    el("time", {}, clockTime(trace.at_ms)),
    el("span", { className: `way ${trace.direction}` }, word("", trace.direction)),
    el("span", { className: "whom" }, `${trace.channel ?? ""} ${(trace.customer ?? "").slice(-4)}`),
    el(
      "span",
      { className: "hops-line" },
      trace.hops.slice(-CHIPS).map((hop) =>
        el("span", { className: `hop ${hop.outcome}`, title: hop.detail ?? "" }, word("hop_", hop.hop), el("b", {}, took(hop)), outcome(hop))),
      more > 0 ? el("span", { className: "hop" }, `+${more}`) : null,
    ),
  );
  return el("li", {}, button);
}

function open(id) {
  const trace = model.traces.get(id);
  if (!trace) return;
  const whom = (trace.customer ?? "").slice(-4);
  $("trace-title").textContent = `${word("", trace.direction)} · ${trace.channel ?? ""} ${whom}`;
  $("trace-hops").replaceChildren(...trace.hops.map(detail));
  $("trace").showModal();
}

function detail(hop) {
  const head = [word("hop_", hop.hop), clockTime(hop.at_ms), took(hop), word("o_", hop.outcome), hop.detail];
  return el(
    "article",
    {},
    el("h3", { className: `hop ${hop.outcome}` }, head.filter(Boolean).join(" · ")),
    hop.request ? asked(hop.request) : null,
    hop.request || hop.answer ? answered(hop.answer) : null,
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
  return el("div", {}, el("h4", {}, say(title)), el("pre", { tabIndex: 0, role: "group", "aria-label": say(title) }, text));
}

function pretty(body) {
  if (body === null || body === undefined) return "";
  try {
    return JSON.stringify(typeof body === "string" ? JSON.parse(body) : body, null, 2);
  } catch {
    return `${body}`;
  }
}
