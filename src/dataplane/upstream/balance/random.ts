// RANDOM: every host with the same chance, weights not looked at (as Envoy).
import type { Random } from "../../../base/random.ts";
import type { Host } from "./host.ts";
import type { HostList } from "./host-list.ts";

/** A host by chance. */
export class RandomChoice {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** The next host; null when the list is empty. */
  pick<H extends Host>(list: HostList<H>): H | null {
    const { hosts } = list;
    return hosts.length === 0 ? null : (hosts[this.random.below(hosts.length)] as H);
  }
}
