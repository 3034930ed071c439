// What must be so of flap damping: it holds an endpoint out no longer than eight times its recovery threshold, and is forgotten in quiet.
import type { Damping } from "../../../src/control/mesh/state/entities.ts";
import type { Breach } from "./invariants.ts";
import type { SimNode } from "./sim-node.ts";
import type { World } from "./world.ts";

/** At any time: what was passed eight times as often as recovery takes, is in. */
export function breachesOfDamping(world: World): Breach[] {
  return dampings(world).flatMap(({ node, address, damping }) => {
    const { factor, passes, standing } = damping;
    const isHeldTooLong = standing === "unhealthy" && passes >= FACTOR_MAX * world.facts.healthyThreshold;
    if (factor <= FACTOR_MAX && !isHeldTooLong) return [];
    const what = `${node.name} holds ${address} ${standing} after ${passes} passes in a row, ${factor} times its threshold`;
    return [{ invariant: "damping", what }];
  });
}

/** How much is damped at most, of all nodes. */
export function mostDamped(world: World): number {
  return Math.max(1, ...dampings(world).map(({ damping }) => damping.factor));
}

/** Of the slowest clock: so long after the last flap each factor is half of what it was. */
export function quietWindowMs({ facts, nodes }: World): number {
  const slowest = Math.min(1, ...[...nodes.values()].map(({ parts }) => parts.clockRate));
  return (4 * (facts.healthyThreshold + facts.unhealthyThreshold) * facts.intervalMs) / slowest;
}

/** How long recovery may take because of it. */
export function longestHeldMs({ facts, nodes }: World): number {
  const slowest = Math.min(1, ...[...nodes.values()].map(({ parts }) => parts.clockRate));
  return (FACTOR_MAX * facts.healthyThreshold * facts.intervalMs) / slowest;
}

function dampings(world: World): { readonly node: SimNode; readonly address: string; readonly damping: Damping }[] {
  return [...world.nodes.values()].flatMap((node) =>
    [...node.state.targets.values()].flatMap(({ isOrdered, address, damping }) =>
      isOrdered && damping !== null ? [{ node, address, damping }] : [],
    ),
  );
}

const FACTOR_MAX = 8;
