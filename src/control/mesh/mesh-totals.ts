// The `mesh.` statistics of one node: what meshState and the post count, and once a second what can be looked at. Made by mesh-actor.ts.
import { MESH, type MeshStat } from "../../telemetry/mesh-stats.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import type { Bus, BusCounters } from "./bus/bus.ts";
import type { MeshState } from "./state/mesh-state.ts";

/** The statistics. */
export class MeshTotals {
  private readonly block: Float64Array;
  /** Of the bus of the thread before this one, which died: counters go on. */
  private readonly before: ReadonlyMap<MeshStat, number>;

  constructor(stats: StatsWriter) {
    const block = stats.block(MESH, "mesh.");
    this.block = block;
    this.before = new Map(BUS_TOTALS.map(([stat]) => [stat, block[MESH.at[stat]] as number]));
  }

  add(stat: MeshStat, by: number): void {
    this.block[MESH.at[stat]] = (this.block[MESH.at[stat]] as number) + by;
  }

  /** Sets a gauge. */
  set(stat: keyof typeof MESH.at, value: number): void {
    this.block[MESH.at[stat]] = value;
  }

  /** Shows how things stand. */
  show(bus: Bus, { groups, members, self, targets }: MeshState): void {
    const { block } = this;
    for (const [stat, counter] of BUS_TOTALS) {
      block[MESH.at[stat]] = (this.before.get(stat) ?? 0) + bus.counters[counter];
    }
    block[MESH.at.connected] = bus.isConnected ? 1 : 0;
    block[MESH.at.groups] = groups.size;
    block[MESH.at.nodes] = 1 + [...members.values()].filter(({ life }) => life === "live").length;
    block[MESH.at.targets] = targets.size;
    block[MESH.at.targets_probed] = self.entries.size;
  }
}

const BUS_TOTALS = [
  ["bus_connects", "connects"],
  ["bus_dropped", "dropped"],
  ["bus_received", "received"],
  ["bus_refused", "refused"],
  ["bus_sent", "sent"],
] as const satisfies readonly (readonly [MeshStat, keyof BusCounters])[];
