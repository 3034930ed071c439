// ROUND_ROBIN: strict rotation while weights are equal, else earliest deadline first.
import type { Random } from "../../../base/random.ts";
import type { Host } from "./host.ts";
import type { HostList } from "./host-list.ts";

/** Envoy's round robin: the start is random, the order is the list's. */
export class RoundRobin {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** The next host; null when the list is empty. */
  pick<H extends Host>(list: HostList<H>): H | null {
    if (list.hosts.length === 0) return null;
    return list.weightsAreEqual ? list.rotate(this.random) : list.pickByWeight(this.random, null);
  }
}
