// Drawings of the page's own: small icons, a mark per channel, a figure per person.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  plus: "M12 5v14M5 12h14",
  send: "M4 12l16-8-6 16-3-7z",
  back: "M14 6l-6 6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  settings: "M4 7h9M19 7h1M4 17h1M11 17h9M16 4v6M8 14v6",
  phone: "M8 3h8a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM11 18h2",
  agent: "M4 13v-1a8 8 0 0 1 16 0v1M4 13h3v5H5a1 1 0 0 1-1-1zM20 13h-3v5h2a1 1 0 0 0 1-1zM17 18c0 2-2 3-5 3",
  trouble: "M13 3L5 14h6l-1 7 8-11h-6z",
  road: "M5 5h.01M5 5c8 0 0 14 8 14h6M19 19h.01M9 5h10",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z",
  bot: "M12 4v3M6 7h12v10H6zM9 12h.01M15 12h.01M3 11v3M21 11v3",
  bridge: "M3 17h18M4 17V9M20 17V9M4 9c4 6 12 6 16 0",
  warn: "M12 4l9 16H3zM12 10v4M12 17h.01",
  script: "M6 4h12v16H6zM9 8h6M9 12h6M9 16h3",
  person: "M12 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM5 20c0-4 3-6 7-6s7 2 7 6",
  note: "M5 4h14v10l-5 6H5zM14 20v-6h5",
  // the channels: what people mostly share there, a picture, a film, and words
  talk: "M4 5h16v11h-9l-4 4v-4H4zM8 9h8M8 12h5",
  picture: "M4 6h16v13H4zM4 16l5-5 4 4 2-2 5 5M15.5 9.5h.01",
  film: "M5 5h14v14H5zM10 9l5 3-5 3z",
  other: "M4 5h16v11H9l-5 4z",
};

/** An icon by its name; it says nothing to screen readers. */
export function icon(name, className = "icon") {
  const svg = document.createElementNS(SVG, "svg");
  const drawn = { viewBox: "0 0 24 24", "aria-hidden": "true", class: className };
  for (const [key, value] of Object.entries(drawn)) svg.setAttribute(key, value);
  svg.append(path(PATHS[name] ?? PATHS.other));
  return svg;
}

function path(d) {
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", d);
  return line;
}

/** Put the icons into what asks for them by `data-icon`. */
export function draw(root = document) {
  for (const node of root.querySelectorAll("[data-icon]")) {
    if (!node.querySelector("svg")) node.prepend(icon(node.dataset.icon));
  }
}

// What a figure may wear: a different pattern for each of six, in the six tones of the style sheet
const PATTERNS = [
  "M0 24L24 0v24z",
  "M0 14h24v10H0z",
  "M12 0h12v24H12z",
  "M12 12m-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0",
  "M0 24V12L12 0h12z",
  "M0 8h24v4H0zM0 17h24v4H0z",
];

function number(seed) {
  let sum = 7;
  for (const letter of seed) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return sum;
}

/** A figure for somebody without a picture: the same for the same name. */
export function avatar(seed) {
  const svg = icon("other", `avatar tone-${number(seed) % 6}`);
  svg.firstChild.setAttribute("d", PATTERNS[number(`${seed}!`) % PATTERNS.length]);
  return svg;
}
