// The counters of one simulated process, and how they are taken: as the real reader does, as differences since the last time.
import type { ClusterLoad, FollowedClusters, LoadCounts } from "../../../src/messages/load.ts";

/** Requests of one process by cluster. */
export class SimCounters {
  /** All that was counted while its cluster was followed. */
  counted = 0;
  /** All that was taken. */
  taken = 0;
  private followed: FollowedClusters = [];
  private readonly clusters = new Map<string, { -readonly [Name in keyof LoadCounts]: number } & { dropped: number }>();

  constructor(clusters: readonly string[]) {
    for (const cluster of clusters) this.clusters.set(cluster, { ...ZERO });
  }

  /** What is under way now. */
  get inProgress(): number {
    return [...this.clusters.values()].reduce((sum, { inProgress }) => sum + inProgress, 0);
  }

  /** A request begins. */
  begin(cluster: string): void {
    const counts = this.clusters.get(cluster);
    if (counts === undefined) return;
    counts.issued++;
    counts.inProgress++;
    if (this.isFollowed(cluster)) this.counted++;
  }

  /** It ends. */
  end(cluster: string, how: "success" | "error" | "cancelled"): void {
    const counts = this.clusters.get(cluster);
    if (counts === undefined) return;
    counts.inProgress--;
    if (how === "cancelled") return;
    counts[how]++;
    if (this.isFollowed(cluster)) this.counted++;
  }

  /** A request that a breaker refuses. */
  drop(cluster: string): void {
    const counts = this.clusters.get(cluster);
    if (counts === undefined) return;
    counts.dropped++;
    if (this.isFollowed(cluster)) this.counted++;
  }

  /** Those that were not followed before start at zero. */
  follow(clusters: FollowedClusters): void {
    const before = this.followed;
    for (const [name, counts] of this.clusters) {
      const was = before === "all" || before.includes(name);
      const is = clusters === "all" || clusters.includes(name);
      // What was counted and not taken is forgotten with its cluster.
      if (was && !is) this.counted -= sumOf(counts);
      if (was !== is) Object.assign(counts, { ...ZERO, inProgress: counts.inProgress });
    }
    this.followed = clusters;
  }

  /** What came since the last time. */
  take(): ClusterLoad[] {
    const loads: ClusterLoad[] = [];
    for (const [cluster, counts] of this.clusters) {
      if (!this.isFollowed(cluster)) continue;
      const { success, error, issued, inProgress, dropped } = counts;
      this.taken += sumOf(counts);
      Object.assign(counts, { ...ZERO, inProgress });
      const own = { success, error, issued, inProgress };
      const address = { kind: "socket", host: "192.0.2.1", port: 80, ipv4Compat: false } as const;
      const locality = { locality: { region: "", zone: "z", subZone: "" }, priority: 0, ...own };
      const isBusy = success + error + issued + inProgress > 0;
      loads.push({
        cluster,
        serviceName: "",
        localities: isBusy ? [{ ...locality, endpoints: [{ address, ...own }] }] : [],
        droppedTotal: dropped,
        dropped: [],
      });
    }
    return loads;
  }

  private isFollowed(cluster: string): boolean {
    return this.followed === "all" || this.followed.includes(cluster);
  }
}

/** All that a load counts, gauges aside. */
export function countOf(loads: readonly ClusterLoad[]): number {
  let sum = 0;
  for (const { localities, droppedTotal } of loads) {
    for (const { success, error, issued } of localities) sum += success + error + issued;
    sum += droppedTotal;
  }
  return sum;
}

function sumOf({ success, error, issued, dropped }: Omit<typeof ZERO, "inProgress">): number {
  return success + error + issued + dropped;
}

const ZERO = { success: 0, error: 0, issued: 0, inProgress: 0, dropped: 0 };
