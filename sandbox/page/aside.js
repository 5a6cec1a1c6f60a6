// Beside the conversation: the agent's script with the participant data, the customer's profile, notes.

import { channelOf, mark } from "./channels.js";
import { titleOf } from "./desks.js";
import { $, el, write } from "./dom.js";
import { avatar } from "./icons.js";
import { link, web } from "./links.js";
import { title } from "./roster.js";
import { model, now } from "./store.js";
import { tabs } from "./tabs.js";
import { conversationsOf, phoneOf } from "./talks.js";
import { moment, span } from "./times.js";
import { known, say } from "./words.js";

const notes = new Map(); // by conversation
let [select, shown] = [null, ""];

export function start() {
  select = tabs($("aside-tabs"), (tab) => {
    for (const one of $("aside-tabs").children) $(one.getAttribute("aria-controls")).hidden = one !== tab;
  });
  select($("tab-script"));
  $("notes-text").addEventListener("input", () => notes.set(shown, $("notes-text").value));
}

/** Show the script. */
export const script = () => select($("tab-script"));

export const forget = () => notes.clear();

export function render(one) {
  if (!one || one.front) return;
  renderScript(one);
  renderProfile(one);
  if (shown !== one.id) $("notes-text").value = notes.get(one.id) ?? "";
  shown = one.id;
}

// --- the script, as docs/genesys.md tells how to make it

function renderScript({ attributes }) {
  const { source = "", username = "", sentAt = "", profileUrl } = attributes;
  const at = Date.parse(sentAt);
  write($("script-line"), `${source}: ${username}, ${Number.isNaN(at) ? sentAt : moment(at)}`);
  const address = web(profileUrl);
  $("script-profile").replaceChildren(...(address ? [link(address, say("script_profile"))] : []));
  write($("script-until"), until(attributes));
  const rows = Object.entries(attributes).flatMap(([name, value]) => [el("dt", {}, name), el("dd", { dir: "auto" }, `${value}`)]);
  $("script-data").replaceChildren(...rows);
}

function until({ windowState, windowExpiresAt }) {
  const end = Date.parse(windowExpiresAt ?? "");
  if (Number.isNaN(end)) return known(`window_${windowState}`) ? say(`window_${windowState}`) : "";
  return end > now() ? say("script_until", { moment: moment(end), time: span(end - now()) }) : say("script_late", { moment: moment(end) });
}

// --- the profile: what Genesys' external contact would hold

function renderProfile(one) {
  const account = model.accounts.find((other) => other.channel === one.channel && other.id === one.account);
  const facts = [
    ["profile_channel", el("span", {}, mark(one.channel), ` ${channelOf(one.channel).name}`)],
    ["profile_account", account?.name ?? one.account],
    ["profile_desk", titleOf(one.desk)],
    ["profile_username", one.attributes.username],
    ["profile_id", one.customer],
    ["profile_followers", one.attributes.followers],
    ["profile_talks", `${conversationsOf(phoneOf(one)).length}`],
  ];
  $("profile-figure").replaceChildren(avatar(one.customer));
  write($("profile-name"), title(one));
  $("profile-data").replaceChildren(...facts.filter(([, value]) => value).flatMap(([name, value]) =>
    [el("dt", {}, say(name)), el("dd", { dir: "auto" }, value)]));
}
