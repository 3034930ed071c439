// What the supervisor knows of its listener workers: whether each starts, listens or is dead, and which plan it has. Pure.
import type { WorkerView } from "../control/admin/view.ts";

/** The workers of a node by slot. */
export class WorkerBook {
  /** The runtime that each has, by slot. */
  private readonly runtimes = new Map<number, number>();
  private readonly workers: { -readonly [Key in keyof WorkerView]: WorkerView[Key] }[];

  constructor(count: number) {
    this.workers = Array.from({ length: count }, (_, slot) => ({
      slot,
      state: "starting",
      restarts: 0,
      planVersion: 0,
    }));
  }

  /** As they are now. */
  views(): readonly WorkerView[] {
    return this.workers.map((worker) => ({ ...worker }));
  }

  /** Whether this is the state of each of them. */
  areAll(state: WorkerView["state"]): boolean {
    return this.workers.every((worker) => worker.state === state);
  }

  /** Whether none is in this state. */
  isNone(state: WorkerView["state"]): boolean {
    return this.workers.every((worker) => worker.state !== state);
  }

  /** Whether all that live have taken this plan. */
  haveApplied(version: number): boolean {
    return this.workers.every(({ state, planVersion }) => state === "dead" || planVersion >= version);
  }

  /** Whether all that live go by this runtime. */
  haveRuntime(version: number): boolean {
    return this.workers.every(({ slot, state }) => state === "dead" || (this.runtimes.get(slot) ?? 0) >= version);
  }

  /** A worker begins. */
  opened(slot: number): void {
    this.runtimes.delete(slot);
    this.set(slot, { state: "starting", planVersion: 0 });
  }

  /** It serves. */
  listens(slot: number): void {
    this.set(slot, { state: "listening" });
  }

  /** It took a plan. */
  applied(slot: number, planVersion: number): void {
    this.set(slot, { planVersion });
  }

  /** It goes by these values of the runtime. */
  appliedRuntime(slot: number, version: number): void {
    this.runtimes.set(slot, version);
  }

  /** It died. */
  died(slot: number): void {
    this.set(slot, { state: "dead", restarts: (this.workers[slot]?.restarts ?? 0) + 1 });
  }

  private set(slot: number, facts: Partial<WorkerView>): void {
    Object.assign(this.workers[slot] ?? {}, facts);
  }
}
