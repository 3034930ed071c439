// Counters of the fault filters of one connection manager: in all, and by the clients' clusters, whose names come from requests.
import { FAULT } from "../../../telemetry/fault-stats.ts";
import { count } from "../../../telemetry/stats-add.ts";
import type { StatSlot, StatsWriter } from "../../../telemetry/stats-memory.ts";

/** What one manager counts in one worker. */
export class FaultStats {
  /** FAULT block. */
  readonly block: Float64Array;
  private readonly stats: StatsWriter;
  private readonly prefix: string;
  private readonly slots = new Map<string, StatSlot>();

  constructor(stats: StatsWriter, statPrefix: string) {
    this.stats = stats;
    this.prefix = `${statPrefix}fault.`;
    this.block = stats.block(FAULT, this.prefix);
  }

  /** Counts a fault. `client`: the client's cluster, empty: none. */
  count(what: "delays_injected" | "aborts_injected", client: string): void {
    count(this.block, FAULT.at[what]);
    if (client === "") return;
    const name = `${client.replaceAll(":", "_")}.${what}`;
    let slot = this.slots.get(name);
    if (slot === undefined) {
      if (this.slots.size === NAMES_MAX) return;
      slot = this.stats.counter(this.prefix + name);
      this.slots.set(name, slot);
    }
    slot.values[slot.at] = (slot.values[slot.at] as number) + 1;
  }
}

/** Counters with names that clients gave. */
const NAMES_MAX = 1_024;
