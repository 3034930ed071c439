// Which threads of this node crashed and run again, told as news for the mesh's events. Hears of every thread's life from its owner.
import type { NodeNews } from "../messages/mesh.ts";

/** The threads that are dead now. */
export class WorkerNews {
  private readonly tell: (news: NodeNews) => void;
  private readonly dead = new Set<string>();

  /** `tell`: the mesh. */
  constructor(tell: (news: NodeNews) => void) {
    this.tell = tell;
  }

  /** The thread of this name ended of itself. */
  died(worker: string, error: Error): void {
    this.dead.add(worker);
    this.tell({ type: "worker-changed", worker, change: "crashed", reason: error.message });
  }

  /** It runs: news only after it died. */
  lives(worker: string): void {
    if (this.dead.delete(worker)) this.tell({ type: "worker-changed", worker, change: "restarted", reason: "" });
  }
}
