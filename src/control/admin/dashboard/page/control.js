// What changes the node: shares of traffic, runtime keys, drain, health, levels of the log. Each through the node's own POST page.
import { change, isUnlocked, lock, unlock } from "./access.js";
import { Component, html } from "./parts.js";

/** Asks for the token where one is needed. `what`: what it is for. */
export class Unlock extends Component {
  state = { says: "", isBusy: false };

  submit = async (event) => {
    event.preventDefault();
    const field = event.target.elements.token;
    this.setState({ says: "", isBusy: true });
    const says = await unlock(field.value.trim());
    field.value = "";
    this.setState({ says, isBusy: false });
    if (says === "") this.props.onChange();
    else field.focus();
  };

  render({ what }, { says, isBusy }) {
    return html`<form class="card form" onSubmit=${this.submit}>
      <p>${what} needs the token that the node was started with. This tab forgets it when it is closed.</p>
      <p class="row"><label>Token <input type="password" name="token" autocomplete="off" required aria-describedby="token-says" /></label> <button disabled=${isBusy}>Unlock</button></p>
      <p id="token-says" role="alert" class="says bad">${says}</p>
    </form>`;
  }
}

/** The view. */
export class ControlView extends Component {
  state = { says: "", isOk: true };

  /** `what`: for people. */
  do = async (what, page, words) => {
    const { ok, text } = await change(page, words);
    this.setState({ isOk: ok, says: ok ? `${what}: done.` : `${what}: ${text}` });
    return ok;
  };

  render({ picture }, { says, isOk }) {
    if (!picture.node.changes)
      return html`<h2>Control</h2><p>This node was started without a token: it is only shown.</p>`;
    if (!isUnlocked())
      return html`<h2>Control</h2><${Unlock} what="Changing this node" onChange=${() => this.setState({})} />`;
    const leave = () => {
      lock();
      this.setState({ says: "" });
    };
    return html`<h2>Control of ${picture.node.name || "this node"}</h2>
      <p class=${`says notice ${isOk ? "good" : "bad"}`} role="status" hidden=${says === ""}>${says}</p>
      <${Shares} picture=${picture} do=${this.do} />
      <div class="cards">
        <${Key} picture=${picture} do=${this.do} />
        <${Node} picture=${picture} do=${this.do} />
        <${Levels} do=${this.do} />
      </div>
      <p><button onClick=${leave}>Lock again</button></p>`;
  }
}

/** Weights and fractions that a runtime key decides. */
function Shares({ picture, do: act }) {
  const weighted = picture.routes.filter(({ clusters }) => clusters.some(({ key }) => key !== undefined));
  const parts = picture.routes.filter(({ key }) => key !== undefined);
  if (weighted.length + parts.length === 0) return null;
  return html`<section class="card" aria-labelledby="traffic"><h3 id="traffic">Shares of traffic</h3>
    ${weighted.map(
      ({
        match,
        domains,
        source,
        clusters,
      }) => html`<fieldset key=${source}><legend><code>${match}</code> <small>${domains.join(", ")}</small></legend>
      ${clusters.map(({ name, key, weight }) => html`<${Slider} key=${key} label=${name} value=${weight} of="weight" set=${(text) => act(`${key} = ${text}`, "runtime_modify", { [key]: text })} />`)}</fieldset>`,
    )}
    ${parts.map(
      ({
        match,
        domains,
        source,
        key,
        percent,
      }) => html`<fieldset key=${source}><legend><code>${match}</code> <small>${domains.join(", ")}</small></legend>
      <${Slider} label="Taken by this route" value=${percent} of="%" set=${(text) => act(`${key} = ${text} %`, "runtime_modify", { [key]: JSON.stringify({ numerator: Number(text), denominator: "HUNDRED" }) })} /></fieldset>`,
    )}
  </section>`;
}

/** Changes when it is let go, not while it is drawn: each change goes to every worker. */
class Slider extends Component {
  state = { text: null };

  show = (event) => this.setState({ text: event.target.value });
  set = async ({ target: { validity, value } }) => {
    // An emptied field is no 0, and takes no key back.
    if (value !== "" && validity.valid) await this.props.set(value);
    this.setState({ text: null });
  };

  render({ label, value, of }, { text }) {
    const now = text ?? String(Math.round(value));
    const most = Math.max(100, value);
    const limit = of === "%" ? 100 : 100_000;
    return html`<div class="row slider"><label>${label} <input type="range" min="0" max=${most} value=${now} onInput=${this.show} onChange=${this.set} /></label>
      <label><span class="unseen">${label}, ${of}</span><input type="number" min="0" max=${limit} value=${now} onInput=${this.show} onChange=${this.set} /> ${of}</label></div>`;
  }
}

function Key({ picture, do: act }) {
  const submit = (event) => {
    event.preventDefault();
    const { key, value } = event.target.elements;
    void act(`${key.value} ${value.value === "" ? "taken back" : `= ${value.value}`}`, "runtime_modify", {
      [key.value]: value.value,
    });
  };
  return html`<section class="card" aria-labelledby="key"><h3 id="key">Runtime key</h3><form onSubmit=${submit}>
    <p class="row"><label>Key <input name="key" required list="keys" spellcheck="false" /></label></p>
    <datalist id="keys">${Object.keys(picture.runtime.keys).map((key) => html`<option value=${key} />`)}</datalist>
    <p class="row"><label>Value <input name="value" spellcheck="false" aria-describedby="value-says" /></label> <button>Set</button></p>
    <p id="value-says"><small>Of this node's admin layer. Empty: take it back.</small></p></form></section>`;
}

function Node({ picture, do: act }) {
  const isDraining = picture.node.state === "DRAINING";
  return html`<section class="card" aria-labelledby="node-orders"><h3 id="node-orders">Node</h3>
    <p class="row"><button onClick=${() => act("Health checks fail", "healthcheck/fail")}>Fail health checks</button>
      <button onClick=${() => act("Health checks pass", "healthcheck/ok")}>Pass them</button></p>
    <p class="row"><${Sure} label="Drain listeners" sure="Yes, drain: no new connections" go=${() => act("Listeners drain", "drain_listeners", { graceful: "" })} />
      <${Sure} label="Reset counters" sure="Yes, all to 0" go=${() => act("Counters", "reset_counters")} /></p>
    <p><small>The node is ${picture.node.state}${isDraining ? ": it asks its clients to go elsewhere" : ""}.</small></p></section>`;
}

/** A button that asks again. */
class Sure extends Component {
  state = { isAsked: false };

  render({ label, sure, go }, { isAsked }) {
    if (!isAsked) return html`<button onClick=${() => this.setState({ isAsked: true })}>${label}</button>`;
    const yes = () => {
      this.setState({ isAsked: false });
      void go();
    };
    return html`<button class="bad" onClick=${yes}>${sure}</button> <button onClick=${() => this.setState({ isAsked: false })}>No</button>`;
  }
}

function Levels({ do: act }) {
  const submit = (event) => {
    event.preventDefault();
    const { level } = event.target.elements;
    void act(`Level ${level.value}`, "logging", { level: level.value });
  };
  return html`<section class="card" aria-labelledby="levels"><h3 id="levels">Level of the log</h3><form onSubmit=${submit}>
    <p class="row"><label>All loggers <select name="level">${LEVELS.map((level) => html`<option selected=${level === "info"}>${level}</option>`)}</select></label> <button>Set</button></p></form></section>`;
}

const LEVELS = ["trace", "debug", "info", "warning", "error", "critical", "off"];
