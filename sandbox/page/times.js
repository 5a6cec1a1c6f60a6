// Times in words, in the language that the page speaks.

const DAY_MS = 86_400_000;
/** The language that the page speaks, as the reader's own country writes it. */
const here = () => {
  const { lang } = document.documentElement;
  return navigator.languages.find((one) => one.startsWith(lang)) ?? lang;
};

/** Epoch milliseconds as a time of day. */
export const clockTime = (ms) => new Date(ms).toLocaleTimeString(here(), { timeStyle: "medium", hourCycle: "h23" });

/** Epoch milliseconds as date and time. */
export const moment = (ms) =>
  new Date(ms).toLocaleString(here(), { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });

/** The day of a moment, as a name that is the same for all of it. */
export const dayOf = (ms) => new Date(ms).toDateString();

/** The day in words: today and yesterday as such, by what is `now`. */
export function dayName(ms, now) {
  const days = Math.round((Date.parse(dayOf(ms)) - Date.parse(dayOf(now))) / DAY_MS);
  const date = new Date(ms).toLocaleDateString(here(), { weekday: "long", day: "numeric", month: "long" });
  if (days !== 0 && days !== -1) return date;
  const near = new Intl.RelativeTimeFormat(here(), { numeric: "auto" }).format(days, "day");
  return near.charAt(0).toLocaleUpperCase(here()) + near.slice(1);
}

/** A length of time in its two largest units. */
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** A length of time in its largest unit. */
export const about = (ms) => span(ms).split(" ").slice(0, 2).join(" ");

/** A short time, as the road tells it. */
export function short(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : span(ms);
}
