// A list of tabs: one of them takes the keyboard's focus, and the arrow keys choose among them.

import { step } from "./dom.js";

/** Make `list` such a one; `choose(tab)` is called with the tab that is chosen. Returns a function that chooses. */
export function tabs(list, choose) {
  const all = () => [...list.querySelectorAll('[role="tab"]')];
  function select(tab) {
    for (const one of all()) {
      one.setAttribute("aria-selected", one === tab);
      one.tabIndex = one === tab ? 0 : -1;
    }
    choose(tab);
  }
  list.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) select(tab);
  });
  list.addEventListener("keydown", (event) => {
    const found = all();
    const to = step(event.key, found.indexOf(document.activeElement), found.length);
    if (to === null) return;
    event.preventDefault();
    found[to].focus();
    select(found[to]);
  });
  return select;
}
