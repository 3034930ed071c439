// LEAST_REQUEST: with equal weights the least busy of some random choices, else earliest deadline first with the weight divided by
// the load (Envoy's two modes); in a slow start the second, since weights differ then.
import type { Random } from "../../../base/random.ts";
import type { TurnBalancerPlan } from "../../../config/plan/cluster.ts";
import { type RuntimeView, runtimeDecimal } from "../../../config/plan/runtime.ts";
import type { Host } from "./host.ts";
import type { HostList } from "./host-list.ts";
import type { SlowStart } from "./slow-start.ts";

/** Envoy's least request. */
export class LeastRequest {
  private readonly plan: LeastRequestPlan;
  private readonly random: Random;
  private readonly runtime: RuntimeView;
  private readonly slowStart: SlowStart | null;
  /** active_request_bias, of this version of the runtime; 0 makes it a weighted round robin. */
  private bias = 1;
  private version: number | undefined;
  private readonly weightOf = (host: Host): number => {
    const { bias, slowStart } = this;
    const load = host.activeRequests() + 1;
    const weight = bias === 1 ? host.weight / load : bias === 0 ? host.weight : host.weight / load ** bias;
    return slowStart === null ? weight : weight * slowStart.factor(host);
  };

  constructor(plan: LeastRequestPlan, home: LeastRequestHome) {
    this.plan = plan;
    this.random = home.random;
    this.runtime = home.runtime;
    this.slowStart = home.slowStart;
    this.readBias();
  }

  /** The next host; null when the list is empty. */
  pick<H extends Host>(list: HostList<H>): H | null {
    const { hosts } = list;
    if (hosts.length === 0) return null;
    if (!list.weightsAreEqual || this.slowStart?.isOn() === true) {
      if (this.runtime.version !== this.version) this.readBias();
      return list.pickByWeight(this.random, this.weightOf);
    }
    let best = hosts[this.random.below(hosts.length)] as H;
    let least = best.activeRequests();
    for (let choice = 1; choice < this.plan.choices; choice++) {
      const host = hosts[this.random.below(hosts.length)] as H;
      const load = host.activeRequests();
      if (load < least) {
        best = host;
        least = load;
      }
    }
    return best;
  }

  private readBias(): void {
    const { activeRequestBias, biasKey } = this.plan;
    const bias = biasKey === "" ? activeRequestBias : runtimeDecimal(this.runtime, biasKey, activeRequestBias);
    this.bias = bias >= 0 ? bias : 1;
    this.version = this.runtime.version;
  }
}

type LeastRequestPlan = Extract<TurnBalancerPlan, { kind: "least_request" }>;

interface LeastRequestHome {
  readonly random: Random;
  readonly runtime: RuntimeView;
  readonly slowStart: SlowStart | null;
}
