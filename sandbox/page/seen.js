// What has been looked at, so that the rest can be marked as new; remembered while the tab is open.

const KEY = "dmdesk-seen";
const seen = new Map(Object.entries(JSON.parse(sessionStorage.getItem(KEY) ?? "{}")));
addEventListener("pagehide", () => sessionStorage.setItem(KEY, JSON.stringify(Object.fromEntries(seen))));

/**
 * `items` are shown under this name in `box`, where `before` is what this told the last time. What is new when it comes
 * into view (`first` is the first of it) stays marked as such until something else is shown; and it has been looked at.
 */
export function opening(box, before, name, items, theirs) {
  if (box.offsetParent === null) return null; // another part of the page is in view
  const opened = before?.name === name ? before : { name, first: fresh(name, items, theirs)[0] };
  const last = [...items.keys()].at(-1);
  if (last) seen.set(name, last);
  return opened;
}

/** The ids of the newest items that are `theirs` and came after what was looked at, and after one's own last. */
export function fresh(name, items, theirs) {
  const found = [];
  for (const item of [...items.values()].reverse()) {
    if (item.id === seen.get(name) || !theirs(item)) break;
    found.unshift(item.id);
  }
  return found;
}

export const forget = () => seen.clear();
