// The node's own threads: what each listener worker does, told while the page is open.
import { seriesOf } from "./facts.js";
import { number, percent } from "./format.js";
import { Badge, html, Line, Share } from "./parts.js";

/** The view. */
export function WorkersView({ picture, history }) {
  const workers = Object.entries(picture.workers);
  if (workers.length === 0) return html`<h2>Workers</h2><p>This node serves no listeners.</p>`;
  return html`<h2>Workers</h2>
    <div class="scrolls" tabindex="0" role="region" aria-label="Workers"><table class="wide"><caption>Listener threads</caption><thead><tr><th scope="col">Worker</th><th scope="col">State</th><th scope="col">CPU, of one core</th><th scope="col">Last minute</th><th scope="col">Event loop busy</th><th scope="col">Connections</th><th scope="col">Streams</th><th scope="col">Restarts</th><th scope="col">Plan</th></tr></thead>
    <tbody>${workers.map(
      ([slot, one]) => html`<tr key=${slot}><th scope="row">${slot}</th><td><${Badge} state=${one.state} /></td>
      <td>${one.cpu === undefined ? "–" : html`<${Share} share=${one.cpu} />`}</td>
      <td><${Line} values=${seriesOf(history, `worker ${slot}`).levels} most=${1} label=${`CPU of worker ${slot} over the last minute, now ${percent(one.cpu ?? null)}`} /></td>
      <td>${one.busy === undefined ? "–" : html`<${Share} share=${one.busy} />`}</td>
      <td class="number">${counted(one.connections)}</td><td class="number">${counted(one.requests)}</td><td class="number">${one.restarts}</td><td class="number">${one.planVersion}</td></tr>`,
    )}</tbody></table></div>`;
}

function counted(value) {
  return value === undefined ? "–" : number(value);
}
