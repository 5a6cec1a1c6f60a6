// A file that somebody sent: shown where a browser shows it, a link otherwise.

import { el } from "./dom.js";
import { link, web } from "./links.js";
import { say } from "./words.js";

/** Whether it lies on this machine: the page fetches nothing from elsewhere. */
const isHere = (address) => ["127.0.0.1", "localhost"].includes(new URL(address, location.href).hostname);

export function media(kind, url, name) {
  const address = web(url);
  const words = name || say(`kind_${kind}`);
  const gone = () => el("span", { className: "gone" }, say("not_shown", { name: words }));
  if (!address) return gone();
  const players = { image: picture, video: player, audio: player };
  if (!isHere(address) || !(kind in players)) return link(address, say("open_file", { name: words }));
  const node = players[kind](kind, address, words);
  node.addEventListener("error", () => node.replaceWith(gone()));
  return node;
}

const picture = (_, src, alt) => el("img", { src, alt, className: "picture" });

const player = (kind, src, words) =>
  el(kind, { src, controls: true, preload: "metadata", className: "player", "aria-label": words });
