// Views of the mesh that admin pages have asked of the mesh thread: each ask is answered once, by the thread or by null when it is dead or
// takes too long. Used by mesh-owner.ts.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { MeshOrder } from "../messages/mesh.ts";
import type { MeshView, MeshViewAsk } from "../messages/mesh-view.ts";

/** The asks under way. */
export class MeshViews {
  private readonly wheel: TimerWheel;
  private readonly send: (order: MeshOrder) => void;
  private readonly waiting = new Map<number, (view: MeshView | null) => void>();
  private asks = 0;

  /** `send`: to the thread. */
  constructor(wheel: TimerWheel, send: (order: MeshOrder) => void) {
    this.wheel = wheel;
    this.send = send;
  }

  /** The mesh as its thread sees it; null: no answer within 2 s, or too many ask. */
  ask(what: MeshViewAsk): Promise<MeshView | null> {
    if (this.waiting.size >= ASKS_MAX) return Promise.resolve(null);
    const ask = ++this.asks;
    const { promise, resolve } = Promise.withResolvers<MeshView | null>();
    const late = new Timer(() => this.settle(ask, null));
    this.wheel.arm(late, ANSWER_MS_MAX);
    this.waiting.set(ask, (view) => {
      this.wheel.remove(late);
      resolve(view);
    });
    this.send({ type: "view-mesh", ask, what });
    return promise;
  }

  /** The thread's answer; one that comes too late changes nothing. */
  settle(ask: number, view: MeshView | null): void {
    const answer = this.waiting.get(ask);
    this.waiting.delete(ask);
    answer?.(view);
  }

  /** The thread is gone: what was asked of it is not answered. */
  dropAll(): void {
    for (const ask of [...this.waiting.keys()]) this.settle(ask, null);
  }
}

const ANSWER_MS_MAX = 2_000;
const ASKS_MAX = 64;
