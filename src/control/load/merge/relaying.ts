// Batches of others that a node held when another became the reporter: it gives them to that one in their nodes' names, one after the other,
// since a node that has ended cannot. Called by merge-behaviour.ts.
import { receive } from "./collecting.ts";
import type { LoadReply, LoadRequest } from "./merge-messages.ts";
import type { Relay, Turn } from "./merge-state.ts";

/** Gives the next one away, unless one is under way. */
export function relay(turn: Turn): void {
  const { state, effects } = turn;
  const [next] = state.relays;
  if (next === undefined || state.reporter === null || state.relayAsk !== 0) return;
  if (state.leads) {
    for (const one of state.relays.splice(0)) receive(turn, requestOf(one, state.subscription?.id));
    return;
  }
  const request = requestOf(next, state.subscription?.id);
  state.relayAsk = ++state.asks;
  effects.push({ type: "ask-reporter", ask: state.relayAsk, to: state.reporter, request, timeoutMs: ANSWER_MS_MAX });
}

/** What became of it. Whether the answer was one to this. */
export function hearRelayed(turn: Turn, ask: number, reply: LoadReply | null): boolean {
  const { state } = turn;
  if (ask !== state.relayAsk) return false;
  state.relayAsk = 0;
  const [first] = state.relays;
  if (first === undefined || reply?.isReporter !== true || reply.node !== state.reporter) return true;
  if (reply.accepted < first.batch.sequence) return true;
  state.relays.shift();
  relay(turn);
  return true;
}

function requestOf({ node, instance, floor, batch }: Relay, knows: string = ""): LoadRequest {
  return { node, instance, floor, batch, mayRepeat: true, knows, gathers: "", from: 0 };
}

const ANSWER_MS_MAX = 1_500;
