// The endpoints of this node's own set: only these are ever checked, whatever peers say of others.
import type { CheckTarget } from "../../../messages/checking.ts";
import type { Group, Target } from "./entities.ts";
import { keyOf, newTarget } from "./new-entities.ts";
import { sayReleased } from "./own-log.ts";
import type { Turn } from "./turn.ts";

/** The judge has these endpoints; what peers say of them is known perhaps. */
export function addTargets(turn: Turn, group: Group, facts: readonly CheckTarget[]): void {
  const { state } = turn;
  for (const fact of facts) {
    const held = state.targets.get(keyOf(group.facts.group, fact.target));
    if (held !== undefined) dropTarget(turn, held); // the same endpoint in another slot
    const target = newTarget(group, fact, turn.nowMs);
    for (const member of state.members.values()) {
      const entry = member.entries.get(target.key);
      if (entry !== undefined) target.entries.push(entry);
    }
    state.targets.set(target.key, target);
    state.bySlot.set(target.slot, target);
    group.targets.add(target);
    if (target.standing === null) state.unknown++;
    turn.consider(target);
  }
}

/** The endpoint is in the set no longer: it is not covered from here. The order ends checks that met the next one in its slot. */
export function dropTarget(turn: Turn, target: Target): void {
  const { state } = turn;
  sayReleased(turn, target);
  if (target.isOrdered) turn.order({ type: "end-checks", slot: target.slot });
  if (state.targets.get(target.key) === target) state.targets.delete(target.key);
  if (state.bySlot.get(target.slot) === target) state.bySlot.delete(target.slot);
  target.group.targets.delete(target);
  state.privates.delete(target);
  if (target.standing === null) state.unknown--;
  turn.at(target, Number.POSITIVE_INFINITY);
}
