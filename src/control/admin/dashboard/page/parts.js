// Small parts that views are made of: links, badges, bars, lines over time.

import { percent } from "./format.js";
import htm from "./htm.js";
import { Component, h, render } from "./preact.js";

/** Elements as tagged templates. */
export const html = htm.bind(h);
export { Component, render };

/** The address of a view of a node. */
export function addressOf(node, ...words) {
  return `#/${[...(node === "" ? [] : [`@${node}`]), ...words.map(encodeURIComponent)].join("/")}`;
}

/** A state in a colour and in a word. */
export function Badge({ state, label = state }) {
  return html`<span class=${`badge ${TONES[state] ?? "calm"}`}>${label}</span>`;
}

/** A dot in a state's colour, with its name for those who do not see it. */
export function Dot({ state }) {
  return html`<span class=${`dot ${TONES[state] ?? "calm"}`} title=${state}><span class="unseen">${state}</span></span>`;
}

/** Values over the last minute as a line, scaled to `most`, by default the greatest. */
export function Line({ values, label, tone = "", most: scale = 0 }) {
  const most = Math.max(1e-9, scale, ...values);
  const points = values.map(
    (value, at) => `${WIDTH - (values.length - 1 - at) * 2},${(HEIGHT - 1 - (value / most) * (HEIGHT - 3)).toFixed(1)}`,
  );
  return html`<svg class=${`line ${tone}`} viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${label}>
    ${points.length > 1 && html`<polygon points=${`${WIDTH - (values.length - 1) * 2},${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} />`}
    ${points.length > 1 && html`<polyline points=${points.join(" ")} />`}
  </svg>`;
}

/** What an endpoint was over the last minute, a cell a second. */
export function Strip({ states, label }) {
  return html`<svg class="strip" viewBox=${`0 0 ${WIDTH} 10`} preserveAspectRatio="none" role="img" aria-label=${stripText(states, label)}>
    ${states.map((state, at) => html`<rect class=${TONES[state] ?? "calm"} x=${WIDTH - (states.length - at) * 2} y="0" width="1.6" height="10" />`)}
  </svg>`;
}

/** A share as a bar beside its number. */
export function Share({ share }) {
  return html`<span class="share"><svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" width="100" height="6" /><rect width=${share * 100} height="6" /></svg>${percent(share)}</span>`;
}

/** How bad a share of errors is. */
export function errorTone(share) {
  if (share === null || share === 0) return "";
  return share < 0.01 ? "warn" : "bad";
}

function stripText(states, label) {
  const other = states.filter((state) => state !== states.at(-1)).length;
  return `${label}: ${states.at(-1) ?? "unknown"}${other === 0 ? "" : `, otherwise for ${other} of the last ${states.length} pictures`}`;
}

const WIDTH = 120;
const HEIGHT = 28;
const TONES = {
  healthy: "good",
  listening: "good",
  LIVE: "good",
  live: "good",
  self: "good",
  serving: "good",
  connected: "good",
  done: "good",
  degraded: "warn",
  pending: "warn",
  suspect: "warn",
  joining: "warn",
  starting: "warn",
  DRAINING: "warn",
  warning: "warn",
  INITIALIZING: "warn",
  PRE_INITIALIZING: "warn",
  unhealthy: "bad",
  dead: "bad",
  gone: "bad",
  error: "bad",
  critical: "bad",
  disconnected: "bad",
};
