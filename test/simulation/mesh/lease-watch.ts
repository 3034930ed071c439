// What must be so of announced endpoints while faults come and go, and when everything is at rest.
import type { Breach } from "./invariants.ts";
import type { SimNode } from "./sim-node.ts";
import type { World } from "./world.ts";

/** At any time: addresses that nobody ever had, and those of processes that are over for longer than a lease lasts. */
export function breachesOfEndedLeases(world: World): Breach[] {
  const announcers = new Map(world.everStarted.map((node) => [node.announcer.address, node]));
  return [...world.nodes.values()].flatMap((node) =>
    [...node.announcer.held.keys()].flatMap((address) => judge(world, node, address, announcers.get(address))),
  );
}

function judge({ network, time }: World, node: SimNode, address: string, announcer: SimNode | undefined): Breach[] {
  if (announcer === undefined) {
    return [{ invariant: "no address invented", what: `${node.name} has ${address}, which nobody announced` }];
  }
  // Without the broker everybody is silent: what is held is held on, and its time begins again with the broker.
  if (!announcer.isDead || !network.isBrokerUp || node.pausedUntilMs > time.nowMs) return [];
  const sinceMs = Math.max(announcer.endedMs, network.calmSinceMs + NOTICED_MS, node.resumedMs);
  const heldMs = (time.nowMs - sinceMs) * node.parts.clockRate;
  if (heldMs <= LEASE_MS + LATE_MS) return [];
  return [{ invariant: "leases", what: `${node.name} has ${address} ${Math.round(heldMs)} ms after its end` }];
}

/** At rest each node has the endpoints of all, and no other. */
export function breachesOfLeases(world: World): Breach[] {
  const living = [...world.nodes.values()];
  const wanted = living.map(({ announcer }) => announcer.address).sort();
  return living.flatMap(({ name, announcer }) => {
    const held = [...announcer.held.keys()].sort();
    if (held.join() === wanted.join()) return [];
    return [{ invariant: "leases" as const, what: `${name} has ${held.join(", ")} instead of ${wanted.join(", ")}` }];
  });
}

/** From an announcer's last beat. */
const LEASE_MS = 5_000;

/** The next look at leases, and messages of the dead that were under way. */
const LATE_MS = 800;

/** A node hears of its broker within this. */
const NOTICED_MS = 1_000;
