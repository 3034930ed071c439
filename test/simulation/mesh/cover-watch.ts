// Looks while faults come and go whether every endpoint is probed by somebody who can: how long it is not, at most.
import type { SimEndpoint } from "./endpoints.ts";
import type { Breach } from "./invariants.ts";
import type { SimNode } from "./sim-node.ts";
import type { World } from "./world.ts";

/** Watches one world; asked again and again. */
export class CoverWatch {
  private readonly world: World;
  /** When each endpoint was last probed by somebody, or somebody was lost who would have been. */
  private readonly sinceMs = new Map<SimEndpoint, number>();
  private able: ReadonlySet<SimNode> = new Set();

  constructor(world: World) {
    this.world = world;
  }

  /** What went without cover for longer than its bar. */
  breaches(): Breach[] {
    const { world } = this;
    const { nowMs } = world.time;
    const able = new Set([...world.nodes.values()].filter(isAble));
    // Whoever was next on the ladder may be gone: the wait begins anew.
    const isDisturbed =
      [...this.able].some((node) => !able.has(node)) || nowMs - world.network.calmSinceMs < NOTICED_MS;
    this.able = able;
    const barMs = barOf(world, able);
    return world.endpoints.flatMap((endpoint) => {
      const checkers = this.checkersOf(endpoint);
      if (isDisturbed || checkers.length === 0 || checkers.some((node) => probes(world, node, endpoint))) {
        this.sinceMs.set(endpoint, nowMs);
        return [];
      }
      const gapMs = nowMs - (this.sinceMs.get(endpoint) ?? nowMs);
      if (gapMs <= barMs) return [];
      const what = `${endpoint.name} is probed by nobody for ${gapMs} ms, and ${checkers.map(({ name }) => name).join(", ")} could`;
      return [{ invariant: "no gap of cover", what }];
    });
  }

  /** Able nodes with the endpoint that are to check it: those with the role, if somebody has it at all. */
  private checkersOf(endpoint: SimEndpoint): SimNode[] {
    const isChecker = ({ state }: SimNode): boolean => state.self.roles.includes("health");
    const hasCheckers = [...this.world.nodes.values()].some(isChecker);
    return [...this.able].filter(
      (node) => targetOf(this.world, node, endpoint) !== undefined && (isChecker(node) || !hasCheckers),
    );
  }
}

function isAble(node: SimNode): boolean {
  const { state, judge, parts, pausedUntilMs } = node;
  return state.mode === "serving" && !judge.isHung && pausedUntilMs <= parts.network.time.nowMs;
}

function probes(world: World, node: SimNode, endpoint: SimEndpoint): boolean {
  const target = targetOf(world, node, endpoint);
  return target?.isOrdered === true && !target.isPrivate;
}

function targetOf(world: World, node: SimNode, endpoint: SimEndpoint) {
  return node.state.targets.get(world.facts.group + endpoint.target);
}

/** Two owners lost at once: five seconds, of the slowest clock, and of nodes that stood still and wait longer for others. */
function barOf({ network }: World, able: ReadonlySet<SimNode>): number {
  const slowest = Math.min(1, ...[...able].map(({ parts }) => parts.clockRate));
  const strain = Math.max(1, ...[...able].map(({ state }) => state.strain));
  return (GAP_MS * strain) / slowest + (network.weather.loss > 0 ? LOSS_MS : 0);
}

const GAP_MS = 5_000;

/** Nodes learn of a broker or a partition that came or went within this. */
const NOTICED_MS = 1_000;

/** Claims and releases that are lost are repeated in beats. */
const LOSS_MS = 2_000;
