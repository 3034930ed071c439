// The counters of endpoints on this worker, given back when nobody counts into them any more: addresses may come and go for ever. An
// address may be held more than once (listed twice, left and come back, in the old and the new form of a cluster): the last one frees.
import { HOST } from "../../telemetry/host-stats.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";

/** HOST blocks by prefix. */
export class HostBlocks {
  private readonly writer: StatsWriter;
  private readonly users = new Map<string, number>();

  constructor(writer: StatsWriter) {
    this.writer = writer;
  }

  /** The block of `host.<cluster>.<address>.`; to be given back with `leave`. */
  take(prefix: string): Float64Array {
    this.users.set(prefix, (this.users.get(prefix) ?? 0) + 1);
    return this.writer.block(HOST, prefix);
  }

  /** One user less. */
  leave(prefix: string): void {
    const left = (this.users.get(prefix) ?? 0) - 1;
    if (left > 0) {
      this.users.set(prefix, left);
      return;
    }
    this.users.delete(prefix);
    this.writer.release(HOST, prefix);
  }
}

/** Where counts go that come after the end, such as the timeout of a request whose stream is gone. */
export const GONE_BLOCK: Float64Array = new Float64Array(HOST.names.length);
