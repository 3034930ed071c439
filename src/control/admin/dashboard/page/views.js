// The views of the dashboard. Pure functions of what is known of a node and of the place that the address names.
import { isUnlocked } from "./access.js";
import { ControlView } from "./control.js";
import { EventsView, Latest } from "./events.js";
import { seriesOf } from "./facts.js";
import { duration, number, percent, rate, time } from "./format.js";
import { pagesOf } from "./live.js";
import { addressOf, Badge, Dot, errorTone, html, Line, Share, Strip } from "./parts.js";
import { TapView } from "./tap.js";
import { WorkersView } from "./workers.js";

/** The whole page. */
export function Page({ live, place }) {
  const { picture } = live;
  const View = VIEWS[place.view]?.view ?? Overview;
  return html`
    <${Head} live=${live} place=${place} />
    <main id="main" tabindex="-1">
      ${live.refusal !== "" && html`<p class="notice bad" role="alert">${live.refusal}</p>`}
      ${picture === null ? html`<p>Asking the node …</p>` : html`<${View} key=${`${place.node}/${place.view}`} picture=${picture} history=${live.history} place=${place} />`}
    </main>
    <footer>Starling ${picture?.node.version ?? ""} · <a href=${`${pagesOf(place.node)}?commands`}>admin commands</a> · ${modeOf(picture, place)}</footer>`;
}

function modeOf(picture, place) {
  if (picture?.node.changes !== true) return "reads only";
  if (place.node !== "") return "reads only: a node is changed at its own address";
  return html`<a href=${addressOf("", "control")}>${isUnlocked() ? "unlocked" : "locked: changes need the token"}</a>`;
}

function Head({ live, place }) {
  const { picture } = live;
  const { node } = place;
  return html`<header>
    <h1><a class="brand" href=${addressOf(node)}>Starling</a></h1>
    ${
      picture !== null &&
      html`<div class="node"><${Nodes} picture=${picture} place=${place} />
      <${Badge} state=${picture.node.state} />
      <span>up ${duration(picture.atMs)}</span>
      ${!live.isConnected && html`<${Badge} state="disconnected" label="not connected: what was last known" />`}</div>`
    }
    <nav aria-label="Views"><ul>${Object.entries(VIEWS)
      .filter(
        ([, { title, needs }]) => title !== "" && (needs === undefined || (picture !== null && needs(picture, place))),
      )
      .map(
        ([view, { title }]) =>
          html`<li><a href=${view === "" ? addressOf(node) : addressOf(node, view)} aria-current=${place.view === view ? "page" : undefined}>${title}</a></li>`,
      )}</ul></nav>
  </header>`;
}

/** Which node is shown: any one of the mesh that has admin pages. */
function Nodes({ picture, place }) {
  const members = Object.entries(picture.mesh?.members ?? {}).filter(
    ([, one]) => one.adminAddress !== "" && one.life !== "gone" && one.life !== "left",
  );
  if (members.length < 2) return html`<strong>${picture.node.name}</strong>`;
  const go = (event) => {
    const words = [place.view, place.name].filter((word) => word !== "");
    location.hash = addressOf(event.target.value, ...words);
  };
  return html`<label>Node <select onChange=${go}>${members.map(
    ([name]) => html`<option value=${encodeURIComponent(name)} selected=${name === picture.node.name}>${name}</option>`,
  )}</select></label>`;
}

function Overview({ picture, history, place }) {
  const { node } = picture;
  return html`
    ${node.reasons.map((reason) => html`<p class="notice warn">${reason}</p>`)}
    <${Figures} picture=${picture} history=${history} />
    <div class="columns">
      <svg class="links" aria-hidden="true"></svg>
      <section aria-labelledby="routes"><h2 id="routes">Routes</h2><${Routes} picture=${picture} place=${place} /></section>
      <section aria-labelledby="clusters"><h2 id="clusters">Clusters and endpoints</h2>
        ${Object.entries(picture.clusters).map(([name, cluster]) => html`<${Cluster} key=${name} name=${name} cluster=${cluster} history=${history} place=${place} />`)}
        ${picture.clustersLeftOut > 0 && html`<p>${picture.clustersLeftOut} more clusters are not shown.</p>`}
      </section>
    </div>
    <section aria-labelledby="latest"><h2 id="latest">Latest events</h2><${Latest} picture=${picture} history=${history} most=${6} /></section>`;
}

function Figures({ picture, history }) {
  const all = Object.values(picture.http);
  const sum = (name) => all.reduce((total, one) => total + one[name], 0);
  const { rate: now, errors, rates, shares } = seriesOf(history, "node");
  const slowest = (name) =>
    all
      .map((one) => one[name])
      .filter((ms) => ms !== undefined)
      .sort((a, b) => b - a)[0];
  const { load } = picture;
  const workers = Object.values(picture.workers);
  const listening = workers.filter(({ state }) => state === "listening").length;
  const endpoints = Object.values(picture.clusters).flatMap((cluster) => Object.values(cluster.endpoints));
  const out = endpoints.filter(({ health }) => health === "unhealthy").length;
  return html`<dl class="figures">
    <div><dt>Requests a second</dt><dd>${rate(now, "")}</dd><${Line} values=${rates} label="Requests a second over the last minute" /></div>
    <div class=${errorTone(errors)}><dt>Answered 5xx</dt><dd>${percent(errors)}</dd><${Line} values=${shares} label="Share of 5xx over the last minute" tone="bad" /></div>
    <div><dt>Time, median</dt><dd>${time(slowest("p50"))}</dd><small>p99 ${time(slowest("p99"))}</small></div>
    <div><dt>Under way</dt><dd>${number(sum("active"))}</dd><small>connections: ${number(sum("connections"))}</small></div>
    <div class=${out > 0 ? "bad" : ""}><dt>Endpoints out</dt><dd>${out}</dd><small>of ${endpoints.length}</small></div>
    <div class=${listening < workers.length ? "warn" : ""}><dt>Workers</dt><dd>${listening}</dd><small>of ${workers.length}, ${workers.reduce((total, one) => total + one.restarts, 0)} restarts</small></div>
    ${load !== undefined && html`<div class=${load.errors > 0 ? "warn" : ""}><dt>Load reports sent</dt><dd>${number(load.responses)}</dd><small>${load.by === "" ? `clusters: ${load.clusters}` : `reported by ${load.by}`}, errors: ${load.errors}</small></div>`}
  </dl>`;
}

function Routes({ picture, place }) {
  if (picture.routes.length === 0) return html`<p>This node serves no routes.</p>`;
  return html`<div class="scrolls" tabindex="0" role="region" aria-label="Routes"><table><thead><tr><th scope="col">Listener</th><th scope="col">Match</th><th scope="col">Now</th><th scope="col">To</th></tr></thead><tbody>${picture.routes.map(
    (route) => html`<tr>
      <td>${route.listener}${route.security !== "" && html` <small>${route.security}</small>`}${hostsOf(route) !== "" && html`<div><small>${hostsOf(route)}</small></div>`}</td>
      <td><code>${route.match}</code></td>
      <td class="number">${rate(route.rate ?? null)}${route.p50 !== undefined && html`<div><small>p50 ${time(route.p50)}</small></div><div><small>p99 ${time(route.p99)}</small></div>`}${route.errors > 0 && html`<div class=${errorTone(route.errors)}><span class="tone">${percent(route.errors)} 5xx</span></div>`}</td>
      <td>${route.does}${route.clusters.map((one) => html`<div class="target" data-to=${one.name} data-share=${one.share}><a href=${addressOf(place.node, "cluster", one.name)}>${one.name}</a>${route.clusters.length > 1 && html`<${Share} share=${one.share} />`}</div>`)}${picture.node.tap !== "off" && route.source !== "" && html`<div><a class="quiet" href=${addressOf(place.node, "tap", tapOf(route))} aria-label=${`Tap requests of ${route.match}`}>tap</a></div>`}</td></tr>`,
  )}</tbody></table></div>`;
}

function hostsOf({ domains }) {
  return domains.join(", ") === "*" ? "" : domains.join(", ");
}

function tapOf({ name, source }) {
  return new URLSearchParams({ route: name || source }).toString();
}

function Cluster({ name, cluster, history, place }) {
  const { rate: now, errors, rates } = seriesOf(history, `cluster ${name}`);
  const endpoints = Object.entries(cluster.endpoints);
  return html`<article class="cluster" data-cluster=${name} aria-label=${`Cluster ${name}`}>
    <h3><a href=${addressOf(place.node, "cluster", name)}>${name}</a></h3>
    <p class="counts"><span><b>${rate(now)}</b></span> <span class=${errorTone(errors)}><b>${percent(errors)}</b> 5xx</span> <span>p50 <b>${time(cluster.p50)}</b></span> <span>p99 <b>${time(cluster.p99)}</b></span></p>
    <${Line} values=${rates} label=${`Requests a second to ${name} over the last minute`} />
    <div class="scrolls"><table><thead class="unseen"><tr><th scope="col">Endpoint</th><th scope="col">Requests a second</th><th scope="col">Errors</th><th scope="col">Last minute</th></tr></thead>
    <tbody>${endpoints.map(([address, one]) => {
      const series = seriesOf(history, `endpoint ${name} ${address}`);
      return html`<tr key=${address} class=${one.health}><td><${Dot} state=${one.health} /> ${address}</td><td class="number">${rate(series.rate)}</td>
        <td class=${`number ${errorTone(series.errors)}`}>${percent(series.errors)}</td><td><${Strip} states=${series.healths} label=${address} /></td></tr>`;
    })}</tbody></table></div>
    ${cluster.leftOut > 0 && html`<p>${cluster.leftOut} more endpoints are not shown.</p>`}
  </article>`;
}

/** One cluster: every endpoint with who probes it and what each node says of it. */
function ClusterView({ picture, history, place }) {
  const { name } = place;
  const cluster = Object.hasOwn(picture.clusters, name) ? picture.clusters[name] : undefined;
  if (cluster === undefined)
    return html`<h2>${name}</h2><p>This node has no cluster of this name, or too many to show this one.</p>`;
  const { rate: now, errors, rates, shares, levels } = seriesOf(history, `cluster ${name}`);
  return html`<h2>Cluster ${name}</h2>
    <dl class="figures">
      <div><dt>Requests a second</dt><dd>${rate(now, "")}</dd><${Line} values=${rates} label="Requests a second over the last minute" /></div>
      <div class=${errorTone(errors)}><dt>Answered 5xx</dt><dd>${percent(errors)}</dd><${Line} values=${shares} label="Share of 5xx over the last minute" tone="bad" /></div>
      <div><dt>Time, median</dt><dd>${time(cluster.p50)}</dd><small>p99 ${time(cluster.p99)}</small><${Line} values=${levels} label="99th percentile of the time over the last minute" /></div>
      <div><dt>Under way</dt><dd>${number(cluster.active)}</dd><small>waiting: ${cluster.pending}, connections: ${cluster.connections}</small></div>
      <div><dt>Retries</dt><dd>${number(cluster.retries)}</dd><small>since the start</small></div>
    </dl>
    <div class="scrolls" tabindex="0" role="region" aria-label="Endpoints"><table class="wide"><caption>Endpoints (${cluster.kind}${cluster.checked ? ", checked" : ", not checked"})</caption>
    <thead><tr><th scope="col">Endpoint</th><th scope="col">Health</th><th scope="col">Last minute</th><th scope="col">Requests</th><th scope="col">Errors</th><th scope="col">p50</th><th scope="col">p99</th><th scope="col">Weight</th><th scope="col">Probed by</th><th scope="col">Verdicts</th></tr></thead>
    <tbody>${Object.entries(cluster.endpoints).map(([address, one]) => {
      const series = seriesOf(history, `endpoint ${name} ${address}`);
      return html`<tr key=${address}><th scope="row">${address}${one.zone !== "" && html` <small>${one.zone}</small>`}</th><td><${Badge} state=${one.health} />${one.flags !== "healthy" && html` <small>${one.flags}</small>`}</td>
        <td><${Strip} states=${series.healths} label=${address} /></td><td class="number">${rate(series.rate)} <small>${number(one.total)} in all</small></td>
        <td class=${`number ${errorTone(series.errors)}`}>${percent(series.errors)}</td><td class="number">${time(one.p50)}</td><td class="number">${time(one.p99)}</td><td class="number">${one.weight}</td><${Verdicts} picture=${picture} cluster=${name} address=${address} /></tr>`;
    })}</tbody></table></div>`;
}

function Verdicts({ picture, cluster, address }) {
  const seen = Object.values(picture.mesh?.endpoints ?? {}).filter(
    (one) => one.cluster === cluster && one.address === address,
  );
  const probers = [...new Set(seen.flatMap((one) => one.probers))];
  return html`<td>${probers.join(", ") || "–"}</td><td>${seen.length === 0 && "–"}${seen.flatMap((one) =>
    one.says.map(
      (say) =>
        html`<div><${Dot} state=${say.standing} /> ${say.node}: ${say.standing}${say.cause !== "" && html` <small>${say.cause}</small>`}${!say.counts && html` <small>does not count</small>`}</div>`,
    ),
  )}${seen.map((one) => one.reason !== "" && html`<small>${one.reason}</small>`)}</td>`;
}

function MeshView({ picture, place }) {
  const { mesh } = picture;
  if (mesh === undefined) return html`<h2>Mesh</h2><p>The node is in no mesh.</p>`;
  if (!mesh.answers)
    return html`<h2>Mesh ${mesh.name}</h2><p class="notice warn">The mesh's thread does not answer; it is restarted when it has died.</p>`;
  return html`<h2>Mesh ${mesh.name}</h2>
    <p><${Badge} state=${mesh.isBusUp ? "connected" : "disconnected"} /> broker ${mesh.broker}${mesh.isAlone === true && "; alone, it checks every endpoint itself"}${mesh.loadReporter && html`; load is reported by ${mesh.loadReporter}`}</p>
    ${mesh.reason && html`<p class="notice warn">${mesh.reason}</p>`}
    <div class="scrolls" tabindex="0" role="region" aria-label="Members"><table class="wide"><caption>Members</caption><thead><tr><th scope="col">Node</th><th scope="col">Life</th><th scope="col">Phase</th><th scope="col">Roles</th><th scope="col">Zone</th><th scope="col">Admin</th><th scope="col">Endpoints told of</th></tr></thead>
    <tbody>${Object.entries(mesh.members).map(
      ([
        name,
        one,
      ]) => html`<tr key=${name}><th scope="row">${one.adminAddress === "" ? name : html`<a href=${addressOf(encodeURIComponent(name), "mesh")}>${name}</a>`}</th><td><${Badge} state=${one.life} />${one.isResigned && html` <${Badge} state="warning" label="resigned" />`}</td>
      <td>${one.phase}</td><td>${one.roles.join(", ")}</td><td>${one.zone || "–"}</td><td>${one.adminAddress || "–"}</td><td class="number">${one.entries}</td></tr>`,
    )}</tbody></table></div>
    <div class="scrolls" tabindex="0" role="region" aria-label="Who checks what"><table class="wide"><caption>Who checks what: ${mesh.owners} nodes each</caption><thead><tr><th scope="col">Cluster</th><th scope="col">Endpoint</th><th scope="col">Here</th><th scope="col">Mesh</th><th scope="col">Owners</th><th scope="col">Probed by</th></tr></thead>
    <tbody>${Object.entries(mesh.endpoints).map(
      ([key, one]) =>
        html`<tr key=${key}><td><a href=${addressOf(place.node, "cluster", one.cluster)}>${one.cluster}</a></td><th scope="row">${one.address}</th><td><${Badge} state=${one.standing} /></td><td><${Badge} state=${one.meshStanding} /></td><td>${one.owners.join(", ")}</td><td>${one.probers.join(", ")}</td></tr>`,
    )}</tbody></table></div>`;
}

function RuntimeView({ picture, place }) {
  const { layers, keys, leftOut } = picture.runtime;
  const split = picture.routes.filter(({ clusters, match }) => clusters.length > 1 || match.includes("% of requests"));
  return html`<h2>Runtime</h2><p>Layers, the later ones win: ${layers.join(", ") || "none"}</p>
    ${split.length > 0 && html`<section aria-labelledby="shares"><h3 id="shares">Shares of traffic now</h3><${Routes} picture=${{ ...picture, routes: split }} place=${place} /></section>`}
    ${
      Object.keys(keys).length === 0
        ? html`<p>No layer sets a value.</p>`
        : html`<div class="scrolls" tabindex="0" role="region" aria-label="Values"><table class="wide"><caption>Values</caption><thead><tr><th scope="col">Key</th><th scope="col">Value</th><th scope="col">Layer</th></tr></thead>
    <tbody>${Object.entries(keys).map(([key, { value, layer }]) => html`<tr key=${key}><th scope="row"><code>${key}</code></th><td>${value}</td><td>${layer}</td></tr>`)}</tbody></table></div>`
    }
    ${leftOut > 0 && html`<p>${leftOut} more keys are not shown.</p>`}`;
}

/** By the first word of an address. */
const VIEWS = {
  "": { title: "Overview", view: Overview },
  cluster: { title: "", view: ClusterView },
  mesh: { title: "Mesh", view: MeshView, needs: ({ mesh }) => mesh !== undefined },
  workers: { title: "Workers", view: WorkersView },
  runtime: { title: "Runtime", view: RuntimeView },
  tap: { title: "Tap", view: TapView },
  events: { title: "Events", view: EventsView },
  control: { title: "Control", view: ControlView, needs: ({ node }, place) => node.changes && place.node === "" },
};
