// Addresses in what people write: clickable, and a long one shortened to its host with the rest at a click.

import { el } from "./dom.js";
import { say } from "./words.js";

const LONG = 44;
const ADDRESS = /https?:\/\/[^\s<>"]+/g;
// what stands behind an address in a sentence, and a bracket that was opened before it
const BEHIND = /[.,;:!?'’”»]+$|[)\]}]$/;

/** The address where it is one of a web page or file, here or elsewhere, else null: a link never runs a script. */
export function web(url) {
  try {
    return url && /^https?:$/.test(new URL(url, location.href).protocol) ? url : null;
  } catch {
    return null;
  }
}

/** A link that opens beside the page. */
export const link = (url, words, className = null) =>
  el("a", { href: url, target: "_blank", rel: "noopener noreferrer", className }, words);

/** The text as nodes: its addresses are links. */
export function linked(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const url = whole(found[0]);
    nodes.push(text.slice(from, found.index), ...address(url));
    from = found.index + url.length;
  }
  return [...nodes, text.slice(from)];
}

function whole(found) {
  let url = found;
  for (let cut = url.replace(BEHIND, ""); cut !== url; cut = url.replace(BEHIND, "")) {
    const last = url.at(-1);
    const opened = { ")": "(", "]": "[", "}": "{" }[last];
    if (opened && url.split(opened).length >= url.split(last).length) break;
    url = cut;
  }
  return url;
}

function address(url) {
  if (!web(url)) return [url];
  if (url.length <= LONG) return [link(url, url)];
  const short = `${new URL(url).host}/…`;
  const shown = link(url, short);
  const rest = el("button", { type: "button", className: "rest", "aria-expanded": "false", "aria-label": say("whole_address") }, "⋯");
  rest.addEventListener("click", () => {
    const open = rest.getAttribute("aria-expanded") !== "true";
    rest.setAttribute("aria-expanded", open);
    shown.textContent = open ? url : short;
  });
  return [shown, rest];
}
