// How much of a ring or table each endpoint of a hashing balancer gets: arithmetic alone, without a hash. The data plane fills its tables
// by it; the main thread works the gauges out of it.
import { wireText } from "../base/wire-text.ts";
import { addressText } from "../config/plan/address.ts";
import type { HashBalancerPlan, LocalityPlan } from "../config/plan/cluster.ts";
import type { EndpointFacts } from "../config/plan/endpoint-set.ts";

/** What is asked of an endpoint. */
export interface SharedHost {
  readonly weight: number;
  readonly locality: LocalityPlan;
  /** load_balancing_weight of its locality. */
  readonly localityWeight: number;
}

/**
 * What the points of an endpoint are made of: metadata envoy.lb hash_key, else its address, or its hostname where that is wished. One
 * character per byte.
 */
export function hashKeyOf({ address, hostname, metadata }: EndpointFacts, usesHostname: boolean): string {
  const given = (metadata["envoy.lb"] as { readonly hash_key?: unknown } | undefined)?.hash_key;
  const key = typeof given === "string" && given !== "" ? given : usesHostname ? hostname : addressText(address);
  return wireText(key);
}

/** Hosts with their shares of the whole, in the order in which they are filled in. */
export interface HostShares<H> {
  readonly hosts: readonly H[];
  /** By place in `hosts`; they add up to 1 unless a locality has weight and no host. */
  readonly shares: Float64Array;
}

/** Shares by weight; with `everyone`, all hosts of the priority, by weight of locality and then by weight (a locality without weight gets none). */
export function sharesOf<H extends SharedHost>(hosts: readonly H[], everyone: readonly H[] | null): HostShares<H> {
  if (everyone === null) {
    const shares = new Float64Array(hosts.length);
    share(hosts, 1, shares, 0);
    return { hosts: hosts.slice(), shares };
  }
  const localities = new Map<string, { readonly weight: number; readonly hosts: H[] }>();
  for (const { locality, localityWeight } of everyone) {
    const key = keyOf(locality);
    if (!localities.has(key)) localities.set(key, { weight: localityWeight, hosts: [] });
  }
  for (const host of hosts) localities.get(keyOf(host.locality))?.hosts.push(host);
  let total = 0;
  for (const { weight } of localities.values()) total += weight;
  const weighted = [...localities].filter(([, { weight }]) => weight > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  const chosen = weighted.flatMap(([, locality]) => locality.hosts);
  const shares = new Float64Array(chosen.length);
  let at = 0;
  for (const [, locality] of weighted) {
    share(locality.hosts, locality.weight / total, shares, at);
    at += locality.hosts.length;
  }
  return { hosts: chosen, shares };
}

/** Points of each host on a ring, and what Envoy shows as the ring's size. */
export function ringPoints(
  shares: Float64Array,
  { pointsMin, pointsMax }: Extract<HashBalancerPlan, { kind: "ring_hash" }>,
): { readonly size: number; readonly counts: Uint32Array } {
  const counts = new Uint32Array(shares.length);
  const least = shares.reduce((min, one) => Math.min(min, one), 1);
  // So many that the host with the least share has a whole number of them, unless that is too many.
  const scale = Math.min(Math.ceil(least * pointsMin) / least, pointsMax);
  let current = 0;
  let target = 0;
  for (let i = 0; i < shares.length; i++) {
    target += scale * (shares[i] as number);
    const before = current;
    while (current < target) current++;
    counts[i] = current - before;
  }
  return { size: Math.ceil(scale), counts };
}

/** Calls `take` with the place of the host that takes the next entry of a Maglev table, once for each entry. */
export function dealEntries(shares: Float64Array, tableSize: number, take: (host: number) => void): void {
  const most = shares.reduce((max, one) => Math.max(max, one), 0);
  const targets = new Float64Array(shares.length);
  for (let iteration = 1, dealt = 0; dealt < tableSize; iteration++) {
    for (let i = 0; i < shares.length && dealt < tableSize; i++) {
      if (iteration * (shares[i] as number) < (targets[i] as number)) continue;
      targets[i] = (targets[i] as number) + most;
      take(i);
      dealt++;
    }
  }
}

function share(hosts: readonly SharedHost[], whole: number, shares: Float64Array, from: number): void {
  let total = 0;
  for (const { weight } of hosts) total += weight;
  for (const [i, { weight }] of hosts.entries()) shares[from + i] = (weight * whole) / total;
}

function keyOf({ region, zone, subZone }: LocalityPlan): string {
  return `${region}\0${zone}\0${subZone}`;
}
