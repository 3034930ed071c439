// What the judge asks its actor to do, and the one message that only its own prober sends it. Plain data.
import type { TimerEffect, TimerFired } from "../../actor/behaviour.ts";
import type { CheckReport } from "../../messages/checking.ts";
import type { HealthInput } from "../../messages/health.ts";
import type { LogLine } from "../../messages/log.ts";
import type { ProbeOutcome, ProbeTarget } from "./probe.ts";

/** `cluster.X.health_check.*` that only grow. */
export type HealthCounter =
  | "attempt"
  | "success"
  | "failure"
  | "network_failure"
  | "passive_failure"
  | "verify_cluster";

/** `cluster.X.health_check.*` that rise and fall. */
export type HealthGauge = "healthy" | "degraded";

/** What the judge is told. */
export type HealthMessage =
  | HealthInput
  | TimerFired
  /** The probe that `start-probe` started has ended. Of a probe that was closed since it is not looked at. */
  | { readonly type: "probe-finished"; readonly probe: number; readonly outcome: ProbeOutcome };

/** One effect. Those of a probe that come again and again are the same object each time. */
export type HealthEffect =
  | TimerEffect
  /** Makes the probe of this number; numbers are never used again. */
  | { readonly type: "open-probe"; readonly probe: number; readonly target: ProbeTarget }
  /** Starts it once; answered by one `probe-finished`. Never given while it runs. */
  | { readonly type: "start-probe"; readonly probe: number }
  /** Ends it and its connection; no answer comes. */
  | { readonly type: "close-probe"; readonly probe: number }
  /** Raises and lowers flags of a slot in the shared table, then bumps its cluster's row. */
  | {
      readonly type: "change-flags";
      readonly row: number;
      readonly slot: number;
      readonly raise: number;
      readonly lower: number;
    }
  /** Adds one to a counter under `prefix`: `cluster.X.health_check.`, or `cluster.X.health_check.name.Y.` of a named check. */
  | { readonly type: "count"; readonly prefix: string; readonly counter: HealthCounter }
  /** Given for both gauges as soon as a cluster has checks: all eight values are there from the start. */
  | {
      readonly type: "set-gauge";
      /** `cluster`: what several checks come to together; under that prefix are the two gauges and nothing else. */
      readonly of: "check" | "cluster";
      readonly prefix: string;
      readonly gauge: HealthGauge;
      readonly value: number;
    }
  /** Appends one line (without its end) to a file; `reopen-logs` is the actor's own business. */
  | { readonly type: "write-event"; readonly path: string; readonly text: string }
  | { readonly type: "log"; readonly line: LogLine }
  /** Every endpoint that the cluster had when plan `version` was assigned (or in its first set after it) has had an outcome. */
  | { readonly type: "report-warmed"; readonly cluster: string; readonly version: number }
  /** The answer to `endpoints-changed`. */
  | { readonly type: "answer-endpoints"; readonly missed: readonly string[] }
  /** Tells the mesh; never without one. */
  | { readonly type: "report-check"; readonly report: CheckReport };
