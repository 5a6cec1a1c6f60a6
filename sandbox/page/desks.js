// The desk: what it is called on the road and in the control API, and which switches trouble it. Another is another of these.

export const DESK = {
  name: "genesys",
  route: (act) => `/genesys/${act}`,
  trouble: ["genesys_429", "genesys_down", "genesys_silent"],
  busy: "genesys_429", // the switch of one that takes no more calls for now
};
