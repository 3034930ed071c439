// `ring_hash_lb.*` and `maglev_lb.*` of a cluster, worked out on the main thread from weights and health: one writer, as for membership, and
// no hash is needed for them. As in Envoy the last priority that has hosts is the one that is shown.
import type { ClusterPlan, HashBalancerPlan, LocalityPlan } from "../config/plan/cluster.ts";
import type { EndpointFacts } from "../config/plan/endpoint-set.ts";
import { dealEntries, hashKeyOf, ringPoints, type SharedHost, sharesOf } from "../telemetry/hash-shares.ts";
import { DEGRADED_FLAGS, EXCLUDED_FLAGS, UNHEALTHY_FLAGS } from "../telemetry/health-table.ts";
import { priorityLoads } from "../telemetry/priority-load.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";

/** The gauges of one cluster, from endpoints that are shown to it one by one. */
export class HashGauges {
  private readonly plan: ClusterPlan;
  private readonly balancer: HashBalancerPlan;
  private readonly priorities: Priority[] = [];

  constructor(plan: ClusterPlan, balancer: HashBalancerPlan) {
    this.plan = plan;
    this.balancer = balancer;
  }

  /** One endpoint with its HealthFlag bits. */
  add(facts: EndpointFacts, flags: number): void {
    while (this.priorities.length <= facts.priority) this.priorities.push(new Priority());
    this.priorities[facts.priority]?.add(hostOf(facts, this.balancer.usesHostname), flags);
  }

  /** Shows what follows from them. */
  show(stats: StatsWriter): void {
    const { balancer, plan, priorities } = this;
    const { panic } = priorityLoads(priorities, plan.overprovisioningPercent, plan.panicThresholdPercent);
    let gauges = balancer.kind === "ring_hash" ? NO_RING : NO_TABLE;
    for (const [i, { all, well }] of priorities.entries()) {
      const { hosts, shares } = sharesOf(panic[i] === true ? all : well, balancer.isLocalityWeighted ? all : null);
      if (hosts.length > 0) gauges = gaugesOf(balancer, hosts, shares);
    }
    for (const [name, value] of Object.entries(gauges)) {
      const slot = stats.gauge(`cluster.${plan.statName}.${name}`);
      slot.values[slot.at] = value;
    }
  }
}

/** The endpoints of one priority. */
class Priority {
  readonly all: KeyedHost[] = [];
  readonly well: KeyedHost[] = [];
  degraded: number = 0;
  excluded: number = 0;

  get hosts(): number {
    return this.all.length;
  }

  get healthy(): number {
    return this.well.length;
  }

  add(host: KeyedHost, flags: number): void {
    this.all.push(host);
    if ((flags & EXCLUDED_FLAGS) !== 0) this.excluded++;
    if ((flags & (UNHEALTHY_FLAGS | DEGRADED_FLAGS)) === 0) this.well.push(host);
    else if ((flags & UNHEALTHY_FLAGS) === 0) this.degraded++;
  }
}

interface KeyedHost extends SharedHost {
  readonly key: string;
  readonly locality: LocalityPlan;
}

function hostOf(facts: EndpointFacts, usesHostname: boolean): KeyedHost {
  const { locality, localityWeight, weight } = facts;
  return { key: hashKeyOf(facts, usesHostname), locality, localityWeight, weight: Math.max(1, weight) };
}

function gaugesOf(
  plan: HashBalancerPlan,
  hosts: readonly KeyedHost[],
  shares: Float64Array,
): Readonly<Record<string, number>> {
  switch (plan.kind) {
    case "ring_hash": {
      const { size, counts } = ringPoints(shares, plan);
      const { least, most } = extremes(counts);
      return {
        "ring_hash_lb.size": size,
        "ring_hash_lb.min_hashes_per_host": least,
        "ring_hash_lb.max_hashes_per_host": most,
      };
    }
    case "maglev": {
      if (hosts.length === 1) return LONE_HOST;
      if (shares.every((share) => share === shares[0])) return evenly(plan.tableSize, hosts.length);
      const counts = new Uint32Array(hosts.length);
      const order = [...hosts.keys()].sort((a, b) => ((hosts[a]?.key ?? "") < (hosts[b]?.key ?? "") ? -1 : 1));
      const inOrder = Float64Array.from(order, (host) => shares[host] as number);
      dealEntries(inOrder, plan.tableSize, (host) => {
        counts[host] = (counts[host] as number) + 1;
      });
      const { least, most } = extremes(counts);
      return { "maglev_lb.min_entries_per_host": least, "maglev_lb.max_entries_per_host": most };
    }
  }
}

/** Entries of hosts that weigh the same, without dealing them out. */
function evenly(tableSize: number, hosts: number): Readonly<Record<string, number>> {
  const [least, most] = [Math.floor(tableSize / hosts), Math.ceil(tableSize / hosts)];
  return { "maglev_lb.min_entries_per_host": least, "maglev_lb.max_entries_per_host": most };
}

function extremes(counts: Uint32Array): { least: number; most: number } {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const count of counts) {
    if (count < least) least = count;
    if (count > most) most = count;
  }
  return { least, most };
}

const NO_RING: Readonly<Record<string, number>> = {
  "ring_hash_lb.size": 0,
  "ring_hash_lb.min_hashes_per_host": 0,
  "ring_hash_lb.max_hashes_per_host": 0,
};
/** As Envoy shows it: a table of one entry is enough for one host. */
const LONE_HOST: Readonly<Record<string, number>> = {
  "maglev_lb.min_entries_per_host": 1,
  "maglev_lb.max_entries_per_host": 1,
};
const NO_TABLE: Readonly<Record<string, number>> = {
  "maglev_lb.min_entries_per_host": 0,
  "maglev_lb.max_entries_per_host": 0,
};
