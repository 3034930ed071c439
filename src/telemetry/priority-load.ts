// Envoy's division of load over priorities: how many percent of requests go to which priority, to healthy or degraded hosts, and
// which priorities are in panic. Pure; called by host-set.ts when membership or health changed.

/** Hosts of one priority by state. */
export interface PriorityCounts {
  readonly hosts: number;
  readonly healthy: number;
  readonly degraded: number;
  /** Left out of the total when the healthy share is computed. */
  readonly excluded: number;
}

/** Percents by priority; all of `healthy` and `degraded` together are 100. */
export interface PriorityLoads {
  readonly healthy: readonly number[];
  readonly degraded: readonly number[];
  /** A priority in panic uses all its hosts. */
  readonly panic: readonly boolean[];
}

/** The loads; `overprovisioningPercent` is 140 by default, `panicThresholdPercent` 50, and 0 switches panic off. */
export function priorityLoads(
  counts: readonly PriorityCounts[],
  overprovisioningPercent: number,
  panicThresholdPercent: number,
): PriorityLoads {
  const health = counts.map((c) => availability(c, c.healthy, overprovisioningPercent));
  const degradedHealth = counts.map((c) => availability(c, c.degraded, overprovisioningPercent));
  const total = Math.min(100, sum(health) + sum(degradedHealth));
  const threshold = Math.min(100, panicThresholdPercent);
  // With enough hosts over all priorities no single one panics, however few it has.
  const panic = counts.map((c) => total !== 100 && isInPanic(c, threshold));
  if (total === 0 && threshold === 0) {
    return { healthy: counts.map((_, i) => (i === 0 ? 100 : 0)), degraded: counts.map(() => 0), panic };
  }
  if (panic.length > 0 && panic.every(Boolean)) return { ...totalPanicLoads(counts), panic };
  return { ...sharedLoads(health, degradedHealth, total), panic };
}

function availability(counts: PriorityCounts, hosts: number, overprovisioningPercent: number): number {
  const counted = counts.hosts - counts.excluded;
  return counted <= 0 ? 0 : Math.min(100, Math.floor((overprovisioningPercent * hosts) / counted));
}

function isInPanic(counts: PriorityCounts, threshold: number): boolean {
  const counted = counts.hosts - counts.excluded;
  const percent = counted <= 0 ? 0 : (100 * (counts.healthy + counts.degraded)) / counted;
  return percent < threshold;
}

/** The first priorities take what they can; the rest spills over; what rounding leaves goes to the first that has anything. */
function sharedLoads(
  health: readonly number[],
  degradedHealth: readonly number[],
  total: number,
): { healthy: number[]; degraded: number[] } {
  let left = 100;
  const take = (available: number): number => {
    const share = Math.min(left, Math.floor((available * 100) / total));
    left -= share;
    return share;
  };
  const healthy = health.map(take);
  const degraded = degradedHealth.map(take);
  const firstHealthy = health.findIndex((available) => available > 0);
  if (firstHealthy >= 0) healthy[firstHealthy] = (healthy[firstHealthy] as number) + left;
  else {
    const firstDegraded = degradedHealth.findIndex((available) => available > 0);
    degraded[firstDegraded] = (degraded[firstDegraded] as number) + left;
  }
  return { healthy, degraded };
}

/** All priorities panic: by number of hosts, whatever their health. */
function totalPanicLoads(counts: readonly PriorityCounts[]): { healthy: number[]; degraded: number[] } {
  const hosts = counts.reduce((all, c) => all + c.hosts, 0);
  const degraded = counts.map(() => 0);
  if (hosts === 0) return { healthy: counts.map((_, i) => (i === 0 ? 100 : 0)), degraded };
  const healthy = counts.map((c) => Math.floor((100 * c.hosts) / hosts));
  const first = counts.findIndex((c) => c.hosts > 0);
  healthy[first] = (healthy[first] as number) + 100 - sum(healthy);
  return { healthy, degraded };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, n) => all + n, 0);
}
