// What happened, the newest first: the node's log, events of its mesh since the mesh's thread began, and turns of endpoints since the page is
// open. The filter is part of the address.
import { clock } from "./format.js";
import { addressOf, Badge, html } from "./parts.js";

/** The view. `place.name`: the filter. */
export function EventsView({ picture, history, place }) {
  const show = (event) =>
    location.replace(addressOf(place.node, ...["events", event.target.value].filter((word) => word !== "")));
  const lines = linesOf(picture, history);
  const shown = lines.filter((line) => matches(line, place.name));
  return html`<h2>Events</h2>
    <form class="row" onSubmit=${(event) => event.preventDefault()}><label>Filter <input type="search" value=${place.name} onInput=${show} spellcheck="false" placeholder="unhealthy, node, service1 …" /></label>
      <span role="status"><small>${place.name === "" ? `${lines.length} events` : `${shown.length} of ${lines.length} events`}</small></span></form>
    <${List} lines=${shown.slice(0, LINES_MAX)} />`;
}

/** The newest ones of all. */
export function Latest({ picture, history, most }) {
  return html`<${List} lines=${linesOf(picture, history).slice(0, most)} />`;
}

function List({ lines }) {
  if (lines.length === 0) return html`<p>Nothing happened yet.</p>`;
  return html`<ol class="events" role="log" aria-label="Events, the newest first" tabindex="0">${lines.map(
    ({ key, wallMs, level, component, text }) =>
      html`<li key=${key}><time>${clock(wallMs)}</time> <${Badge} state=${level} /> <small>${component}</small> <span>${text}</span></li>`,
  )}</ol>`;
}

function linesOf(picture, history) {
  const { startedWallMs } = picture.node;
  // What the mesh's own events tell is not told twice.
  const lines = Object.entries(picture.log).filter(([, { text }]) => !text.startsWith("the mesh's node "));
  const log = lines.map(([key, line]) => ({ ...line, key: `log ${key}` }));
  const told = Object.entries(picture.mesh?.events ?? {}).map(([key, { wallMs, about, text }]) => ({
    key: `mesh ${key}`,
    wallMs,
    level: levelOf(text),
    component: `mesh ${about}`,
    text,
  }));
  const isTold = (wallMs, address) =>
    [...log, ...told].some((line) => line.text.includes(address) && Math.abs(line.wallMs - wallMs) < LATE_MS);
  const turns = history.turns.map(({ atMs, key, what, from, to }) => ({
    key: `turn ${atMs} ${key}`,
    wallMs: startedWallMs + atMs,
    level: to,
    component: "endpoint",
    text: `${what} turned from ${from} to ${to}`,
    address: what.split(" ")[0],
  }));
  const untold = turns.filter(({ wallMs, address }) => !isTold(wallMs, address));
  return [...log, ...told, ...untold].sort((a, b) => b.wallMs - a.wallMs);
}

/** Events of the mesh have no level of their own. */
function levelOf(text) {
  if (/-> unhealthy|crashed|refused|rolled back/.test(text)) return "error";
  return /-> degraded|ejected|lost$|draining$|left$/.test(text) ? "warning" : "info";
}

function matches({ level, component, text }, filter) {
  return `${level} ${component} ${text}`.toLowerCase().includes(filter.toLowerCase());
}

const LINES_MAX = 300;
/** A verdict is logged before it is seen in a picture, which may come that late. */
const LATE_MS = 5_000;
