// What the page says, English and Spanish side by side. What customers and agents read comes from the bridge.

import desk from "./words/desk.js";
import front from "./words/front.js";
import page from "./words/page.js";
import phone from "./words/phone.js";
import road from "./words/road.js";
import tour from "./words/tour.js";
import trouble from "./words/trouble.js";

const WORDS = { ...page, ...phone, ...desk, ...trouble, ...front, ...road, ...tour };
export const LANGUAGES = ["en", "es"];

let column = 0;

/** Speak one of LANGUAGES from now on; anything else is English. */
export function speak(language) {
  column = Math.max(0, LANGUAGES.indexOf(language));
  document.documentElement.lang = LANGUAGES[column];
}

export const known = (key) => key in WORDS;

/** Every key, for whoever checks them. */
export const keys = () => Object.keys(WORDS);

/** The words of `key`, with `{names}` filled in; facts stand as they are, whatever they hold. */
export function say(key, facts = {}) {
  return WORDS[key][column].replace(/\{([a-z]+)\}/g, (place, name) => (name in facts ? String(facts[name]) : place));
}

/** Fill every element of the page that names its words. */
export function label(root = document) {
  for (const node of root.querySelectorAll("[data-word]")) node.textContent = say(node.dataset.word);
  for (const node of root.querySelectorAll("[data-word-label]")) node.setAttribute("aria-label", say(node.dataset.wordLabel));
  for (const node of root.querySelectorAll("[data-word-placeholder]")) node.placeholder = say(node.dataset.wordPlaceholder);
  for (const node of root.querySelectorAll("[data-word-title]")) node.title = say(node.dataset.wordTitle);
}
