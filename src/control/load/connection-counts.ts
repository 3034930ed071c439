// Connections as a load tells them: null where there are none, so that equal loads are equal whichever way they came. Made by the reader of
// counters, by sums of loads, and by whoever reads loads from bytes or JSON.
import type { ConnectionCounts } from "../../messages/load.ts";

/** These; null when all are 0. */
export function connectionCounts(opened: number, failed: number, active: number): ConnectionCounts | null {
  return opened === 0 && failed === 0 && active === 0 ? null : { opened, failed, active };
}

/** Both together. */
export function sumOfConnections(
  one: ConnectionCounts | null,
  other: ConnectionCounts | null,
): ConnectionCounts | null {
  if (one === null || other === null) return one ?? other;
  return { opened: one.opened + other.opened, failed: one.failed + other.failed, active: one.active + other.active };
}
