// Hosts for balancer tests: a name, a weight, a load and flags.
import type { Random } from "../../../../src/base/random.ts";
import type { BalancerHome } from "../../../../src/dataplane/upstream/balance/balancer.ts";
import type { FlaggedHost } from "../../../../src/dataplane/upstream/balance/host-set.ts";

/** A host whose facts a test sets. */
export class PlainHost implements FlaggedHost {
  readonly name: string;
  readonly weight: number;
  load: number = 0;
  wellSinceMs: number = -1;
  flags: number;

  constructor(name: string, weight: number = 1, flags: number = 0) {
    this.name = name;
    this.weight = weight;
    this.flags = flags;
  }

  activeRequests(): number {
    return this.load;
  }

  healthFlags(): number {
    return this.flags;
  }
}

/** What balancers stand on without a slow start. */
export function home(random: Random): BalancerHome {
  return { random, runtime: new Map(), slowStart: null };
}

/** `count` hosts named by letters of weight 1, or by the weights given. */
export function hosts(...weights: readonly number[]): PlainHost[] {
  return weights.map((weight, i) => new PlainHost(String.fromCharCode(97 + i), weight));
}

/** How often each name came. */
export function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
