// The desks: what each is called, how its agents are played by the control API, and which switches trouble it. A new one is one entry.

import { get } from "./api.js";

/** A fresh link to one of a desk's sample files: such links expire. */
const sample = async (desk, name) => (await get("/")).media[desk][name];

const MEDIA = { image: ["Image", "image/png"], pdf: ["File", "application/pdf"], video: ["Video", "video/mp4"] };

/** What Genesys' webhook has of what an agent sends. */
const GENESYS = {
  text: ({ text }) => ({ text }),
  typing: () => ({ type: "Event" }),
  async file({ file }) {
    const [mediaType, mime] = MEDIA[file];
    const attachment = { mediaType, url: await sample("genesys", file), mime };
    return { content: [{ contentType: "Attachment", attachment }] };
  },
  quick({ question, choices }) {
    const content = choices.map((text) => ({ contentType: "QuickReply", quickReply: { text, payload: text, action: "Message" } }));
    return { text: question, content };
  },
  async card({ title, description, button, link }) {
    const actions = [
      button && { type: "Postback", text: button, payload: button },
      link && { type: "Link", text: link, url: "https://example.com/mug" },
    ];
    const card = { title, description, image: await sample("genesys", "image"), actions: actions.filter(Boolean) };
    return { content: [{ contentType: "Card", card }] };
  },
};

/** Amazon Connect's own templates: what a flow or a bot offers. */
const template = (templateType, content) => ({ interactive: { templateType, version: "1.0", data: { content } } });
const CONNECT = {
  text: ({ text }, bot) => ({ text, by: bot ? "bot" : "agent" }),
  typing: () => ({ typing: true }),
  file: ({ file }) => ({ file }),
  quick: ({ question, choices }) => template("QuickReply", { title: question, elements: choices.map((title) => ({ title })) }),
  card: ({ title, description, button, link }) =>
    template("Panel", { title, subtitle: description, elements: [button, link].filter(Boolean).map((one) => ({ title: one })) }),
};

const DESKS = {
  genesys: {
    title: "Genesys",
    async say(id, what, bot) {
      const body = { conversation_id: id, originatingEntity: bot ? "Bot" : "Human", ...(await GENESYS[what.kind](what)) };
      return ["/genesys/reply", body];
    },
    end: (id) => ["/genesys/disconnect", { conversation_id: id }],
    trouble: ["genesys_429", "genesys_down", "genesys_silent"],
    busy: "genesys_429", // the switch of one that takes no more calls for now
  },
  connect: {
    title: "Amazon Connect",
    say: async (id, what, bot) => ["/connect/reply", { contact_id: id, ...CONNECT[what.kind](what, bot) }],
    end: (id) => ["/connect/end", { contact_id: id }],
    trouble: [],
  },
};

/** The desk by its name; the deployment's first where none is told. */
export const deskOf = (name) => DESKS[name] ?? DESKS.genesys;

/** What people call it, "" where it is not told. */
export const titleOf = (name) => DESKS[name]?.title ?? name ?? "";

/** Whether a hop of the road's is a desk. */
export const isDesk = (hop) => hop in DESKS;

/** The switches that trouble the desks. */
export const TROUBLE = Object.values(DESKS).flatMap((desk) => desk.trouble);
