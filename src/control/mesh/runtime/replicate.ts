// How all nodes come to hold the same records: what is newer is taken from whoever says it, a digest is told once a second, and a node whose digest
// differs is asked for all it holds. Called by runtime-behaviour.ts.

import type { RuntimeRecord } from "../../../messages/mesh-runtime.ts";
import { hexOf } from "../state/hash64.ts";
import { fitting } from "../wire/runtime-message.ts";
import type { RuntimeEffect } from "./runtime-effects.ts";
import type { RuntimeMessage, RuntimeSpeaker, RuntimeWord } from "./runtime-messages.ts";
import { hashOfRecord, isNewer, RUNTIME_RECORDS_MAX, runtimeText } from "./runtime-record.ts";
import { layerValues, livingPeers, PEER_MS, type RuntimeState } from "./runtime-state.ts";

/** Takes records in; what is not newer changes nothing. */
export function take(state: RuntimeState, records: readonly RuntimeRecord[], nowMs: number): RuntimeEffect[] {
  const effects = records.flatMap((record) => takeOne(state, record, nowMs));
  return [...effects, ...valuesIfNew(state)];
}

/** A peer told what it holds: it lives, and has something else than this node, or not. */
export function hearDigest(
  state: RuntimeState,
  message: RuntimeSpeaker & Extract<RuntimeWord, { type: "digest" }>,
  nowMs: number,
): RuntimeEffect[] {
  const { node, instance, digest, count, asks } = message;
  const known = state.peers.get(node);
  if (known?.instance === instance) known.heardMs = nowMs;
  else if (state.peers.size < PEERS_MAX || known !== undefined)
    state.peers.set(node, { node, instance, heardMs: nowMs });
  else return [];
  const effects: RuntimeEffect[] = [];
  // A crowd that asks at once is told once.
  const delayMs = Math.max(0, state.toldMs + ANSWER_GAP_MS - nowMs);
  if (asks) effects.push({ type: "arm-timer", timer: DIGEST_TIMER, delayMs });
  if (digest === hexOf(state.digest)) state.isCaughtUp = true;
  if (digest === hexOf(state.digest) || count === 0 || state.pulling !== null) return effects;
  return [...effects, ...pull(state, node, "")];
}

/** What a peer holds, or no answer: somebody else's next digest is another chance. */
export function pulled(
  state: RuntimeState,
  from: string,
  message: RuntimeMessage | null,
  nowMs: number,
): RuntimeEffect[] {
  if (state.pulling !== from) return [];
  state.pulling = null;
  if (message?.type !== "page") return [];
  const effects = take(state, message.records, nowMs);
  const last = message.records.at(-1);
  if (!message.isLast && last !== undefined) return [...effects, ...pull(state, from, last.key)];
  state.isCaughtUp = true;
  return effects;
}

/** All that this node holds after a key, as far as one message takes it. */
export function page(state: RuntimeState, after: string): Extract<RuntimeWord, { type: "page" }> {
  const all = [...state.records.values()].map(({ record }) => record).filter(({ key }) => key > after);
  const records = fitting(all.sort((one, other) => (one.key < other.key ? -1 : 1)));
  return { type: "page", records, isLast: records.length === all.length };
}

/** What this node holds, as a number that others compare. */
export function tellDigest(state: RuntimeState, asks: boolean, nowMs: number): RuntimeEffect {
  state.toldMs = nowMs;
  const { digest, records } = state;
  return { type: "publish-runtime", word: { type: "digest", count: records.size, digest: hexOf(digest), asks } };
}

/** Tells everybody of these. */
export function tellRecords(records: readonly RuntimeRecord[]): RuntimeEffect {
  return { type: "publish-runtime", word: { type: "records", records } };
}

/** Forgets who is not heard. */
export function forgetSilent(state: RuntimeState, nowMs: number): void {
  const living = new Set(livingPeers(state, nowMs).map(({ node }) => node));
  for (const { node, heardMs } of [...state.peers.values()]) {
    if (!living.has(node) && nowMs - heardMs > 10 * PEER_MS) state.peers.delete(node);
  }
}

function pull(state: RuntimeState, from: string, after: string): RuntimeEffect[] {
  state.pulling = from;
  return [
    { type: "count", counter: "runtime_pulls" },
    { type: "pull", from, after },
  ];
}

function takeOne(state: RuntimeState, record: RuntimeRecord, nowMs: number): RuntimeEffect[] {
  const held = state.records.get(record.key);
  if (held !== undefined && !isNewer(record, held.record)) return [];
  if (held === undefined && !hasRoom(state, record)) return [{ type: "count", counter: "runtime_over_limit" }];
  state.version = Math.max(state.version, record.version);
  const isSameStep = held?.record.change === record.change && held.record.step === record.step;
  put(state, record, isSameStep ? held.sinceMs : nowMs);
  return [{ type: "count", counter: "runtime_records" }];
}

function put(state: RuntimeState, record: RuntimeRecord, sinceMs: number): void {
  remove(state, record.key);
  state.records.set(record.key, { record, sinceMs });
  fold(state, record);
}

function remove(state: RuntimeState, key: string): void {
  const held = state.records.get(key);
  if (held !== undefined) fold(state, held.record);
  state.records.delete(key);
}

function fold(state: RuntimeState, record: RuntimeRecord): void {
  const { high, low } = hashOfRecord(record);
  state.digest = { high: (state.digest.high ^ high) >>> 0, low: (state.digest.low ^ low) >>> 0 };
}

/** Of keys that were taken back the oldest goes when there are too many. Whoever held it apart for so long brings it back. */
function hasRoom(state: RuntimeState, record: RuntimeRecord): boolean {
  const all = [...state.records.values()].map((one) => one.record);
  if (all.length < RUNTIME_RECORDS_MAX) return true;
  const [oldest] = all.filter((one) => runtimeText(one) === "").sort((one, other) => one.version - other.version);
  if (oldest === undefined || oldest.version >= record.version) return false;
  remove(state, oldest.key);
  return true;
}

function valuesIfNew(state: RuntimeState): RuntimeEffect[] {
  const values = layerValues([...state.records.values()].map(({ record }) => record));
  if (JSON.stringify(values) === JSON.stringify(state.values)) return [];
  state.values = values;
  return [{ type: "values-changed", values }];
}

const PEERS_MAX = 4_096;
const ANSWER_GAP_MS = 50;
/** The timer after which a node tells its digest. */
export const DIGEST_TIMER = "digest";
