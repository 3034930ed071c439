// Whether listeners may open: when the node has joined and has a verdict on every endpoint, or has waited for one long enough.
import { announceSelf } from "./node-events.ts";
import type { Turn } from "./turn.ts";

/** Decides it, and says so when it or its reason is another. */
export function decideReady(turn: Turn): void {
  const { state } = turn;
  if (state.mode === "silent") return;
  const waitsForMs = state.isReady ? 0 : warmUntilMs(turn);
  if (!state.isReady && waitsForMs <= turn.nowMs) {
    state.isReady = true;
    announceSelf(turn, "ready");
    tell(turn, reasonOf(turn));
  } else {
    if (!state.isReady) turn.at(state.alarms.ready, waitsForMs);
    const reason = reasonOf(turn);
    if (reason !== state.reason) tell(turn, reason);
  }
}

function warmUntilMs({ state, nowMs }: Turn): number {
  if (state.mode === "joining") return Number.POSITIVE_INFINITY;
  if (!state.isJudgeKnown) return state.joinedMs + UNKNOWN_JUDGE_MS;
  if (state.unknown === 0) return nowMs;
  return state.joinedMs + state.longestMs;
}

function reasonOf({ state }: Turn): string {
  if (state.mode === "joining") return "joining the mesh";
  if (state.mode === "leaving") return "leaving the mesh";
  if (!state.isReady) return "waiting for the first checks";
  if (state.self.isResigned)
    return `distrusts its own network: ${state.privates.size} endpoints that only this node sees fail`;
  if (state.isAlone) return "without the mesh's broker: checks for itself";
  return "";
}

function tell(turn: Turn, reason: string): void {
  const { state } = turn;
  state.reason = reason;
  turn.perform({ type: "report-ready", isReady: state.isReady, reason });
}

/** A judge that says nothing is not waited for any longer. */
const UNKNOWN_JUDGE_MS = 2_000;
