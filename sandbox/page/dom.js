// Building and renewing elements. Whatever anybody wrote becomes a text node, never markup.

import { Refusal, Unreachable } from "./api.js";
import { say } from "./words.js";

export const $ = (id) => document.getElementById(id);

/** An element with properties (or attributes, where there is no such property) and children; null ones are left out. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Words for screen readers only. */
export const spoken = (words) => el("span", { className: "hidden" }, words);

/** Set what has changed: a live region speaks when it is written to. */
export function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

let pressing = false;
for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
  addEventListener(name, (event) => (pressing = event.buttons !== 0), true);
}

/** Whether the pointer is pressed: what is drawn anew in the meantime gets no click. */
export const pressed = () => pressing;

let made = new WeakMap();

/** Build every listed element anew at the next `show`: the language has changed. */
export function forgetMade() {
  made = new WeakMap();
}

/**
 * Make `list` show `items`, in order. An item is immutable: while it is the same object, it keeps its element.
 * `key(item)` names it through its changes, so that the keyboard's focus stays where it was.
 */
export function show(list, items, make, key) {
  const nodes = items.map((item) => {
    if (!made.has(item)) {
      const node = make(item);
      node.dataset.key = key(item);
      made.set(item, node);
    }
    return made.get(item);
  });
  const held = focusIn(list);
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  let place = list.firstChild;
  for (const node of nodes) {
    if (node === place) place = place.nextSibling;
    else list.insertBefore(node, place);
  }
  if (held && !list.contains(document.activeElement)) focusRow(list, held.key, held.at);
}

export const TARGETS = "button, a[href], video, audio, summary";

function focusIn(list) {
  const row = list.contains(document.activeElement) ? document.activeElement.closest("[data-key]") : null;
  return row && { key: row.dataset.key, at: [...row.querySelectorAll(TARGETS)].indexOf(document.activeElement) };
}

/** Focus the `at`-th target of the row that shows what `key` names. */
export function focusRow(list, key, at = 0) {
  const row = [...list.children].find((child) => child.dataset.key === key);
  row?.querySelectorAll(TARGETS)[Math.max(at, 0)]?.focus();
}

/** Arrow keys, Home and End move among the list's buttons and links, as well as Tab does. */
export function arrows(list) {
  list.addEventListener("keydown", (event) => {
    const all = [...list.querySelectorAll("button, a[href], summary")].filter((one) => one.offsetParent !== null);
    const to = step(event.key, all.indexOf(document.activeElement), all.length);
    if (to === null) return;
    event.preventDefault();
    all[to].focus();
  });
}

/** Where a key leads from place `at` of `count`; null where it leads nowhere. */
export function step(key, at, count) {
  const steps = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: count - 1 };
  return at < 0 || !(key in steps) ? null : Math.min(Math.max(steps[key], 0), count - 1);
}

/** A message in passing; screen readers say it at once. */
export function toast(words) {
  const box = $("toast");
  box.textContent = words;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (box.textContent = ""), 8000);
}

/** Do something that asks the sandbox; where it refuses, say why. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    toast(wordsOf(error));
    return null;
  }
}

function wordsOf(error) {
  if (error instanceof Unreachable) return say("unreachable");
  if (error instanceof Refusal && error.status === 409) return say("over_meanwhile");
  return say("refused_by_sandbox", { why: error.message });
}
