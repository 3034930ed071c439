// Adds what the codec of one downstream connection counts to the block that all connections share. The codec counts for itself; this
// looks when connection-stats.ts asks, which is not for every request.
import { add } from "../../telemetry/stats-add.ts";

/** The counts of one codec, by the names of its block. */
export class CodecAccount<Name extends string> {
  private readonly block: Float64Array;
  private readonly at: Readonly<Record<Name, number>>;
  private readonly counters: Readonly<Record<Name, number>>;
  private readonly names: readonly Name[];
  /** What of each is in the block already. */
  private readonly added: Float64Array;

  /** `at`: where each name lies in `block`. */
  constructor(block: Float64Array, at: Readonly<Record<Name, number>>, counters: Readonly<Record<Name, number>>) {
    this.block = block;
    this.at = at;
    this.counters = counters;
    this.names = Object.keys(counters) as Name[];
    this.added = new Float64Array(this.names.length);
  }

  /** Adds what came since the last call. */
  settle(): void {
    for (const [i, name] of this.names.entries()) {
      const more = this.counters[name] - (this.added[i] as number);
      if (more === 0) continue;
      add(this.block, this.at[name], more);
      this.added[i] = this.counters[name];
    }
  }
}
