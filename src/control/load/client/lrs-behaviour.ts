// The client of a load-report server: which message goes when, and what of a broken stream is sent again. One stream at a time. State in
// place, orders in lrs-effects.ts; no sockets, no bytes, no clock. Called by load-actor.ts.
import type { Behaviour, TimerEffect } from "../../../actor/behaviour.ts";
import { equalData } from "../../../base/equal-data.ts";
import { CLUSTERS_MAX, INTERVAL_MS_DEFAULT, INTERVAL_MS_MAX, INTERVAL_MS_MIN, RETRY_MS, STOP_MS } from "./limits.ts";
import type { LrsEffect, LrsMessage, TakenLoads } from "./lrs-effects.ts";
import type { LoadAsk, LoadReport } from "./lrs-messages.ts";

/** What the client knows. */
export interface LrsState {
  /** `closed`: a retry is due, or nothing has begun. */
  phase: "closed" | "opening" | "open";
  /** What is asked for; it outlives streams. Null: nothing yet. */
  subscription: Subscription | null;
  /** Number of the last report. */
  sequence: number;
  /** The report that was sent last, until the server has acknowledged it; null: none, or it is no server that does. */
  unacknowledged: LoadReport | null;
  /** Of the stream: responses that came. */
  responses: number;
  /** Of the stream: reports that went out. */
  reports: number;
  /** Reports that were put off since the last one went. */
  postponed: number;
  /** What the server does, or the one of the stream before did: until the response has begun it is taken to be the same. */
  acknowledges: boolean;
  isBackedUp: boolean;
  /** The last report is to go, and then the end. */
  isStopping: boolean;
}

interface Subscription {
  /** As it was last asked. */
  ask: LoadAsk;
  intervalMs: number;
  /** When the clusters were named that `sinceMs` does not have. */
  begunMs: number;
  /** Cluster by cluster: when it was named or reported last. */
  sinceMs: Map<string, number>;
}

/** A client that has no stream yet. `sequence`: of the last report of its author. */
export function emptyLrsState(sequence: number = 0): LrsState {
  return {
    phase: "closed",
    subscription: null,
    sequence,
    unacknowledged: null,
    responses: 0,
    reports: 0,
    postponed: 0,
    acknowledges: false,
    isBackedUp: false,
    isStopping: false,
  };
}

/** The behaviour. */
export const loadReportClient: Behaviour<LrsState, LrsMessage, LrsEffect> = {
  name: "load-report",
  laneOf: () => "work",
  step,
};

function step(state: LrsState, message: LrsMessage, nowMs: number): readonly LrsEffect[] {
  switch (message.type) {
    case "start":
      return open(state);
    case "stream-opened":
      return greet(state);
    case "stream-answered":
      state.acknowledges = message.acknowledges;
      return message.acknowledges ? [] : settle(state);
    case "stream-ended":
      return ended(state, message.status, message.text);
    case "asked":
      return asked(state, message.ask, nowMs);
    case "backed-up":
      state.isBackedUp = true;
      return [];
    case "writable":
      state.isBackedUp = false;
      return [];
    case "taken":
      return report(state, message, nowMs);
    case "hurry":
      return state.unacknowledged === null ? due(state) : [];
    case "stop":
      return stop(state);
    case "timer-fired":
      if (message.timer === STOP) return [{ type: "finish" }];
      return message.timer === RETRY ? [COUNT_RETRY, ...open(state)] : due(state);
  }
}

function open(state: LrsState): LrsEffect[] {
  state.phase = "opening";
  return [{ type: "open-stream" }];
}

/** The first message: the node alone, or at once a report when the server has asked before. */
function greet(state: LrsState): LrsEffect[] {
  state.phase = "open";
  state.responses = 0;
  state.reports = 0;
  state.postponed = 0;
  state.isBackedUp = false;
  const { subscription, unacknowledged } = state;
  if (subscription === null) return send({ sequence: 0, clusters: [], shares: [] });
  const timer = arm(subscription);
  if (unacknowledged === null) return [take(subscription), timer];
  state.reports++;
  return [...send(unacknowledged), { type: "count", stat: "resent" }, timer];
}

/** It is time for a report. */
function due(state: LrsState): LrsEffect[] {
  const { subscription } = state;
  if (state.phase !== "open" || subscription === null) return [];
  // What is not taken is counted on: the next report has it, and a server that takes nothing costs nothing.
  if (state.isBackedUp || state.unacknowledged !== null) {
    state.postponed++;
    const counted: LrsEffect = { type: "count", stat: "postponed" };
    // A server in the place of one that acknowledged may be another kind, of which no response ever begins.
    const isOther = state.responses === 0 && state.postponed === UNANSWERED_MAX;
    if (isOther) state.acknowledges = false;
    const settled = isOther ? settle(state) : [];
    if (state.unacknowledged !== null && state.postponed === UNACKNOWLEDGED_MAX) {
      return [counted, { type: "end-stream" }, ...ended(state, UNAVAILABLE, "a report was not acknowledged")];
    }
    return [...settled, counted, arm(subscription)];
  }
  return [take(subscription), arm(subscription)];
}

function report(state: LrsState, { loads, shares, mayRepeat }: TakenLoads, nowMs: number): LrsEffect[] {
  const { subscription } = state;
  if (state.phase !== "open" || subscription === null) return [{ type: "returned" }];
  const { sinceMs, begunMs } = subscription;
  const clusters = loads.map((load) => ({ load, intervalMs: nowMs - (sinceMs.get(load.cluster) ?? begunMs) }));
  if (subscription.ask.sendAll) sinceMs.clear();
  for (const { cluster } of loads) sinceMs.set(cluster, nowMs);
  const made = { sequence: ++state.sequence, clusters, shares };
  state.reports++;
  state.postponed = 0;
  const effects = send(made);
  if (state.acknowledges) state.unacknowledged = made;
  else {
    if (mayRepeat) effects.push({ type: "count", stat: "uncertain" });
    effects.push({ type: "settled" });
  }
  return state.isStopping ? [...effects, { type: "end-requests" }] : effects;
}

/** Nothing more is awaited of what was sent. */
function settle(state: LrsState): LrsEffect[] {
  if (state.unacknowledged === null) return [];
  state.unacknowledged = null;
  return [{ type: "settled" }];
}

/** What was counted since the last report goes, when the server takes it. */
function stop(state: LrsState): LrsEffect[] {
  const { subscription } = state;
  state.isStopping = true;
  const rest: LrsEffect[] = [
    { type: "disarm-timer", timer: RETRY },
    { type: "disarm-timer", timer: REPORT },
  ];
  if (state.phase !== "open") return [...rest, { type: "finish" }];
  const isTaken = subscription !== null && !state.isBackedUp && state.unacknowledged === null;
  return [
    ...rest,
    { type: "arm-timer", timer: STOP, delayMs: STOP_MS },
    isTaken ? take(subscription) : { type: "end-requests" },
  ];
}

function asked(state: LrsState, ask: LoadAsk | null, nowMs: number): LrsEffect[] {
  if (state.phase !== "open") return [];
  if (ask === null) {
    const counted: LrsEffect = { type: "count", stat: "malformed" };
    return [counted, { type: "end-stream" }, ...ended(state, INTERNAL, "no LoadStatsResponse")];
  }
  const counted: LrsEffect = { type: "count", stat: "requests" };
  const isFirst = ++state.responses === 1;
  // From who does not acknowledge nothing is awaited.
  const settled = isFirst && state.acknowledges ? [] : settle(state);
  const { subscription } = state;
  const isAcknowledgement = !isFirst && state.acknowledges;
  if (isAcknowledgement && subscription !== null && equalData(subscription.ask, ask)) return [counted, ...settled];
  return [counted, ...settled, ...subscribe(state, ask, nowMs)];
}

/** The set is replaced: what stays counts on since its last report, what is new starts at zero, and time begins anew. */
function subscribe(state: LrsState, ask: LoadAsk, nowMs: number): LrsEffect[] {
  const { subscription: before } = state;
  const effects: LrsEffect[] = [];
  const named = [...new Set(ask.clusters)];
  const clusters = named.slice(0, CLUSTERS_MAX);
  if (named.length > clusters.length) {
    effects.push(warn(`load reports: the server names ${named.length} clusters, ${CLUSTERS_MAX} are reported`));
  }
  const intervalMs = lawfulInterval(ask.intervalMs);
  if (intervalMs !== ask.intervalMs) {
    effects.push(
      warn(`load reports: the server asks for one every ${ask.intervalMs} ms, it gets one every ${intervalMs} ms`),
    );
  }
  const wasAll = before?.ask.sendAll === true;
  const sinceMs = new Map<string, number>();
  if (ask.sendAll) {
    for (const [name, ms] of before?.sinceMs ?? []) sinceMs.set(name, ms);
  } else {
    for (const name of clusters) {
      const ms = before?.sinceMs.get(name) ?? (wasAll ? before.begunMs : nowMs);
      sinceMs.set(name, ms);
    }
  }
  const subscription = { ask, intervalMs, begunMs: wasAll && ask.sendAll ? before.begunMs : nowMs, sinceMs };
  state.subscription = subscription;
  return [...effects, { type: "follow", clusters: ask.sendAll ? "all" : clusters }, arm(subscription)];
}

function ended(state: LrsState, status: number, text: string): LrsEffect[] {
  if (state.isStopping) return [{ type: "disarm-timer", timer: STOP }, { type: "finish" }];
  const effects: LrsEffect[] = [];
  if (status !== OK) {
    const words = text === "" ? "" : `, ${text}`;
    effects.push(warn(`StreamLoadStats gRPC config stream closed: ${status}${words}`), COUNT_ERROR);
  }
  if (state.phase === "open" && !state.acknowledges && state.reports > 0) {
    // Nobody knows whether the last one was taken. As Envoy it is not sent again: what is lost is not counted twice.
    effects.push(...settle(state), { type: "count", stat: "uncertain" });
  }
  state.phase = "closed";
  const text2 = `Load reporter stats stream/connection will retry in ${RETRY_MS} ms.`;
  return [
    ...effects,
    { type: "log", level: "info", text: text2 },
    { type: "disarm-timer", timer: REPORT },
    { type: "arm-timer", timer: RETRY, delayMs: RETRY_MS },
  ];
}

function send(report: LoadReport): LrsEffect[] {
  return [
    { type: "send", report },
    { type: "count", stat: "responses" },
  ];
}

function take({ ask }: Subscription): LrsEffect {
  return { type: "take", granularity: ask.byEndpoint ? "endpoints" : "localities" };
}

function arm({ intervalMs }: Subscription): TimerEffect {
  return { type: "arm-timer", timer: REPORT, delayMs: intervalMs };
}

function lawfulInterval(ms: number): number {
  if (!(ms > 0)) return INTERVAL_MS_DEFAULT;
  return Math.min(INTERVAL_MS_MAX, Math.max(INTERVAL_MS_MIN, ms));
}

function warn(text: string): LrsEffect {
  return { type: "log", level: "warning", text };
}

const RETRY = "retry";
const REPORT = "report";
const STOP = "stop";
/** Reports that are put off before a silent server is taken to be one that does not acknowledge. */
const UNANSWERED_MAX = 3;
/** Reports that are put off before a stream is given up whose server does not do what it said. */
const UNACKNOWLEDGED_MAX = 30;
const UNAVAILABLE = 14;
const OK = 0;
const INTERNAL = 13;
const COUNT_RETRY: LrsEffect = { type: "count", stat: "retries" };
const COUNT_ERROR: LrsEffect = { type: "count", stat: "errors" };
