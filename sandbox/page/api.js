// The control API: the page can do nothing that curl cannot.

/** The answer's JSON; an Error with the sandbox's own words where it refuses. */
async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error ?? `${answer.status}`);
  return told;
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);

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
