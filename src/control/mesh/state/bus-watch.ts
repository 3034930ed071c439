// The bus comes and goes. Without it for three seconds a node is alone: it checks everything itself, and keeps its verdicts.
import { refreshGroup } from "./groups.ts";
import { AWAY_MS, joinOver, sayHello } from "./joining.ts";
import { updateSpeaking } from "./members.ts";
import { dropLocal } from "./own-log.ts";
import type { Turn } from "./turn.ts";

/** The connection was made or lost. */
export function changeBus(turn: Turn, isUp: boolean): void {
  const { state, nowMs } = turn;
  if (isUp === state.isBusUp) return;
  state.isBusUp = isUp;
  state.busSinceMs = nowMs;
  if (state.mode === "silent") return;
  if (!isUp) {
    turn.at(state.alarms.bus, nowMs + AWAY_MS);
    return;
  }
  joinOver(turn);
  sayHello(turn);
  turn.wantsBeat = true;
  if (state.isAlone) setAlone(turn, false);
}

/** It has been away for long enough. */
export function decideAlone(turn: Turn): void {
  const { state, nowMs } = turn;
  if (state.isBusUp || state.isAlone) return;
  if (nowMs >= state.busSinceMs + AWAY_MS) setAlone(turn, true);
  else turn.at(state.alarms.bus, state.busSinceMs + AWAY_MS);
}

/** Nobody else has a rank or covers anything while it is alone; back again, those who are heard do. */
function setAlone(turn: Turn, isAlone: boolean): void {
  const { state } = turn;
  state.isAlone = isAlone;
  if (!isAlone) for (const target of state.targets.values()) dropLocal(target);
  for (const member of state.members.values()) {
    updateSpeaking(turn, member);
    turn.at(member, turn.nowMs);
  }
  for (const group of state.groups.keys()) refreshGroup(turn, group);
}
