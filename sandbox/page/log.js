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
  const log = new Log(box);
  return (of, items, how) => log.draw(of, items, how);
}

class Log {
  constructor(box) {
    [this.log, this.earlier, this.list, this.newer] = [".log", ".earlier", "ol", ".newer"].map((one) => box.querySelector(one));
    this.dividers = new Map();
    this.restart(null);
    this.earlier.addEventListener("click", () => this.more());
    this.newer.addEventListener("click", () => this.toEnd());
    this.log.addEventListener("scroll", () => this.scrolled());
    // a picture that arrives late makes the list longer, what opens beside it makes the log lower
    const sizes = new ResizeObserver(() => this.settle());
    for (const one of [this.log, this.list]) sizes.observe(one);
  }

  restart(of) {
    Object.assign(this, { of, count: PAGE, following: true, behind: 0, items: [] });
  }

  draw(of, items, how) {
    if (of === this.of) this.heed(items, how.own);
    else this.restart(of);
    Object.assign(this, { items, how });
    this.earlier.hidden = items.length <= this.count;
    write(this.earlier, say("earlier", { n: Math.max(0, items.length - this.count) }));
    const make = (row) => (row.divider ? divider(row) : how.make(row));
    show(this.list, rows(items.slice(-this.count), how.fresh, this.dividers), make, (row) => row.id);
    this.settle();
  }

  /** One's own words lead to the end; others' are counted where the reader is elsewhere. */
  heed(items, own) {
    const known = this.items.at(-1)?.id;
    const added = known ? items.slice(items.findLastIndex((item) => item.id === known) + 1) : [];
    if (added.some(own)) this.following = true;
    if (!this.following) this.behind += added.length;
  }

  settle() {
    if (this.following) [this.log.scrollTop, this.behind] = [this.log.scrollHeight, 0];
    this.newer.hidden = this.following;
    write(this.newer.querySelector("span"), this.behind ? say("new_messages", { n: this.behind }) : say("to_the_end"));
  }

  scrolled() {
    const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR;
    if (atEnd === this.following) return;
    this.following = atEnd;
    this.settle();
  }

  toEnd() {
    this.following = true;
    this.settle();
    this.log.focus();
  }

  more() {
    const [height, top] = [this.log.scrollHeight, this.log.scrollTop];
    this.count += PAGE;
    this.following = false;
    this.draw(this.of, this.items, this.how);
    this.log.scrollTop = top + this.log.scrollHeight - height;
    this.list.querySelector(TARGETS)?.focus({ preventScroll: true });
  }
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
