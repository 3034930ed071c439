// How a node ends: it ranks last, hands over what it probes, and says that it has left.

import { refreshGroup } from "./groups.ts";
import type { MeshState } from "./mesh-state.ts";
import { announceSelf } from "./node-events.ts";
import type { Turn } from "./turn.ts";

/** Begins to hand over. */
export function leave(turn: Turn): void {
  const { state, nowMs } = turn;
  if (state.mode === "leaving") return;
  if (state.mode !== "serving") {
    finish(turn);
    return;
  }
  state.mode = "leaving";
  state.self.phase = "leaving";
  for (const id of state.groups.keys()) refreshGroup(turn, id);
  announceSelf(turn, "draining");
  turn.wantsBeat = true;
  turn.at(state.alarms.leaving, nowMs + Math.min(LEAVING_MS, state.longestMs + 1_000));
}

/** Ends when nothing is held any more, nobody is there to take it, or it has taken too long. */
export function decideLeft(turn: Turn): void {
  const { state } = turn;
  if (state.mode !== "leaving") return;
  const isOver = turn.nowMs >= state.alarms.leaving.dueMs;
  if (isOver || state.self.entries.size === 0 || !hasPeers(state)) finish(turn);
}

function finish(turn: Turn): void {
  const { state } = turn;
  const { node, instance, epoch } = state.self;
  if (state.mode === "leaving") announceSelf(turn, "left");
  if (state.mode !== "silent" && state.isBusUp)
    turn.perform({ type: "publish", message: { type: "left", node, instance, epoch } });
  state.mode = "silent";
  turn.perform({ type: "disarm-timer", timer: "beat" });
  turn.perform({ type: "disarm-timer", timer: "agenda" });
  turn.perform({ type: "stopped" });
}

function hasPeers(state: MeshState): boolean {
  if (state.isAlone) return false;
  for (const { life, phase } of state.members.values()) if (life === "live" && phase === "serving") return true;
  return false;
}

/** Handing over takes no longer. */
const LEAVING_MS = 6_000;
