// The counters of one simulated process, requests and connections, and how they are taken: as the real reader does, as differences since the last time.
import { connectionCounts } from "../../../src/control/load/connection-counts.ts";
import type { ClusterLoad, FollowedClusters } from "../../../src/messages/load.ts";

/** Requests of one process by cluster; of the first cluster each is on a connection of its own, which are counted too. */
export class SimCounters {
  /** All that was counted while its cluster was followed. */
  counted = 0;
  /** All that was taken. */
  taken = 0;
  private followed: FollowedClusters = [];
  private readonly clusters = new Map<string, Counts>();
  private readonly ofTcp: string;

  constructor(clusters: readonly string[]) {
    this.ofTcp = clusters[0] ?? "";
    for (const cluster of clusters) this.clusters.set(cluster, { ...ZERO });
  }

  /** Requests and connections that are under way now. */
  get inProgress(): number {
    return [...this.clusters.values()].reduce((sum, { inProgress, active }) => sum + inProgress + active, 0);
  }

  /** A request begins. */
  begin(cluster: string): void {
    const counts = this.clusters.get(cluster);
    if (counts === undefined) return;
    counts.issued++;
    counts.inProgress++;
    this.count(cluster);
    if (cluster !== this.ofTcp) return;
    counts.opened++;
    counts.active++;
    this.count(cluster);
  }

  /** It ends. */
  end(cluster: string, how: "success" | "error" | "cancelled"): void {
    const counts = this.clusters.get(cluster);
    if (counts === undefined) return;
    counts.inProgress--;
    // Connections that went well stay.
    if (cluster === this.ofTcp && how !== "success") counts.active--;
    if (how === "cancelled") return;
    counts[how]++;
    this.count(cluster);
    if (cluster !== this.ofTcp || how === "success") return;
    counts.failed++;
    this.count(cluster);
  }

  /** A connection that stayed ends: nothing is counted. */
  close(cluster: string): void {
    const counts = this.clusters.get(cluster);
    if (counts !== undefined) counts.active--;
  }

  /** A request that a breaker refuses. */
  drop(cluster: string): void {
    const counts = this.clusters.get(cluster);
    if (counts === undefined) return;
    counts.dropped++;
    this.count(cluster);
  }

  /** Those that were not followed before start at zero. */
  follow(clusters: FollowedClusters): void {
    const before = this.followed;
    for (const [name, counts] of this.clusters) {
      const was = before === "all" || before.includes(name);
      const is = clusters === "all" || clusters.includes(name);
      // What was counted and not taken is forgotten with its cluster.
      if (was && !is) this.counted -= sumOf(counts);
      if (was !== is) forget(counts);
    }
    this.followed = clusters;
  }

  /** What came since the last time. */
  take(): ClusterLoad[] {
    const loads: ClusterLoad[] = [];
    for (const [cluster, counts] of this.clusters) {
      if (!this.isFollowed(cluster)) continue;
      const { success, error, issued, inProgress, dropped, opened, failed, active } = counts;
      this.taken += sumOf(counts);
      forget(counts);
      const own = { success, error, issued, inProgress };
      const address = { kind: "socket", host: "192.0.2.1", port: 80, ipv4Compat: false } as const;
      const locality = { locality: { region: "", zone: "z", subZone: "" }, priority: 0, ...own };
      const connections = connectionCounts(opened, failed, active);
      const isBusy = success + error + issued + inProgress > 0 || connections !== null;
      loads.push({
        cluster,
        serviceName: "",
        localities: isBusy ? [{ ...locality, connections, endpoints: [{ address, ...own }] }] : [],
        droppedTotal: dropped,
        dropped: [],
      });
    }
    return loads;
  }

  private count(cluster: string): void {
    if (this.isFollowed(cluster)) this.counted++;
  }

  private isFollowed(cluster: string): boolean {
    return this.followed === "all" || this.followed.includes(cluster);
  }
}

/** All that a load counts, gauges aside. */
export function countOf(loads: readonly ClusterLoad[]): number {
  let sum = 0;
  for (const { localities, droppedTotal } of loads) {
    for (const { success, error, issued, connections } of localities) {
      sum += success + error + issued + (connections?.opened ?? 0) + (connections?.failed ?? 0);
    }
    sum += droppedTotal;
  }
  return sum;
}

type Counts = typeof ZERO;

function sumOf({ success, error, issued, dropped, opened, failed }: Counts): number {
  return success + error + issued + dropped + opened + failed;
}

/** Gauges stay. */
function forget(counts: Counts): void {
  const { inProgress, active } = counts;
  Object.assign(counts, { ...ZERO, inProgress, active });
}

const ZERO = { success: 0, error: 0, issued: 0, inProgress: 0, dropped: 0, opened: 0, failed: 0, active: 0 };
