// Building and renewing elements. Whatever anybody wrote becomes a text node, never markup.

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

/** The address where it is one of a web page or file, here or elsewhere, else null: a link never runs a script. */
export function web(url) {
  try {
    return url && /^https?:$/.test(new URL(url, location.href).protocol) ? url : null;
  } catch {
    return null;
  }
}

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
  if (held && !list.contains(document.activeElement)) refocus(list, held);
}

const TARGETS = "button, a[href], video, audio";

function focusIn(list) {
  const row = list.contains(document.activeElement) ? document.activeElement.closest("[data-key]") : null;
  return row && { key: row.dataset.key, at: [...row.querySelectorAll(TARGETS)].indexOf(document.activeElement) };
}

function refocus(list, { key, at }) {
  const row = [...list.children].find((child) => child.dataset.key === key);
  row?.querySelectorAll(TARGETS)[Math.max(at, 0)]?.focus();
}

/** Arrow keys, Home and End move among the list's buttons and links, as well as Tab does. */
export function arrows(list) {
  list.addEventListener("keydown", (event) => {
    const all = [...list.querySelectorAll("button, a[href]")].filter((one) => one.offsetParent !== null);
    const at = all.indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 };
    if (at < 0 || !(event.key in steps)) return;
    event.preventDefault();
    all[Math.min(Math.max(steps[event.key], 0), all.length - 1)].focus();
  });
}

const PAGE = 80;

/**
 * A log that follows its end while the reader is there, and holds the last 80 items until more are asked for.
 * Returns `draw(items, make, key)`; give it another `of` and it starts at the end again.
 */
export function endless(log) {
  const [earlier, list] = [log.querySelector(".earlier"), log.querySelector("ol")];
  let [count, about, last, following] = [PAGE, null, null, true];
  const stay = () => {
    if (following) log.scrollTop = log.scrollHeight;
  };
  function draw(of, items, make, key) {
    if (of !== about) [count, about, following] = [PAGE, of, true];
    last = [of, items, make, key];
    earlier.hidden = items.length <= count;
    show(list, items.slice(-count), make, key);
    stay();
  }
  earlier.addEventListener("click", () => {
    const [height, top] = [log.scrollHeight, log.scrollTop];
    count += PAGE;
    following = false;
    draw(...last);
    log.scrollTop = top + log.scrollHeight - height;
    list.querySelector(TARGETS)?.focus({ preventScroll: true });
  });
  log.addEventListener("scroll", () => (following = log.scrollHeight - log.scrollTop - log.clientHeight < 60));
  // a picture that arrives late makes the list longer, what opens beside it makes the log lower
  const sizes = new ResizeObserver(stay);
  for (const one of [log, list]) sizes.observe(one);
  return draw;
}

/** Open the page's one menu at `button`; `items` are [words, action] pairs. */
export function menu(button, items) {
  const box = $("menu");
  const choose = (action) => {
    box.hidePopover();
    button.focus();
    action();
  };
  box.replaceChildren(...items.map(([words, action]) =>
    el("button", { type: "button", role: "menuitem", textContent: words, onclick: () => choose(action) })));
  box.setAttribute("aria-label", button.getAttribute("aria-label") ?? button.textContent);
  box.showPopover();
  const at = button.getBoundingClientRect();
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${at.top > box.offsetHeight + 8 ? at.top - box.offsetHeight - 4 : Math.min(at.bottom + 4, innerHeight - box.offsetHeight - 8)}px`;
  box.firstElementChild.focus();
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
    toast(say("failed", { why: error.message }));
    return null;
  }
}

/** Whether it lies on this machine: the page fetches nothing from elsewhere. */
const isHere = (address) => ["127.0.0.1", "localhost"].includes(new URL(address, location.href).hostname);

/** A file that somebody sent: shown where a browser shows it, a link otherwise. */
export function media(kind, url, name) {
  const address = web(url);
  const words = name || say(`kind_${kind}`);
  if (!address) return el("span", { className: "gone" }, say("not_shown", { name: words }));
  if (!isHere(address)) return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, say("open_file", { name: words }));
  const gone = (node) => node.replaceWith(el("span", { className: "gone" }, say("not_shown", { name: words })));
  if (kind === "image") {
    const picture = el("img", { src: address, alt: words, className: "picture" });
    picture.addEventListener("error", () => gone(picture));
    return picture;
  }
  if (kind === "video" || kind === "audio") {
    return el(kind, { src: address, controls: true, preload: "none", "aria-label": words });
  }
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, say("open_file", { name: words }));
}

/** Epoch milliseconds as a time of day. */
export function clockTime(ms) {
  return new Date(ms).toLocaleTimeString(document.documentElement.lang, { timeStyle: "medium", hourCycle: "h23" });
}

/** A length of time in its two largest units. */
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}
