// The channels: what each is called, how it is drawn, what its customers can do. A new one is one entry.

import { icon } from "./icons.js";

const CHANNELS = {
  instagram: {
    name: "Instagram",
    mark: "picture",
    actions: [
      "picture", "video", "voice", "file", "sticker", "share", "story_mention", "story_reply", "comment", "mention",
      "referral", "read", "echo",
    ],
    edits: true,
    reads_one: true, // its reads name the message that was read
    customer: (n) => `1000000000000${`${n}`.padStart(3, "0")}`,
    first: [1, 2, 3],
  },
  tiktok: {
    name: "TikTok",
    mark: "film",
    actions: ["picture", "video", "sticker", "share", "comment", "mention", "referral", "read", "echo"],
    edits: false, // it tells of no edit, and of nothing taken back
    reads_one: false,
    customer: (n) => `+SandboxCustomer000000000000000000000000000${`${n}`.padStart(3, "0")}`,
    first: [1, 2, 3],
  },
  x: {
    name: "X",
    mark: "talk",
    actions: ["picture", "gif", "video", "read", "echo"],
    sealed: ["picture", "gif", "video", "voice", "file", "read", "echo", "rotate"], // what they can do encrypted
    edits: true, // of what is encrypted: of plain messages it tells of no edit, reaction or taking back
    reads_one: true,
    customer: (n) => `2222222222222222${`${n}`.padStart(3, "0")}`,
    first: [1, 2, 3],
  },
};
const UNKNOWN = { mark: "other", actions: ["echo"], edits: false, reads_one: false, customer: (n) => `${n}`, first: [1] };

/** What is known of a channel, also of one that the page has not met. */
export const channelOf = (name) => CHANNELS[name] ?? { ...UNKNOWN, name };

/** What the channel's customers can do with a message: where it encrypts, nothing with those that are plain. */
export const lively = (item) => !channelOf(item.channel).sealed || Boolean(item.encrypted);

/** The mark of a channel; its name is to stand beside it. */
export const mark = (name) => icon(channelOf(name).mark, "icon mark");

/** What the sandbox's platforms call a customer, as sandbox/stage/people.py does; who is known by what they wrote, by that. */
export function called(customer) {
  const [kind, id] = customer.includes(":") ? customer.split(":") : ["Customer", customer];
  return `${kind} ${id.slice(-4)}`;
}
