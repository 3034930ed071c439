// The connection to the node: one stream of events, put together to pictures. Tells whoever listens when there is a new one.
import { advanced, noHistory } from "./facts.js";
import { merged } from "./merge.js";

/** The folder of the node's admin pages, and the node if the page itself came through another one. */
const { root, through } = /^(?<root>.*\/)mesh\/(?<through>[^/]+)\//.exec(location.pathname)?.groups ?? {
  root: location.pathname.replace(/[^/]*$/, ""),
  through: "",
};

/** The node whose page this is, encoded; empty: the one that serves it. */
export const homeNode = through;

/** The folder of a node's admin pages; empty: of the node that serves. */
export function pagesOf(node) {
  return node === "" ? root : `${root}mesh/${node}/`;
}

/** Listens to a node until `close`. `onChange` gets what is known each time it changed. */
export function listen(node, onChange) {
  let state = { isConnected: false, refusal: "", picture: null, history: noHistory() };
  const change = (more) => {
    state = { ...state, ...more };
    onChange(state);
  };
  const show = (picture) => {
    const before = state.picture;
    // A node that has started again counts from 0.
    const goesOn = before !== null && before.node.startedWallMs === picture.node.startedWallMs;
    const seconds = goesOn ? (picture.atMs - before.atMs) / 1_000 : null;
    change({ picture, isConnected: true, refusal: "", history: advanced(state.history, picture, seconds) });
  };
  const source = new EventSource(`${pagesOf(node)}dashboard/events`);
  source.addEventListener("snapshot", (event) => show(JSON.parse(event.data)));
  source.addEventListener("change", (event) => {
    if (state.picture !== null) show(merged(state.picture, JSON.parse(event.data)));
  });
  source.addEventListener("error", () => {
    const isOver = source.readyState === EventSource.CLOSED;
    change({ isConnected: false, refusal: isOver ? "The node refuses its events: it is gone, or too many read." : "" });
  });
  return { close: () => source.close() };
}
