// A log of messages: it follows its end, separates the days, marks what is new, and shows as many as are asked for.

import { el, show, TARGETS, write } from "./dom.js";
import { dayName, dayOf } from "./times.js";
import { now } from "./store.js";
import { say } from "./words.js";

const PAGE = 80;
const NEAR = 60; // px from the end that still count as being there

/**
 * `box` holds the log, its list, and the buttons for what is earlier and what is new. Returns
 * `draw(of, items, { make, own, fresh })`: `make(item)` builds an item, `own(item)` says whether the reader wrote it,
 * `fresh` is the id of the first that is new. Give another `of` and it starts at the end again.
 */
export function endless(box) {
  const [log, earlier, list, newer] = [".log", ".earlier", "ol", ".newer"].map((one) => box.querySelector(one));
  const dividers = new Map();
  let [count, about, last, following, behind] = [PAGE, null, null, true, 0];

  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
  function settle() {
    if (following) [log.scrollTop, behind] = [log.scrollHeight, 0];
    newer.hidden = following;
    write(newer.querySelector("span"), behind ? say("new_messages", { n: behind }) : say("to_the_end"));
  }
  function heed(items, own) {
    const known = last?.of === about ? last.items.at(-1)?.id : null;
    const added = known ? items.slice(items.findLastIndex((item) => item.id === known) + 1) : [];
    if (added.some(own)) following = true;
    if (!following) behind += added.length;
  }
  function draw(of, items, how) {
    if (of !== about) [count, about, following, behind] = [PAGE, of, true, 0];
    else heed(items, how.own);
    last = { of, items, how };
    earlier.hidden = items.length <= count;
    write(earlier, say("earlier", { n: Math.max(0, items.length - count) }));
    show(list, rows(items.slice(-count), how.fresh, dividers), (row) => (row.divider ? divider(row) : how.make(row)), (row) => row.id);
    settle();
  }

  earlier.addEventListener("click", () => {
    const [height, top] = [log.scrollHeight, log.scrollTop];
    count += PAGE;
    following = false;
    draw(last.of, last.items, last.how);
    log.scrollTop = top + log.scrollHeight - height;
    list.querySelector(TARGETS)?.focus({ preventScroll: true });
  });
  newer.addEventListener("click", () => {
    following = true;
    settle();
    log.focus();
  });
  log.addEventListener("scroll", () => {
    if (atEnd() === following) return;
    following = atEnd();
    settle();
  });
  // a picture that arrives late makes the list longer, what opens beside it makes the log lower
  const sizes = new ResizeObserver(settle);
  for (const one of [log, list]) sizes.observe(one);
  return draw;
}

/**
 * The items, with a line where a day begins and where what is new does: where all is new, nothing has to be told from
 * it. The same line is the same object.
 */
function rows(items, fresh, dividers) {
  const found = [];
  const line = (id, words) => {
    const known = `${id}|${words}`;
    if (!dividers.has(known)) dividers.set(known, { id, divider: words });
    found.push(dividers.get(known));
  };
  let day = null;
  for (const item of items) {
    if (dayOf(item.at_ms) !== day) line(`day-${item.id}`, dayName(item.at_ms, now()));
    day = dayOf(item.at_ms);
    if (item.id === fresh && item !== items[0]) line(`new-${item.id}`, say("new"));
    found.push(item);
  }
  return found;
}

const divider = ({ id, divider: words }) =>
  el("li", { className: id.startsWith("new-") ? "divider new" : "divider" }, el("span", {}, words));
