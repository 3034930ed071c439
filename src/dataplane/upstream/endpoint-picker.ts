// Which endpoint of a cluster the next request goes to: by the balancer that its plan names, from the hosts that its health and
// priorities leave. Called by upstream-cluster.ts once for each attempt.
import { Bits64 } from "../../base/bits64.ts";
import type { Random } from "../../base/random.ts";
import type { BalancerPlan } from "../../config/plan/cluster.ts";
import type { RuntimeView } from "../../config/plan/runtime.ts";
import type { MetadataMatchPlan } from "../../config/plan/subset.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import { type Balancer, createBalancer } from "./balance/balancer.ts";
import { HashBalancer } from "./balance/hash-balancer.ts";
import type { PrioritySet } from "./balance/host-set.ts";
import type { SlowStart } from "./balance/slow-start.ts";
import type { BreakerUse } from "./breaker-use.ts";
import type { UpstreamEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./upstream.ts";

/** Who may refuse what was picked. */
export interface PickAgain {
  readonly repicksMax: number;
  avoids(endpoint: Endpoint): boolean;
}

/** Picks. */
export interface EndpointPicker {
  /**
   * The endpoint; null when none is to be had. `hash`: of the request; null: it has none. `again`: who may refuse; null: nobody. `match`:
   * the labels that it must have, where there are subsets.
   */
  pick(hash: Bits64 | null, again: PickAgain | null, match: MetadataMatchPlan | null): UpstreamEndpoint | null;
}

/** What it picks from. */
export interface PickerHome {
  readonly from: { current(): PrioritySet<UpstreamEndpoint> };
  readonly random: Random;
  readonly runtime: RuntimeView;
  readonly slowStart: SlowStart | null;
  /** CLUSTER block. */
  readonly stats: Float64Array;
  readonly breakers: BreakerUse;
}

/** The picker of a cluster. */
export function createPicker(plan: BalancerPlan, home: PickerHome): EndpointPicker {
  switch (plan.kind) {
    case "round_robin":
    case "least_request":
    case "random":
      return new TurnPicker(createBalancer(plan, home), home);
    case "ring_hash":
    case "maglev":
      return new HashPicker(new HashBalancer(plan, () => home.breakers.requests()), home);
  }
}

class TurnPicker implements EndpointPicker {
  private readonly balancer: Balancer;
  private readonly home: PickerHome;

  constructor(balancer: Balancer, home: PickerHome) {
    this.balancer = balancer;
    this.home = home;
  }

  pick(_: Bits64 | null, again: PickAgain | null): UpstreamEndpoint | null {
    let endpoint = this.once();
    if (again === null) return endpoint;
    const { repicksMax } = again;
    for (let i = 0; i < repicksMax && endpoint !== null && again.avoids(endpoint); i++) endpoint = this.once();
    return endpoint;
  }

  private once(): UpstreamEndpoint | null {
    const { from, random, stats } = this.home;
    const list = from.current().choose(random);
    if (list.isPanic) count(stats, CLUSTER.at.lb_healthy_panic);
    return this.balancer.pick(list);
  }
}

class HashPicker implements EndpointPicker {
  private readonly balancer: HashBalancer<UpstreamEndpoint>;
  private readonly home: PickerHome;
  private readonly chance = new Bits64();

  constructor(balancer: HashBalancer<UpstreamEndpoint>, home: PickerHome) {
    this.balancer = balancer;
    this.home = home;
  }

  pick(given: Bits64 | null, again: PickAgain | null): UpstreamEndpoint | null {
    const { from, random, stats } = this.home;
    const hash = given ?? this.chance;
    if (given === null) hash.set(random.next32(), random.next32());
    const priorities = from.current();
    // As in Envoy the hash chooses the priority too, and degraded hosts are used only in a panic.
    const priority = priorities.priorityAt(hash.remainder(100) + 1);
    const list = priorities.usual(priority);
    const { members } = priorities.at(priority);
    if (list.isPanic) count(stats, CLUSTER.at.lb_healthy_panic);
    let endpoint = this.balancer.pick(list, members, priority, hash, 0);
    if (again === null) return endpoint;
    const { repicksMax } = again;
    for (let i = 1; i <= repicksMax && endpoint !== null && again.avoids(endpoint); i++) {
      endpoint = this.balancer.pick(list, members, priority, hash, i);
    }
    return endpoint;
  }
}
