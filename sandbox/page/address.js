// The page's address holds the state of the trouble: #trouble=genesys_429,duplicates&clock=90000

import { $, toast } from "./dom.js";
import { say } from "./words.js";

/** What the address asks for: the switches that are on and how many seconds the clock is ahead; null for nothing. */
export function wanted() {
  const found = new URLSearchParams(location.hash.slice(1));
  if (!found.has("trouble") && !found.has("clock")) return null;
  return { trouble: new Set((found.get("trouble") ?? "").split(",")), clock: Number(found.get("clock")) || 0 };
}

/** Let the address tell what is on, and by how many ms the clock is ahead. */
export function remember(on, offset) {
  const parts = [on.length ? `trouble=${on.join(",")}` : "", offset ? `clock=${Math.round(offset / 1000)}` : ""];
  const hash = parts.filter(Boolean).join("&");
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
}

export function start() {
  $("copy-link").addEventListener("click", copy);
}

async function copy() {
  try {
    await navigator.clipboard.writeText(location.href);
    toast(say(wanted() ? "copied_with_state" : "copied"));
  } catch {
    toast(say("link_is", { url: location.href })); // a browser that keeps its clipboard to itself
  }
}
