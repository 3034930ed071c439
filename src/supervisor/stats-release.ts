// Which counters go with clusters that a plan has no more, and when: not at once, since the last requests of a cluster still count, and whoever
// reads /stats sees how they ended. Pure but for its timer; made by the supervisor.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { StatNames } from "../telemetry/stats-memory.ts";

/** The counters of clusters that are gone. */
export class StatsRelease {
  private readonly wheel: TimerWheel;
  private readonly release: (names: readonly StatNames[]) => void;
  private readonly timer: Timer = new Timer(() => this.end());
  private living: ReadonlySet<string> = new Set();
  private readonly gone = new Set<string>();

  /** `release`: every thread forgets these. */
  constructor(wheel: TimerWheel, release: (names: readonly StatNames[]) => void) {
    this.wheel = wheel;
    this.release = release;
  }

  /** A plan has these clusters; one that comes back meanwhile counts on. */
  assign(clusters: readonly ClusterPlan[]): void {
    const before = this.living;
    this.living = new Set(clusters.map(({ statName }) => prefixOf(statName)));
    for (const prefix of before) if (!this.living.has(prefix)) this.gone.add(prefix);
    for (const prefix of this.living) this.gone.delete(prefix);
    if (this.gone.size > 0) this.wheel.arm(this.timer, RELEASE_MS);
    else this.wheel.remove(this.timer);
  }

  /** Ends its timer. */
  stop(): void {
    this.wheel.remove(this.timer);
  }

  private end(): void {
    const names = [...this.gone].map((prefix) => ({
      prefix,
      except: [...this.living].filter((other) => other.startsWith(prefix)),
    }));
    this.gone.clear();
    this.release(names);
  }
}

function prefixOf(statName: string): string {
  return `cluster.${statName}.`;
}

/** After the last change of plan. */
export const RELEASE_MS = 30_000;
