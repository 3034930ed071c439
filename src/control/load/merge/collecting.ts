// The reporter's side of merging: takes each batch of each node once, makes one report of them, and tells the nodes when it is in the
// server's hands. Called by merge-behaviour.ts.
import type { LocalityLoad } from "../../../messages/load.ts";
import type { NodeShare } from "../node-shares.ts";
import { bytesOfLoads } from "./batch.ts";
import { LoadSum } from "./load-sum.ts";
import type { LoadReply, LoadRequest, MergedReport } from "./merge-messages.ts";
import type { Giver, HeldBatch, MergeState, Turn } from "./merge-state.ts";
import { asksFor, pageOf, type Subscription } from "./subscription.ts";

/** Answers a request, with a batch or without. */
export function receive({ state, nowMs }: Turn, request: LoadRequest): LoadReply {
  const { self, leads } = state;
  const giver = leads ? giverOf(state, request) : null;
  if (giver === null) return { ...self, isReporter: false, accepted: 0, settled: 0, page: null };
  giver.heardMs = nowMs;
  // Another reporter had those.
  if (request.floor - 1 > giver.settled) settleGiver(state, giver, request.floor - 1);
  hold(state, giver, request);
  return {
    ...self,
    isReporter: true,
    accepted: acceptedOf(giver),
    settled: giver.settled,
    page: pageFor(state, request),
  };
}

/** All that is held, or as much of it as one report takes, and what is under way at nodes that are heard. */
export function makeReport({ state, nowMs }: Turn, subscription: Subscription): MergedReport {
  const sum = new LoadSum();
  for (const idle of state.known) if (asksFor(subscription, idle.cluster)) sum.addCounts(idle);
  const nodes: NodeShare[] = [];
  const report: { instance: string; sequence: number }[] = [];
  let mayRepeat = false;
  let room = REPORT_BYTES;
  for (const giver of [...state.givers.values()]) {
    for (const batch of giver.held) {
      room -= batch.bytes;
      if (room < 0 && report.length > 0) break;
      const clusters = batch.clusters.filter(({ cluster }) => asksFor(subscription, cluster));
      for (const load of clusters) sum.addCounts(load);
      const { node, instance } = giver;
      if (clusters.length > 0) nodes.push({ node, instance, sequence: batch.sequence, clusters });
      report.push({ instance, sequence: batch.sequence });
      mayRepeat ||= batch.mayRepeat;
      putLast(state, giver);
    }
    if (nowMs - giver.heardMs > SILENT_MS) continue;
    for (const load of giver.gauges) if (asksFor(subscription, load.cluster)) sum.addGauges(load);
  }
  state.report = report;
  return { clusters: sum.loads(), nodes, mayRepeat };
}

/** The report under way is in the server's hands; the nodes that hear of it, with their last batch in it. */
export function settleReport({ state, effects }: Turn): void {
  const settled = new Map<string, number>();
  for (const { instance, sequence } of state.report ?? []) settled.set(instance, sequence);
  state.report = null;
  for (const [instance, sequence] of settled) {
    const giver = state.givers.get(instance);
    if (giver === undefined) continue;
    settleGiver(state, giver, sequence);
    if (instance === state.self.instance) continue;
    effects.push({ type: "note", to: giver.node, note: { instance, settled: sequence } });
  }
}

/** This node reports no more: what it holds is for the next one. */
export function giveUp(state: MergeState): void {
  state.report = null;
  for (const giver of state.givers.values()) {
    const { node, instance, held, settled } = giver;
    const floor = settled + 1;
    // Its own it has itself.
    if (instance !== state.self.instance) state.relays.push(...held.map((batch) => ({ node, instance, floor, batch })));
    replaceHeld(state, giver, []);
  }
}

/** What is held may be with another reporter too. */
export function markHeld(state: MergeState): void {
  for (const giver of state.givers.values()) giver.held = giver.held.map((batch) => ({ ...batch, mayRepeat: true }));
}

function hold(state: MergeState, giver: Giver, { batch, mayRepeat }: LoadRequest): void {
  if (batch === null || batch.sequence !== acceptedOf(giver) + 1) return;
  const bytes = bytesOfLoads(batch.clusters);
  if (state.heldBytes + bytes > HELD_BYTES_MAX || giver.held.length >= HELD_OF_GIVER_MAX) return;
  const { sequence, isFirst, clusters } = batch;
  giver.held.push({ sequence, isFirst, clusters, mayRepeat, bytes });
  state.heldBytes += bytes;
  const gauges = batch.clusters.filter(({ localities }) => localities.some(isUnderWay));
  giver.gauges = batch.isFirst ? gauges : [...giver.gauges, ...gauges];
}

function isUnderWay({ inProgress, connections }: LocalityLoad): boolean {
  return inProgress > 0 || (connections?.active ?? 0) > 0;
}

function acceptedOf({ held, settled }: Giver): number {
  return held.at(-1)?.sequence ?? settled;
}

function settleGiver(state: MergeState, giver: Giver, upTo: number): void {
  giver.settled = Math.max(giver.settled, upTo);
  replaceHeld(
    state,
    giver,
    giver.held.filter(({ sequence }) => sequence > giver.settled),
  );
}

function replaceHeld(state: MergeState, giver: Giver, held: HeldBatch[]): void {
  state.heldBytes += bytesOf(held) - bytesOf(giver.held);
  giver.held = held;
}

function bytesOf(held: readonly HeldBatch[]): number {
  return held.reduce((sum, { bytes }) => sum + bytes, 0);
}

function giverOf(state: MergeState, { node, instance, floor }: LoadRequest): Giver | null {
  const known = state.givers.get(instance);
  if (known !== undefined) return known;
  // Its predecessor under way: what that one had under way has ended with it.
  for (const giver of state.givers.values()) if (giver.node === node) giver.gauges = [];
  if (state.givers.size >= GIVERS_MAX && !dropSilent(state)) return null;
  const giver = { node, instance, settled: floor - 1, held: [], gauges: [], heardMs: 0 };
  state.givers.set(instance, giver);
  return giver;
}

/** The one that was silent longest and has nothing to be reported. */
function dropSilent(state: MergeState): boolean {
  let silent: Giver | null = null;
  for (const giver of state.givers.values()) {
    if (giver.held.length === 0 && (silent === null || giver.heardMs < silent.heardMs)) silent = giver;
  }
  return silent !== null && state.givers.delete(silent.instance);
}

function putLast(state: MergeState, giver: Giver): void {
  state.givers.delete(giver.instance);
  state.givers.set(giver.instance, giver);
}

function pageFor({ subscription }: MergeState, { knows, gathers, from }: LoadRequest): LoadReply["page"] {
  if (subscription === null || subscription.id === knows) return null;
  return pageOf(subscription, subscription.id === gathers ? from : 0);
}

/** Of the batches of one report: with who counted what in its metadata it stays below the 4 MiB of gRPC. */
const REPORT_BYTES = 2 * 1_024 * 1_024;
/** Batches that wait; more stay with their nodes. */
const HELD_BYTES_MAX = 32 * 1_024 * 1_024;
const HELD_OF_GIVER_MAX = 128;
/** Lives of nodes that are remembered. */
const GIVERS_MAX = 1_024;
/** What is under way at a node that was not heard for so long is not known. */
const SILENT_MS = 5_000;
