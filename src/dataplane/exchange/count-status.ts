// Counts a status that goes to a client, interim ones included. Called by the response side.
import { HTTP } from "../../telemetry/http-stats.ts";
import { LISTENER_HTTP } from "../../telemetry/listener-http-stats.ts";
import { add } from "../../telemetry/stats-add.ts";
import type { ConnectionManager } from "./connection-manager.ts";

/** Counts it in the manager and its listener, unless it is the answer to a health check. */
export function countStatus(
  { isHealthCheck, manager }: { readonly isHealthCheck: boolean; readonly manager: ConnectionManager },
  status: number,
): void {
  if (isHealthCheck) return;
  const { stats, listenerStats } = manager;
  const group = Math.floor(status / 100) - 1;
  add(stats, HTTP.at.downstream_rq_completed, 1);
  add(listenerStats, LISTENER_HTTP.at.downstream_rq_completed, 1);
  if (group < 0 || group > 4) return;
  // The five classes follow one another in both blocks.
  add(stats, HTTP.at.downstream_rq_1xx + group, 1);
  add(listenerStats, LISTENER_HTTP.at.downstream_rq_1xx + group, 1);
}
