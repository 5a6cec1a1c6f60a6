// The control API: the page can do nothing that curl cannot.

/** The sandbox refused: `status` is HTTP's, the message its own words, in English. */
export class Refusal extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

/** Nobody answered: the sandbox has ended, or the connection is gone. */
export class Unreachable extends Error {}

/** The answer's JSON. Throws Refusal or Unreachable. */
async function ask(method, path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Unreachable();
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, told.error ?? `${answer.status}`);
  return told;
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);

const EVENTS = ["road", "customer", "desk", "metrics", "reset"];

/** Hear of everything that happens: `heard(name, data)`, and `live(bool)` when the connection comes or goes. */
export function listen(heard, live) {
  const source = new EventSource("/events");
  for (const name of EVENTS) source.addEventListener(name, (event) => heard(name, JSON.parse(event.data)));
  source.addEventListener("open", () => live(true));
  source.addEventListener("error", () => live(false));
  // a page that is left, or kept for the way back, holds no connection
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
