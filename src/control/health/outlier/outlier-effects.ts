// What the outlier detector asks its host to do, and what it is told. Plain data.
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { HealthInput } from "../../../messages/health.ts";
import type { OutlierStat } from "../../../telemetry/outlier-stats.ts";

/** What the detector is told. */
export type OutlierMessage =
  | Extract<HealthInput, { readonly type: "plan-assigned" | "endpoints-changed" | "outlier-suspected" | "stop" }>
  | TimerFired
  /** An active check of the endpoint went well. */
  | { readonly type: "active-check-passed"; readonly row: number; readonly slot: number };

/** One effect. */
export type OutlierEffect =
  | TimerEffect
  /** Raises and lowers flags of a slot in the shared table, then bumps its cluster's row. */
  | {
      readonly type: "change-flags";
      readonly row: number;
      readonly slot: number;
      readonly raise: number;
      readonly lower: number;
    }
  /** Adds to one of `cluster.<statName>.outlier_detection.*`; all of them are there from the first one on, that may add nothing. */
  | { readonly type: "add"; readonly statName: string; readonly stat: OutlierStat; readonly amount: number }
  /** An endpoint was ejected, by this kind of Envoy's, or let in again; told to whoever listens to the mesh. */
  | {
      readonly type: "tell-ejection";
      readonly slot: number;
      readonly cluster: string;
      /** `127.0.0.1:80`. */
      readonly address: string;
      readonly isEjected: boolean;
      /** Of an ejection: `CONSECUTIVE_5XX`; else empty. */
      readonly kind: string;
      /** So many so far. */
      readonly ejections: number;
    }
  /** Appends one line (without its end) to the event log. */
  | { readonly type: "write-event"; readonly path: string; readonly text: string };
