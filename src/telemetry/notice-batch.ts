// Gathers the notices that one turn of a thread makes, so that a plan with thousands of clusters is told in one message.
import type { StatsNotice } from "./stats-memory.ts";

/** A receiver for a StatsWriter that passes its notices on in batches, once per turn. */
export function noticeBatch(send: (notices: readonly StatsNotice[]) => void): (notice: StatsNotice) => void {
  let batch: StatsNotice[] = [];
  return (notice) => {
    batch.push(notice);
    if (batch.length > 1) return;
    queueMicrotask(() => {
      const full = batch;
      batch = [];
      send(full);
    });
  };
}
