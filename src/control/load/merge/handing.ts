// A node's own counts on their way to the reporter: cut into batches, kept until they are reported, given again to whoever reports next.
// Nothing more is taken from the counters before that: meanwhile they add up where they are. Called by merge-behaviour.ts.
import { addressText } from "../../../config/plan/address.ts";
import type { ClusterLoad } from "../../../messages/load.ts";
import { cutLoads, hasCounts } from "./batch.ts";
import { receive } from "./collecting.ts";
import type { LoadReply, LoadRequest } from "./merge-messages.ts";
import type { MergeState, Turn } from "./merge-state.ts";
import type { SubscriptionPage } from "./subscription.ts";

/** Gives what there is to give, or asks what became of it. Without a batch under way it takes the counts first. */
export function hand(turn: Turn): void {
  const { state, nowMs } = turn;
  if (state.reporter === null) return;
  const mayTake = state.queue.length === 0 && nowMs >= state.takeAtMs && !state.leads && !state.isStopping;
  if (state.subscription !== null && mayTake) take(turn);
  else ask(turn);
}

/** Has the counts taken, once there is a subscription. */
export function take({ state, effects }: Turn): void {
  if (state.isTaking || state.subscription === null) return;
  state.isTaking = true;
  effects.push({ type: "take", hasEndpoints: state.subscription.hasEndpoints });
}

/** What the counters gave. */
export function keep(turn: Turn, loads: readonly ClusterLoad[]): void {
  const { state, nowMs } = turn;
  state.isTaking = false;
  const pieces: ClusterLoad[][] = hasNews(state, loads) ? cutLoads(loads) : [];
  state.known = loads.map((load) => ({ ...load, localities: [], droppedTotal: 0, dropped: [] }));
  for (const [index, clusters] of pieces.entries()) {
    state.queue.push({ sequence: ++state.sequence, isFirst: index === 0, clusters });
  }
  if (pieces.length === 0) waitForNext(state, nowMs);
}

/** Whether something was counted, or other requests are under way than the reporter was told of last. */
function hasNews(state: MergeState, loads: readonly ClusterLoad[]): boolean {
  const gauges = gaugesText(loads);
  const isNews = gauges !== state.toldGauges || loads.some(hasCounts);
  state.toldGauges = gauges;
  return isNews;
}

function gaugesText(loads: readonly ClusterLoad[]): string {
  let text = "";
  for (const { cluster, localities } of loads) {
    for (const { locality, priority, inProgress, connections, endpoints } of localities) {
      const active = connections?.active ?? 0;
      if (inProgress === 0 && active === 0) continue;
      text += JSON.stringify([cluster, locality.region, locality.zone, locality.subZone]);
      text += `${priority} ${inProgress} ${active}`;
      for (const one of endpoints) if (one.inProgress > 0) text += ` ${addressText(one.address)} ${one.inProgress}`;
    }
  }
  return text;
}

/** Asks the reporter, if it is not being asked: with the next batch that it has not, once it is known which life of it answers. */
export function ask(turn: Turn): void {
  const { state, effects } = turn;
  if (state.reporter === null || state.openAsk !== 0) return;
  const request = nextRequest(state);
  if (state.leads) {
    const reply = receive(turn, request);
    state.isAnswering = true;
    hearReply(turn, reply);
    return;
  }
  state.openAsk = ++state.asks;
  effects.push({ type: "ask-reporter", ask: state.openAsk, to: state.reporter, request, timeoutMs: ANSWER_MS_MAX });
}

/** The reporter has answered, or not in time. */
export function hearAnswer(turn: Turn, ask: number, reply: LoadReply | null): void {
  const { state } = turn;
  if (ask !== state.openAsk) return;
  state.openAsk = 0;
  state.isAnswering = reply?.isReporter === true && reply.node === state.reporter;
  if (reply !== null && state.isAnswering) hearReply(turn, reply);
}

/** Batches up to this one are reported. */
export function settle(turn: Turn, upTo: number): void {
  const { state, nowMs } = turn;
  if (upTo > state.sequence || state.queue.length === 0) return;
  state.queue = state.queue.filter(({ sequence }) => sequence > upTo);
  if (state.queue.length === 0) waitForNext(state, nowMs);
}

/** Somebody else reports: what was offered to the one before may have been reported by it. */
export function turnTo(state: MergeState, reporter: string | null): void {
  state.reporter = reporter;
  state.openAsk = 0;
  state.relayAsk = 0;
  state.gathered = null;
  state.isAnswering = false;
  newLife(state, "");
}

/** Batches that nobody but this node has. */
export function unaccepted({ queue, accepted, leads, relays }: MergeState): number {
  if (leads) return queue.length;
  return relays.length + queue.filter(({ sequence }) => sequence > accepted).length;
}

function nextRequest(state: MergeState): LoadRequest {
  const { self, queue, accepted, isAnswering, subscription, gathered } = state;
  const batch = isAnswering ? (queue.find(({ sequence }) => sequence > accepted) ?? null) : null;
  state.asked = batch?.sequence ?? 0;
  state.offered = Math.max(state.offered, state.asked);
  return {
    ...self,
    floor: queue[0]?.sequence ?? state.sequence + 1,
    batch,
    mayRepeat: batch !== null && batch.sequence <= state.offeredBefore,
    knows: subscription?.id ?? "",
    gathers: gathered?.id ?? "",
    from: gathered?.names.length ?? 0,
  };
}

function hearReply(turn: Turn, reply: LoadReply): void {
  const { state } = turn;
  if (reply.instance !== state.reporterInstance) newLife(state, reply.instance);
  state.accepted = reply.accepted;
  settle(turn, reply.settled);
  const wantsPage = reply.page !== null && learn(turn, reply.page);
  const next = state.queue.find(({ sequence }) => sequence > state.accepted);
  // A reporter that did not take what it was asked to take is asked again by the timer.
  if (wantsPage || (next !== undefined && next.sequence !== state.asked)) ask(turn);
}

function newLife(state: MergeState, instance: string): void {
  state.reporterInstance = instance;
  state.accepted = 0;
  state.toldGauges = null;
  state.offeredBefore = Math.max(state.offeredBefore, state.offered);
}

/** Whether another page is lacking. */
function learn({ state, effects }: Turn, page: SubscriptionPage): boolean {
  const { sendsAll, from, total, names, id, intervalMs, hasEndpoints } = page;
  const before = state.gathered?.id === id ? state.gathered.names : [];
  if (!sendsAll && from !== before.length) {
    state.gathered = null;
    return false;
  }
  const gathered = [...before, ...names];
  if (!sendsAll && gathered.length < total) {
    state.gathered = { id, names: gathered };
    return names.length > 0;
  }
  const clusters = sendsAll ? "all" : gathered;
  state.gathered = null;
  state.subscription = { id, clusters, intervalMs, hasEndpoints };
  effects.push({ type: "follow-clusters", clusters });
  return false;
}

/** Counts are taken shortly before the next report. */
function waitForNext(state: MergeState, nowMs: number): void {
  const intervalMs = state.subscription?.intervalMs ?? 0;
  state.takeAtMs = nowMs + intervalMs - Math.min(intervalMs / 4, EARLY_MS_MAX);
}

const ANSWER_MS_MAX = 1_500;
/** A batch is with the reporter so long before its report at most. */
const EARLY_MS_MAX = 500;
