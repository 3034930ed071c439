// Which clients of a node outlive the death of one of its workers. The node learns of it at one time, the clients one after the other.
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { eventually } from "./nodes.ts";
import type { RawClient } from "./raw-client.ts";

/** Open connections of one worker of a node whose only listener is on a port of 127.0.0.1. */
export function connectionsOf(node: RunningNode, slot: number): number {
  return new StatsReader(node.view.stats).value(`listener.127.0.0.1_0.worker_${slot}.downstream_cx_active`);
}

/** Waits until a worker has died for the first time and only the clients of the others are left, as many as these count. */
export async function survivors(node: RunningNode, clients: readonly RawClient[], dead: number): Promise<RawClient[]> {
  await eventually(() => node.view.workers()[dead]?.restarts === 1);
  const others = node.view.workers().filter(({ slot }) => slot !== dead);
  const left = others.reduce((sum, { slot }) => sum + connectionsOf(node, slot), 0);
  const living = (): RawClient[] => clients.filter(({ isClosed }) => !isClosed);
  await eventually(() => living().length === left);
  return living();
}
