// ROUND_ROBIN: strict rotation while weights are equal, else earliest deadline first; in a slow start the weights change as time goes.
import type { Random } from "../../../base/random.ts";
import type { Host } from "./host.ts";
import type { HostList } from "./host-list.ts";
import type { SlowStart } from "./slow-start.ts";

/** Envoy's round robin: the start is random, the order is the list's. */
export class RoundRobin {
  private readonly random: Random;
  private readonly slowStart: SlowStart | null;
  /** Null: weights are fixed. */
  private readonly weightOf: ((host: Host) => number) | null;

  constructor({ random, slowStart }: { readonly random: Random; readonly slowStart: SlowStart | null }) {
    this.random = random;
    this.slowStart = slowStart;
    this.weightOf = slowStart === null ? null : (host) => host.weight * slowStart.factor(host);
  }

  /** The next host; null when the list is empty. */
  pick<H extends Host>(list: HostList<H>): H | null {
    if (list.hosts.length === 0) return null;
    const isPlain = list.weightsAreEqual && (this.slowStart === null || !this.slowStart.isOn());
    return isPlain ? list.rotate(this.random) : list.pickByWeight(this.random, this.weightOf);
  }
}
