// The access logs of one connection manager or TCP proxy in one worker, open, each with the filter that says which lines it wants.
import type { AccessLogPlan } from "../../config/plan/access-log.ts";
import type { AccessLogSink } from "../../telemetry/access-log.ts";
import type { WorkerServices } from "../worker-services.ts";
import { accessLine } from "./access-line.ts";
import { type LogFilter, type LoggedSource, type LogType, logFilter } from "./log-filter.ts";

/** The access logs of one connection manager or TCP proxy in one worker. */
export class OpenLogs {
  readonly isEmpty: boolean;
  private readonly logs: readonly OpenLog[];

  /** Throws when a file cannot be opened. */
  constructor(plans: readonly AccessLogPlan[], services: WorkerServices) {
    this.isEmpty = plans.length === 0;
    this.logs = plans.map((plan) => ({
      plan,
      sink: services.accessLogs.sink(plan),
      wants: plan.filter === null ? null : logFilter(plan.filter, services),
    }));
  }

  /** A line in every log that wants one. */
  write(source: LoggedSource, type: LogType): void {
    source.logType = type;
    for (const { plan, sink, wants } of this.logs) {
      if (wants === null || wants(source)) sink.write(accessLine(plan, source));
    }
  }
}

interface OpenLog {
  readonly plan: AccessLogPlan;
  readonly sink: AccessLogSink;
  readonly wants: LogFilter | null;
}
