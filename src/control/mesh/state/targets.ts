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
    if (held !== undefined && isSame(held, fact)) {
      orderAgain(turn, held);
      continue;
    }
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

/** The judge began to follow once more: it has forgotten what it was told, and this node goes on with what it says and holds. */
function orderAgain(turn: Turn, target: Target): void {
  const { pending } = target;
  if (pending !== null) {
    target.question = pending.question;
    target.doubter = pending.doubter;
    target.pending = null;
  }
  target.isTold = false;
  if (target.isOrdered) {
    const { probedMs, nextInMs, firstDueMs, standing, isHearsay } = target;
    const dueMs = Math.max(firstDueMs, probedMs + nextInMs);
    const dueInMs = Math.max(0, Math.round(dueMs - turn.nowMs));
    turn.order({ type: "begin-checks", slot: target.slot, dueInMs, standing: isHearsay ? null : standing });
  }
  turn.consider(target);
}

function isSame(target: Target, { slot, address, standing }: CheckTarget): boolean {
  return target.slot === slot && target.address === address && target.standing === standing;
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
