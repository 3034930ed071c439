// The access logs of one connection manager, TCP proxy, listener or admin server in one thread, open, each with the filter that says which
// lines it wants.
import type { AccessLogPlan } from "../config/plan/access-log.ts";
import type { OtlpLogPlan } from "../config/plan/otlp.ts";
import { logLineWriter } from "./access-line.ts";
import type { AccessLogs } from "./access-log.ts";
import type { LineBatches } from "./line-batches.ts";
import { type FilterServices, type LogFilter, type LoggedSource, type LogType, logFilter } from "./log-filter.ts";
import { recordWriter } from "./record-writer.ts";

/** Where lines and records go. */
export interface LogServices {
  readonly accessLogs: AccessLogs;
  /** Null: none of the logs is sent. */
  readonly records: LineBatches<OtlpLogPlan> | null;
}

/** The access logs of one owner in one thread. */
export class OpenLogs {
  readonly isEmpty: boolean;
  private readonly logs: readonly OpenLog[];

  /** Throws when a file cannot be opened. */
  constructor(plans: readonly AccessLogPlan[], services: FilterServices & LogServices) {
    this.isEmpty = plans.length === 0;
    this.logs = plans.map((plan) => ({
      write: writerOf(plan, services),
      wants: plan.filter === null ? null : logFilter(plan.filter, services),
    }));
  }

  /** A line in every log that wants one. */
  write(source: LoggedSource, type: LogType): void {
    source.logType = type;
    for (const { wants, write } of this.logs) {
      if (wants === null || wants(source)) write(source);
    }
  }
}

function writerOf(plan: AccessLogPlan, { accessLogs, records }: LogServices): OpenLog["write"] {
  if (plan.sink === "otlp") {
    if (records === null) throw new Error("a log over OTLP where nobody takes records");
    return recordWriter(plan.records, records);
  }
  const sink = accessLogs.sink(plan);
  const line = logLineWriter(plan);
  return (source) => sink.write(line(source));
}

interface OpenLog {
  readonly wants: LogFilter | null;
  readonly write: (source: LoggedSource) => void;
}
