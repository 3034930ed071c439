// The endpoint discovery that a node serves, as one behaviour: streams of clients, what they are subscribed to, and when they get it. A
// stream has one response on its way at a time; what changes until it is gone goes into the next. Pure: eds-actor.ts performs the effects.
import type { Behaviour } from "../../actor/behaviour.ts";
import type { EdsStat } from "../../telemetry/eds-stats.ts";
import { Assignments, type FlagView } from "./assignments.ts";
import type { EdsEffect, EdsMessage } from "./eds-effects.ts";
import { EMPTY_PATIENCE_MS, LOOK_MS, NAMES_MAX, STREAMS_MAX } from "./limits.ts";
import { Subscriber } from "./subscriber.ts";
import { ASSIGNMENT_URL } from "./wire.ts";
import type { XdsRequest } from "./xds.ts";

/** One client's stream. */
interface Stream {
  readonly subscriber: Subscriber;
  readonly isAggregated: boolean;
  readonly peer: string;
  /** node.id. */
  node: string;
  isWriting: boolean;
  /** A request of its type has come. */
  hasAsked: boolean;
  /** What of it was logged. */
  readonly said: Set<"nack" | "type" | "wildcard">;
}

/** All that it knows. */
export interface EdsState {
  readonly assignments: Assignments;
  readonly streams: Map<number, Stream>;
  /** Streams that are subscribed to each name. */
  readonly interest: Map<string, number>;
  isLooking: boolean;
  /** Until when saved probes are counted; null while nobody is subscribed. */
  countedMs: number | null;
  /** What is not a whole probe yet. */
  savedRest: number;
}

/** Knows no cluster and no client. */
export function emptyEdsState(view: FlagView): EdsState {
  return {
    assignments: new Assignments(view),
    streams: new Map(),
    interest: new Map(),
    isLooking: false,
    countedMs: null,
    savedRest: 0,
  };
}

/** The behaviour. */
export const endpointDiscovery: Behaviour<EdsState, EdsMessage, EdsEffect> = {
  name: "eds",
  laneOf: (message) => (message.type === "timer-fired" || message.type === "written" ? "supervision" : "work"),
  step: (state, message, nowMs) => {
    const effects: EdsEffect[] = [];
    const turn = { state, nowMs, effects };
    switch (message.type) {
      case "plan-assigned":
        publish(turn, state.assignments.assign(message.clusters));
        effects.push({ type: "arm-timer", timer: "patience", delayMs: EMPTY_PATIENCE_MS });
        break;
      case "endpoints-changed": {
        const { changed, missed } = state.assignments.apply(message.updates);
        publish(turn, changed);
        effects.push({ type: "confirm-endpoints", missed });
        break;
      }
      case "stream-opened":
        open(turn, message);
        break;
      case "requested":
        request(turn, message.stream, message.request);
        break;
      case "written": {
        const stream = state.streams.get(message.stream);
        if (stream === undefined) break;
        stream.isWriting = false;
        flush(turn, message.stream, stream);
        break;
      }
      case "stream-closed":
        close(turn, message.stream);
        break;
      case "timer-fired":
        fired(turn, message.timer);
        break;
    }
    return effects;
  },
};

interface Turn {
  readonly state: EdsState;
  readonly nowMs: number;
  readonly effects: EdsEffect[];
}

function open(turn: Turn, { stream, dialect, isAggregated, peer }: EdsMessage & { type: "stream-opened" }): void {
  const { streams } = turn.state;
  count(turn, "streams_total");
  if (streams.size >= STREAMS_MAX) {
    refuse(turn, stream, "exhausted", `there are ${STREAMS_MAX} streams already`);
    return;
  }
  const subscriber = new Subscriber(dialect);
  streams.set(stream, { subscriber, isAggregated, peer, node: "", isWriting: false, hasAsked: false, said: new Set() });
}

function request(turn: Turn, id: number, said: XdsRequest): void {
  const stream = turn.state.streams.get(id);
  if (stream === undefined) return;
  if (said.node !== "") stream.node = said.node;
  if (said.typeUrl !== ASSIGNMENT_URL && (said.typeUrl !== "" || stream.isAggregated)) {
    otherType(turn, id, stream, said.typeUrl);
    return;
  }
  acknowledged(turn, stream, said);
  if (isWildcard(said, stream)) refuseWildcard(turn, stream);
  stream.hasAsked = true;
  const { subscriber } = stream;
  const { left, joined } = subscriber.request(said);
  interest(turn, left, -1);
  interest(turn, joined, 1);
  if (subscriber.size > NAMES_MAX) {
    close(turn, id);
    refuse(turn, id, "exhausted", `a stream may subscribe to ${NAMES_MAX} clusters`);
    return;
  }
  // Nobody may have looked at their flags for long.
  publish(turn, turn.state.assignments.look(joined));
  watch(turn);
  flush(turn, id, stream);
}

/** As the protocol has it only listeners and clusters can be asked for as a whole: by `*`, or by a first request without a name. */
function isWildcard(said: XdsRequest, { hasAsked }: Stream): boolean {
  const names = said.dialect === "delta" ? said.subscribe : said.names;
  const isFirst = !hasAsked && (said.dialect === "sotw" || said.versions.size === 0);
  return names.includes(WILDCARD) || (isFirst && names.length === 0);
}

function refuseWildcard(turn: Turn, stream: Stream): void {
  count(turn, "requests_wildcard");
  if (stream.said.has("wildcard")) return;
  stream.said.add("wildcard");
  log(turn, `${nameOf(stream)} asks for the endpoints of all clusters, which it will not get: it must name them`);
}

function otherType(turn: Turn, id: number, stream: Stream, typeUrl: string): void {
  if (!stream.isAggregated) {
    close(turn, id);
    refuse(turn, id, "invalid", `this service has endpoints only, not '${typeUrl}'`);
    return;
  }
  count(turn, "requests_other_type");
  if (stream.said.has("type")) return;
  stream.said.add("type");
  log(turn, `${nameOf(stream)} asks for '${typeUrl}', which it will not get: this node serves endpoints`);
}

function acknowledged(turn: Turn, stream: Stream, { nonce, error }: XdsRequest): void {
  if (error === null) {
    if (nonce !== "") count(turn, "acks");
    return;
  }
  count(turn, "nacks");
  if (stream.said.has("nack")) return;
  stream.said.add("nack");
  log(turn, `${nameOf(stream)} did not take its endpoints: ${error}`);
}

function close(turn: Turn, id: number): void {
  const stream = turn.state.streams.get(id);
  if (stream === undefined) return;
  interest(turn, stream.subscriber.names(), -1);
  turn.state.streams.delete(id);
}

function fired(turn: Turn, timer: string): void {
  const { state } = turn;
  if (timer === "patience") publish(turn, state.assignments.losePatience());
  if (timer === "look") {
    publish(turn, state.assignments.look(state.interest.keys()));
    state.isLooking = false;
    watch(turn);
  }
  if (timer === "second") {
    countSaved(turn);
    watch(turn);
  }
}

/** What `mesh.probes_saved` is: see eds-stats.ts. */
function countSaved({ state, nowMs, effects }: Turn): void {
  const { assignments, countedMs } = state;
  if (countedMs === null) return;
  let perSecond = 0;
  for (const [name, clients] of state.interest) perSecond += clients * assignments.probesPerSecond(name);
  const saved = state.savedRest + (perSecond * (nowMs - countedMs)) / 1_000;
  const whole = Math.floor(saved);
  state.savedRest = saved - whole;
  state.countedMs = null;
  if (whole > 0) effects.push({ type: "count-saved", by: whole });
}

/** While somebody is subscribed flags are looked at. */
function watch(turn: Turn): void {
  const { state, effects, nowMs } = turn;
  if (state.interest.size === 0) return;
  if (!state.isLooking) effects.push({ type: "arm-timer", timer: "look", delayMs: LOOK_MS });
  state.isLooking = true;
  if (state.countedMs !== null) return;
  state.countedMs = nowMs;
  effects.push({ type: "arm-timer", timer: "second", delayMs: 1_000 });
}

function publish(turn: Turn, names: readonly string[]): void {
  if (names.length === 0) return;
  for (const [id, stream] of turn.state.streams) {
    for (const name of names) stream.subscriber.changed(name);
    flush(turn, id, stream);
  }
}

function flush(turn: Turn, id: number, stream: Stream): void {
  if (stream.isWriting) return;
  const push = stream.subscriber.next((name) => turn.state.assignments.find(name));
  if (push === null) return;
  stream.isWriting = true;
  count(turn, "pushes");
  count(turn, "resources_pushed", push.resources.length);
  turn.effects.push({ type: "send", stream: id, push });
}

function interest(turn: Turn, names: Iterable<string>, by: 1 | -1): void {
  const { interest: counts } = turn.state;
  for (const name of names) {
    const sum = (counts.get(name) ?? 0) + by;
    if (sum === 0) counts.delete(name);
    else counts.set(name, sum);
  }
}

function refuse(turn: Turn, stream: number, code: "exhausted" | "invalid", text: string): void {
  count(turn, "streams_refused");
  turn.effects.push({ type: "end-stream", stream, code, text });
}

function count(turn: Turn, stat: EdsStat, by: number = 1): void {
  turn.effects.push({ type: "count", stat, by });
}

function log(turn: Turn, text: string): void {
  turn.effects.push({ type: "log", text });
}

const WILDCARD = "*";

/** A client as logs name it. */
function nameOf({ node, peer }: Stream): string {
  return node === "" ? `an xDS client at ${peer}` : `the xDS client '${node}' at ${peer}`;
}
