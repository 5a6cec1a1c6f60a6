// Things to tap under a message: choices, and cards with choices of their own.

import { el } from "./dom.js";
import { media } from "./files.js";
import { link, web } from "./links.js";

/** The elements of what `item` offers; `tap(choice)` is called at a tap, and without it nothing can be tapped. */
export function offered(item, tap = null) {
  const choices = item.choices?.length ? [group(item.choices, tap)] : [];
  return [...choices, ...(item.cards ?? []).map((card) => drawn(card, tap))];
}

function drawn(card, tap) {
  return el(
    "article",
    { className: "card" },
    card.image ? media("image", card.image, card.title) : null,
    el("strong", {}, card.title),
    card.description ? el("p", {}, card.description) : null,
    card.choices?.length ? group(card.choices, tap) : null,
  );
}

const group = (choices, tap) => el("div", { className: "choices" }, choices.map((choice) => one(choice, tap)));

function one(choice, tap) {
  if (!tap) return el("span", { className: "choice" }, choice.text);
  const address = web(choice.url);
  return address
    ? link(address, choice.text, "choice")
    : el("button", { type: "button", className: "choice", onclick: () => tap(choice) }, choice.text);
}
