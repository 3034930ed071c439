// How long announced endpoints stay, as the mesh thread told it last. Asked by the admin pages.
import type { Clock } from "../base/clock.ts";
import { LEASE_MS } from "../control/mesh/announce/leases.ts";

/** One announcer's lease. */
interface Lease {
  readonly node: string;
  readonly remainingMs: number;
}

/** The leases of announcers. */
export class LeaseBook {
  private readonly clock: Clock;
  private readonly self: string;
  private remainingMs: ReadonlyMap<string, number> = new Map();
  private isHeld = false;
  private toldMs = 0;

  /** `self`: the name under which this node announces; empty: it is in no mesh. */
  constructor(clock: Clock, self: string) {
    this.clock = clock;
    this.self = self;
  }

  /** These are all; of two processes of one name the longer one counts. `isHeld`: none ends for now. */
  told(leases: readonly Lease[], isHeld: boolean): void {
    const longest = new Map<string, number>();
    for (const { node, remainingMs } of leases) longest.set(node, Math.max(remainingMs, longest.get(node) ?? 0));
    this.remainingMs = longest;
    this.isHeld = isHeld;
    this.toldMs = this.clock.nowMs();
  }

  /** The bus or the mesh thread is lost: no lease ends until it is back. */
  hold(): void {
    this.isHeld = true;
  }

  /** Milliseconds until a node's endpoints end unless it is heard; `own`: they are this node's; `held`: none ends for now. */
  of(node: string): number | "own" | "held" {
    if (node === this.self) return "own";
    if (this.isHeld) return "held";
    // Whoever came since the last word has its whole time.
    const remainingMs = this.remainingMs.get(node);
    return remainingMs === undefined ? LEASE_MS : Math.max(0, remainingMs - (this.clock.nowMs() - this.toldMs));
  }
}
