// RING_HASH and MAGLEV: the same hash leads to the same host while it is there and well. A table is made by the first pick after its
// hosts changed, and kept while they are the same. Called by endpoint-picker.ts.
import type { Bits64 } from "../../../base/bits64.ts";
import { MersenneTwister } from "../../../base/mersenne-twister.ts";
import type { HashBalancerPlan } from "../../../config/plan/cluster.ts";
import { type HostShares, ringPoints, type SharedHost, sharesOf } from "../../../telemetry/hash-shares.ts";
import type { HashTable } from "./hash-table.ts";
import type { Host } from "./host.ts";
import type { HostList } from "./host-list.ts";
import { Maglev } from "./maglev.ts";
import { Ring } from "./ring.ts";

/** A host that has a place on a ring. */
export interface HashHost extends Host, SharedHost {
  /** What its points are made of (`hashKeyOf`). */
  hashKey(usesHostname: boolean): string;
}

/** The balancer of one cluster. */
export class HashBalancer<H extends HashHost> {
  private readonly plan: HashBalancerPlan;
  private readonly running: () => number;
  /** By priority. */
  private readonly filled: (Filled<H> | null)[] = [];

  /** `running`: requests that the whole cluster runs now; asked only when loads are bounded. */
  constructor(plan: HashBalancerPlan, running: () => number) {
    this.plan = plan;
    this.running = running;
  }

  /**
   * The host of a hash; null when the list is empty. `list`: the hosts of the priority that may be picked; `everyone`: all of it.
   * `attempt`: 0, then one more for each host that was refused.
   */
  pick(list: HostList<H>, everyone: readonly H[], priority: number, hash: Bits64, attempt: number): H | null {
    const filled = this.tableOf(list, everyone, priority);
    const { hosts, table } = filled;
    if (table === null) return null;
    const at = table.indexOf(hash, attempt);
    return hosts[this.plan.balanceFactorPercent === 0 ? at : this.bounded(filled, at, hash)] as H;
  }

  private tableOf(list: HostList<H>, everyone: readonly H[], priority: number): Filled<H> {
    const held = this.filled[priority] ?? null;
    if (held !== null && held.list === list && held.version === list.version) return held;
    const { plan } = this;
    const filled = sharesOf(list.hosts, plan.isLocalityWeighted ? everyone : null);
    const keys = filled.hosts.map((host) => host.hashKey(plan.usesHostname));
    const isSame = held !== null && isEqual(held.keys, keys) && isEqual(held.shares, filled.shares);
    const table = isSame ? held.table : tableOf(plan, keys, filled.shares);
    const made = { ...filled, list, version: list.version, keys, table };
    this.filled[priority] = made;
    return made;
  }

  /**
   * The host at this place, or where it has more than its part of the load another one: in a random order that the hash fixes
   * (arXiv:1608.01350, 1908.08762), the first that has less, else the least loaded.
   */
  private bounded({ hosts, shares }: HostShares<H>, at: number, hash: Bits64): number {
    const slots = Math.floor(((this.running() + 1) * this.plan.balanceFactorPercent + 99) / 100);
    const load = (i: number): number =>
      (hosts[i] as H).activeRequests() / Math.max(1, Math.ceil(slots * (shares[i] as number)));
    let least = at;
    let leastLoad = load(at);
    if (leastLoad <= 1) return at;
    const random = new MersenneTwister(hash.low);
    const order = Uint32Array.from(hosts, (_, i) => i);
    for (let i = 0; i < order.length; i++) {
      const j = i + below(random, order.length - i);
      const other = order[j] as number;
      order[j] = order[i] as number;
      order[i] = other;
      if (other === at) continue;
      const otherLoad = load(other);
      if (otherLoad <= 1) return other;
      if (otherLoad < leastLoad) {
        least = other;
        leastLoad = otherLoad;
      }
    }
    return least;
  }
}

interface Filled<H extends HashHost> extends HostShares<H> {
  readonly list: HostList<H>;
  readonly version: number;
  readonly keys: readonly string[];
  /** Null: there is no host. */
  readonly table: HashTable | null;
}

function tableOf(plan: HashBalancerPlan, keys: readonly string[], shares: Float64Array): HashTable | null {
  if (keys.length === 0) return null;
  switch (plan.kind) {
    case "ring_hash":
      return new Ring(keys, ringPoints(shares, plan).counts, plan.hash);
    case "maglev":
      return new Maglev(keys, shares, plan.tableSize);
  }
}

/** A number below `bound`, as Envoy draws it. */
function below(random: MersenneTwister, bound: number): number {
  const part = Math.floor(0x1_0000_0000 / bound);
  for (;;) {
    const drawn = Math.floor(random.next32() / part);
    if (drawn < bound) return drawn;
  }
}

function isEqual<T>(some: ArrayLike<T>, others: ArrayLike<T>): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
