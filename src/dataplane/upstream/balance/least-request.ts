// LEAST_REQUEST: with equal weights the least busy of some random choices, else earliest deadline first with the weight divided by
// the load (Envoy's two modes).
import type { Random } from "../../../base/random.ts";
import type { Host } from "./host.ts";
import type { HostList } from "./host-list.ts";

/** Envoy's least request. */
export class LeastRequest {
  private readonly random: Random;
  private readonly choices: number;
  private readonly weightOf: (host: Host) => number;

  /** `choices`: choice_count, default 2. `bias`: active_request_bias, default 1; 0 makes it a weighted round robin. */
  constructor(random: Random, choices: number, bias: number) {
    this.random = random;
    this.choices = choices;
    this.weightOf = weightUnderLoad(bias);
  }

  /** The next host; null when the list is empty. */
  pick<H extends Host>(list: HostList<H>): H | null {
    const { hosts } = list;
    if (hosts.length === 0) return null;
    if (!list.weightsAreEqual) return list.pickByWeight(this.random, this.weightOf);
    let best = hosts[this.random.below(hosts.length)] as H;
    let least = best.activeRequests();
    for (let choice = 1; choice < this.choices; choice++) {
      const host = hosts[this.random.below(hosts.length)] as H;
      const load = host.activeRequests();
      if (load < least) {
        best = host;
        least = load;
      }
    }
    return best;
  }
}

function weightUnderLoad(bias: number): (host: Host) => number {
  if (bias === 0) return (host) => host.weight;
  if (bias === 1) return (host) => host.weight / (host.activeRequests() + 1);
  return (host) => host.weight / (host.activeRequests() + 1) ** bias;
}
