// A whole node in one process: supervisor, admin server, ticks. What `starling -c FILE` starts, and what tests start in theirs.
import { writeFileSync } from "node:fs";
import { DEFAULT_RESTART_POLICY, type RestartPolicy } from "../actor/restart-policy.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { DrivenWheel } from "../base/driven-wheel.ts";
import { Timer } from "../base/timer-wheel.ts";
import { addressText } from "../config/plan/address.ts";
import type { Plan } from "../config/plan/plan.ts";
import { type AdminServer, startAdminServer } from "../control/admin/admin-server.ts";
import type { AdminView } from "../control/admin/view.ts";
import type { ServeOptions } from "../messages/options.ts";
import { type ProbeAddress, settleAddresses } from "./addresses.ts";
import { DEFAULT_LOG_FORMAT } from "./log/log-format.ts";
import { Logger } from "./log/logger.ts";
import { StatsDirectory } from "./stats-directory.ts";
import { STATS_SCHEMAS } from "./stats-schemas.ts";
import { Supervisor } from "./supervisor.ts";
import { VERSION } from "./version.ts";

/** What a node is started with. */
export interface NodeParts {
  readonly options: ServeOptions;
  readonly plan: Plan;
  /** The checked bootstrap as proto3 JSON. */
  readonly bootstrap: unknown;
  /** Called when a page or a signal asked the process to end. */
  onQuit(): void;
  readonly log?: Logger;
  /** Looks whether an address is free. */
  readonly probe: ProbeAddress;
  /** Default: `DEFAULT_RESTART_POLICY`. */
  readonly policy?: RestartPolicy;
}

/** A running node. */
export interface RunningNode {
  readonly supervisor: Supervisor;
  readonly view: AdminView;
  /** Null when the file has no admin. */
  readonly admin: AdminServer | null;
  /** Ends everything within `deadlineMs` or little more. */
  stop(deadlineMs?: number): Promise<void>;
}

/** Starts a node. Rejects with one plain line when an address is taken. */
export async function startNode(parts: NodeParts): Promise<RunningNode> {
  const clock = systemClock;
  const wheel = new DrivenWheel(clock, WHEEL_TICK_MS);
  const log = parts.log ?? loggerOf(clock, parts.options);
  const plan = await settleAddresses(parts.plan, parts.options.takeover, parts.probe);
  const stats = new StatsDirectory(STATS_SCHEMAS);
  const policy = parts.policy ?? DEFAULT_RESTART_POLICY;
  const supervisor = new Supervisor({ clock, wheel, log, stats, options: parts.options, policy }, plan);
  const view = adminView(parts, supervisor, { clock, log, stats });
  const admin = plan.admin === null ? null : await startAdminServer(view, plan.admin.address);
  if (admin !== null) announceAdmin(admin, parts.options, log);
  const flushing = new Timer(() => {
    admin?.flush();
    wheel.arm(flushing, plan.statsFlushIntervalMs);
  });
  if (admin !== null) wheel.arm(flushing, plan.statsFlushIntervalMs);
  supervisor.start();
  return {
    supervisor,
    view,
    admin,
    stop: async (deadlineMs = STOP_DEADLINE_MS) => {
      wheel.remove(flushing);
      await Promise.all([supervisor.stop(deadlineMs), admin?.close()]);
      wheel.stop();
    },
  };
}

function adminView(
  parts: NodeParts,
  supervisor: Supervisor,
  own: { clock: Clock; log: Logger; stats: StatsDirectory },
): AdminView {
  const startedMs = own.clock.nowMs();
  const startedWallMs = own.clock.wallMs();
  return {
    options: parts.options,
    version: VERSION,
    startedWallMs,
    uptimeMs: () => own.clock.nowMs() - startedMs,
    readiness: () => supervisor.readiness.current(),
    plan: () => supervisor.plan,
    planLoadedWallMs: () => startedWallMs,
    bootstrap: () => parts.bootstrap,
    workers: () => supervisor.workerViews(),
    endpoints: () => supervisor.endpoints.all(),
    stats: own.stats,
    log: own.log,
    orders: {
      drainListeners: (how) => supervisor.drain.start(how),
      quit: () => parts.onQuit(),
      setFailing: (failing) => supervisor.setFailing(failing),
      resetCounters: () => own.stats.resetCounters(),
      reopenLogs: () => {
        own.log.reopen();
        supervisor.order({ type: "reopen-logs" });
      },
      modifyRuntime: (entries) => supervisor.modifyRuntime(entries),
      runtimeOverrides: () => supervisor.overrides,
    },
  };
}

function announceAdmin(admin: AdminServer, options: ServeOptions, log: Logger): void {
  const text = addressText(admin.address);
  log.info("main", `admin address: ${text}`);
  if (options.adminAddressPath !== "") writeFileSync(options.adminAddressPath, text);
}

/** The log that these options ask for. */
export function loggerOf(clock: Clock, options: ServeOptions): Logger {
  const format = options.logFormat === "" ? DEFAULT_LOG_FORMAT : options.logFormat;
  return new Logger(clock, {
    level: options.logLevel,
    componentLevels: options.componentLevels,
    format: options.logFormatEscaped ? format.replaceAll("%v", "%_") : format,
    path: options.logPath,
  });
}

const WHEEL_TICK_MS = 20;

/** How long workers may take to write their logs when the process ends. */
export const STOP_DEADLINE_MS = 250;
