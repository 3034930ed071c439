// The request tap: requests of a node as they end, chosen by a filter that is part of the address. Nothing is asked of the node while it stands.
import { authorization, isUnlocked } from "./access.js";
import { Unlock } from "./control.js";
import { clock, number, time } from "./format.js";
import { pagesOf } from "./live.js";
import { addressOf, Badge, Component, html } from "./parts.js";

/** The view. `place.name`: the filter as a query. */
export class TapView extends Component {
  state = { isOn: false, requests: [], dropped: 0, says: "" };
  stopper = null;
  count = 0;

  componentWillUnmount() {
    this.stopper?.abort();
  }

  start = async (event) => {
    event.preventDefault();
    const { place } = this.props;
    const words = [...new FormData(event.target)].filter(([name, text]) => text !== (name === "sample" ? "100" : ""));
    const query = new URLSearchParams(words).toString();
    location.replace(query === "" ? addressOf(place.node, "tap") : addressOf(place.node, "tap", query));
    this.stopper?.abort();
    const stopper = new AbortController();
    this.stopper = stopper;
    this.setState({ isOn: true, requests: [], dropped: 0, says: "" });
    const says = await read(`${pagesOf(place.node)}tap?${query}`, stopper.signal, (line) => this.take(line));
    if (this.stopper === stopper) this.setState({ isOn: false, says });
  };

  stop = () => {
    this.stopper?.abort();
    this.stopper = null;
    this.setState({ isOn: false, says: "Stopped." });
  };

  take(line) {
    if (line.dropped !== undefined) this.setState({ dropped: line.dropped });
    if (line.path === undefined) return;
    const one = { ...line, key: ++this.count };
    this.setState(({ requests }) => ({ requests: [one, ...requests].slice(0, REQUESTS_MAX) }));
  }

  render({ picture, place }, { isOn, requests, dropped, says }) {
    const { tap } = picture.node;
    const head = html`<h2>Request tap</h2>`;
    if (tap === "off")
      return html`${head}<p class="notice warn">The tap of this node is off: it shows heads of requests, and the admin address is not on loopback. Start the node with a token.</p>`;
    if (tap === "token" && !isUnlocked())
      return html`${head}<${Unlock} what="The tap" onChange=${() => this.setState({})} />`;
    const filter = new URLSearchParams(place.name);
    return html`${head}
      <${Filter} picture=${picture} filter=${filter} isOn=${isOn} start=${this.start} stop=${this.stop} />
      <p role="status" class="says">${isOn ? `Tapping: ${requests.length} shown` : says}${dropped > 0 && `; ${number(dropped)} more were too many to show`}</p>
      ${requests.length > 0 && html`<ol class="requests">${requests.map((one) => html`<${Request} key=${one.key} one=${one} place=${place} />`)}</ol>`}`;
  }
}

/** What is typed stays when the page is drawn anew, until the address says something else. */
class Filter extends Component {
  form = null;
  keep = (form) => {
    this.form = form;
  };

  componentDidUpdate({ filter }) {
    if (String(filter) === String(this.props.filter)) return;
    for (const input of this.form.querySelectorAll("input")) input.value = input.defaultValue;
  }

  render({ picture, filter, isOn, start, stop }) {
    const value = (name) => filter.get(name) ?? "";
    const choice = (name, options) =>
      html`<select name=${name}>${options.map(([text, label]) => html`<option value=${text} selected=${value(name) === text}>${label}</option>`)}</select>`;
    const clusters = Object.keys(picture.clusters).map((name) => [name, name]);
    return html`<form ref=${this.keep} class="card form" onSubmit=${start}><p class="row">
      <label>Cluster ${choice("cluster", [["", "any"], ...clusters])}</label>
      <label>Status ${choice("status", STATUSES)}</label>
      <label>Method ${choice("method", METHODS)}</label>
      <label>Route <input name="route" defaultValue=${value("route")} placeholder="name or file:line" spellcheck="false" size="16" /></label>
      <label>Path begins with <input name="path" defaultValue=${value("path")} spellcheck="false" size="16" /></label>
      <label>Header <input name="header" defaultValue=${value("header")} placeholder="name or name:value" spellcheck="false" size="18" /></label>
      <label>Sample, % <input name="sample" type="number" min="0.01" max="100" step="any" defaultValue=${value("sample") || "100"} /></label>
      <button>${isOn ? "Start anew" : "Start"}</button> <button type="button" disabled=${!isOn} onClick=${stop}>Stop</button></p>
      <p><small>Values of secret fields never leave the node. The tap ends by itself after ten minutes.</small></p></form>`;
  }
}

function Request({ one, place }) {
  const { method, path, status, flags, cluster, endpoint, totalMs, startWallMs } = one;
  const where = cluster === "" ? "answered here" : `${cluster}${endpoint === "" ? "" : ` ${endpoint}`}`;
  return html`<li><details><summary><time>${clock(startWallMs)}</time> <${Badge} state=${toneOf(status)} label=${status === 0 ? "none" : String(status)} /> <b>${method}</b> <span class="path">${path}</span> <small>${where}</small> <span class="number">${time(totalMs)}</span>${flags !== "" && html` <${Badge} state="warning" label=${flags} />`}</summary>
    <${TimeLine} one=${one} />
    <dl class="facts">${factsOf(one).map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}
      ${cluster !== "" && html`<div><dt>Cluster</dt><dd><a href=${addressOf(place.node, "cluster", cluster)}>${cluster}</a></dd></div>`}</dl>
    <div class="heads"><${Fields} title="Request" fields=${one.requestHeaders} /><${Fields} title="Answer" fields=${one.responseHeaders} /></div>
  </details></li>`;
}

/** The request as it came in, the wait for the answer, the answer. */
function TimeLine({ one: { requestMs, answerMs, totalMs } }) {
  const whole = Math.max(totalMs, 0.01);
  const marks = [0, Math.max(0, requestMs), answerMs < 0 ? totalMs : answerMs, totalMs];
  const names = ["Request", answerMs < 0 ? "No answer of an endpoint" : "Waiting", "Answer"];
  const parts = names.map((name, at) => ({ name, at, from: marks[at], ms: Math.max(0, marks[at + 1] - marks[at]) }));
  return html`<div class="timeline"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">${parts.map(
    ({ at, from, ms }) =>
      html`<rect class=${`part${at}`} x=${(from / whole) * 100} width=${Math.max(0.4, (ms / whole) * 100)} height="8" />`,
  )}</svg><ol>${parts.map(({ name, at, ms }) => html`<li><span class=${`key part${at}`} aria-hidden="true"></span>${name} ${time(Math.round(ms * 100) / 100)}</li>`)}</ol></div>`;
}

function factsOf({ client, authority, protocol, route, attempts, bytesReceived, bytesSent, details, traceId, worker }) {
  const facts = [
    ["Client", client],
    ["Host", authority],
    ["Protocol", protocol],
    ["Route", route],
    ["Attempts", String(attempts)],
    ["Bytes", `${number(bytesReceived)} in, ${number(bytesSent)} out`],
    ["Details", details],
    ["Trace", traceId],
    ["Worker", String(worker)],
  ];
  return facts.filter(([, text]) => text !== "");
}

function Fields({ title, fields }) {
  return html`<section><h4>${title}</h4><dl class="fields">${fields.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>`;
}

/** Reads lines of JSON until the end; answers with why it ended. */
async function read(address, signal, onLine) {
  try {
    const answer = await fetch(address, { headers: authorization(), signal });
    if (!answer.ok) return await answer.text();
    const decoder = new TextDecoder();
    let text = "";
    let over = "The node ended it.";
    for (const reader = answer.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) return over;
      const lines = (text + decoder.decode(value, { stream: true })).split("\n");
      text = lines.pop();
      for (const line of lines.filter((one) => one !== "")) {
        const data = JSON.parse(line);
        if (data.over !== undefined) over = `Ended: ${data.over}.`;
        onLine(data);
      }
    }
  } catch (error) {
    return error.name === "AbortError" ? "Stopped." : "The node does not answer.";
  }
}

function toneOf(status) {
  if (status === 0 || status >= 500) return "error";
  return status >= 400 ? "warning" : "healthy";
}

const REQUESTS_MAX = 200;
const STATUSES = [
  ["", "any"],
  ...["2xx", "3xx", "4xx", "5xx"].map((one) => [one, one]),
  ["4xx,5xx", "4xx, 5xx"],
  ["none", "none"],
];
const METHODS = [
  ["", "any"],
  ...["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT"].map((one) => [one, one]),
];
