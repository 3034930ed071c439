// Events go out once for the mesh, as a rule: the first in line tells at once, the second when it has not heard the same from another.
import { notDue } from "./agenda.ts";
import type { Announcement } from "./entities.ts";
import type { MeshEffect } from "./mesh-effects.ts";
import type { MeshState } from "./mesh-state.ts";
import type { Turn } from "./turn.ts";

/** Tells it now when this node is first in line (`place` 0), later when it is second, never when it is neither. */
export function announce(turn: Turn, effect: MeshEffect, place: number, ids: () => readonly string[]): void {
  if (place === 0) turn.perform(effect);
  else if (place === 1) {
    const announcement: Announcement = { kind: "announcement", ...notDue(), effect, early: ids(), late: ids };
    turn.at(announcement, turn.nowMs + SECOND_MS);
  }
}

/** The time of the second in line has come. */
export function announceLate(turn: Turn, { effect, early, late }: Announcement): void {
  const { seen } = turn.state;
  if (![...early, ...late()].some((id) => seen.has(id))) turn.perform(effect);
}

/** An event with this id was heard. */
export function noteEvent({ seen }: MeshState, id: string): void {
  seen.add(id);
  if (seen.size <= SEEN_MAX) return;
  for (const oldest of seen) {
    seen.delete(oldest);
    break;
  }
}

/** The second in line waits so long. */
const SECOND_MS = 2_000;

/** Ids that are remembered. */
const SEEN_MAX = 10_000;
