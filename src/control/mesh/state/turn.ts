// One step of meshState while it is made: the time, and what is to be said, ordered and looked at again when it ends.
import type { CheckOrder } from "../../../messages/checking.ts";
import type { Change } from "../wire/messages.ts";
import type { Matter, Target } from "./entities.ts";
import type { MeshCounter, MeshEffect } from "./mesh-effects.ts";
import type { MeshState } from "./mesh-state.ts";

/** A step under way. */
export class Turn {
  readonly state: MeshState;
  readonly nowMs: number;
  readonly effects: MeshEffect[] = [];
  readonly orders: CheckOrder[] = [];
  /** Own changes of this turn, numbered already: the last one has the number `state.self.applied`. */
  readonly changes: Change[] = [];
  /** A beat is to go out at the end, out of its time. */
  wantsBeat = false;

  constructor(state: MeshState, nowMs: number) {
    this.state = state;
    this.nowMs = nowMs;
  }

  /** Has the host do something. */
  perform(effect: MeshEffect): void {
    this.effects.push(effect);
  }

  /** Orders something of the judge. */
  order(order: CheckOrder): void {
    this.orders.push(order);
  }

  /** Adds to a counter. */
  count(counter: MeshCounter, by: number = 1): void {
    this.effects.push({ type: "count", counter, by });
  }

  /** Has a target considered, once, after what is being done. */
  consider(target: Target): void {
    if (target.isDirty) return;
    target.isDirty = true;
    this.state.dirty.push(target);
  }

  /** Looks at something again at `dueMs`; Infinity: not. */
  at(matter: Matter, dueMs: number): void {
    this.state.agenda.put(matter, dueMs);
  }
}
