// The page's one menu, at whatever asks for it.

import { $, arrows, el } from "./dom.js";

const GAP = 8;

export function start() {
  arrows($("menu"));
  $("menu").addEventListener("keydown", (event) => event.key === "Tab" && $("menu").hidePopover());
}

/** Open it at `button`; `items` are [words, action] pairs, without an action one that cannot be chosen now. */
export function menu(button, items) {
  const box = $("menu");
  const choose = (action) => {
    box.hidePopover();
    button.focus();
    action();
  };
  box.replaceChildren(...items.map(([words, action]) =>
    el("button", {
      type: "button", role: "menuitem", textContent: words, "aria-disabled": action ? null : "true",
      onclick: () => action && choose(action),
    })));
  box.setAttribute("aria-label", button.getAttribute("aria-label") ?? button.textContent);
  box.showPopover();
  const at = button.getBoundingClientRect();
  const above = at.top - box.offsetHeight - GAP / 2;
  const below = Math.min(at.bottom + GAP / 2, innerHeight - box.offsetHeight - GAP);
  box.style.left = `${Math.max(GAP, Math.min(at.left, innerWidth - box.offsetWidth - GAP))}px`;
  box.style.top = `${above > GAP ? above : Math.max(GAP, below)}px`;
  box.firstElementChild.focus();
}
