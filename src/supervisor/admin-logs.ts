// The admin server on the main thread with its access logs: their files, and the log as the file of the node asks for it. Called by node.ts.
import type { Clock } from "../base/clock.ts";
import { machineAddress, machineName } from "../base/machine.ts";
import { systemRandom } from "../base/random.ts";
import { systemText } from "../base/system-text.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import { addressText } from "../config/plan/address.ts";
import type { Plan } from "../config/plan/plan.ts";
import { AdminLog } from "../control/admin/admin-log.ts";
import { type AdminServer, startAdminServer } from "../control/admin/admin-server.ts";
import type { AdminView, RuntimeSource } from "../control/admin/view.ts";
import { type AccessLogs, createAccessLogs, logAccount } from "../telemetry/access-log.ts";
import { OpenLogs } from "../telemetry/open-logs.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import type { Logger } from "./log/logger.ts";
import { StartError } from "./start-error.ts";

/** The files of the main thread, counted; what is wrong with one stands in the node's log. */
export function adminLogFiles(wheel: TimerWheel, stats: StatsWriter, log: Logger): AccessLogs {
  const account = logAccount(stats, (text) => log.warning("admin", text));
  return createAccessLogs(wheel, undefined, undefined, account);
}

/** Opens the logs of a plan's admin server; null: it has none. Throws when a file cannot be opened. */
export function openAdminLog(
  { admin }: Plan,
  accessLogs: AccessLogs,
  clock: Clock,
  source: RuntimeSource,
): AdminLog | null {
  if (admin === null || admin.accessLogs.length === 0) return null;
  const services = {
    accessLogs,
    records: null,
    random: systemRandom(),
    get runtime() {
      return source.values;
    },
  };
  const logs = new OpenLogs(admin.accessLogs, services);
  return new AdminLog({ logs, clock, hostname: machineName(), address: machineAddress() });
}

/** Starts the admin server of a node; null: its file has none. Throws `StartError` when the address cannot be bound. */
export async function startAdmin(
  view: AdminView,
  stats: StatsWriter,
  log: AdminLog | null,
): Promise<AdminServer | null> {
  const { admin } = view.plan();
  if (admin === null) return null;
  try {
    return await startAdminServer(view, admin.address, stats, undefined, log);
  } catch (error) {
    throw new StartError(`admin: cannot bind '${addressText(admin.address)}': ${systemText(error)}`);
  }
}
