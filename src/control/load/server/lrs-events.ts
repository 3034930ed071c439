// What a server of load reports hears, orders and tells. Called by lrs-behaviour.ts and lrs-actor.ts.
import type { TimerFired } from "../../../actor/behaviour.ts";
import type { LoadAskPlan, LrsServerPlan } from "../../../config/plan/lrs-server.ts";
import type { LoadMessage, ReportedCluster, ReportIdentity } from "./load-report.ts";

/** What it hears. */
export type LrsMessage =
  | { readonly type: "plan-assigned"; readonly plan: LrsServerPlan }
  /** A client's stream, under a number that no other has had. */
  | { readonly type: "stream-opened"; readonly stream: number; readonly peer: string }
  /** Null: no message of the protocol. */
  | { readonly type: "requested"; readonly stream: number; readonly message: LoadMessage | null }
  /** A response is with the kernel. */
  | { readonly type: "written"; readonly stream: number }
  | { readonly type: "stream-closed"; readonly stream: number }
  /** A report that an earlier life of this server has counted. */
  | { readonly type: "restored"; readonly report: CountedReport }
  | TimerFired;

/** What it orders, in this order. */
export type LrsEffect =
  | { readonly type: "respond"; readonly stream: number; readonly ask: LoadAskPlan }
  | {
      readonly type: "end-stream";
      readonly stream: number;
      readonly code: "exhausted" | "invalid";
      readonly text: string;
    }
  /** To be written where reports are kept, before what follows is done. */
  | { readonly type: "keep"; readonly report: CountedReport }
  | { readonly type: "tell"; readonly event: LrsEvent };

/** A report that is in the totals. */
export interface CountedReport {
  readonly node: string;
  readonly nodeCluster: string;
  /** Null: not numbered. */
  readonly identity: ReportIdentity | null;
  readonly clusters: readonly ReportedCluster[];
}

/** What the log says. The first four are the document's lines. */
export type LrsEvent =
  | { readonly type: "listening"; readonly address: string }
  | {
      readonly type: "node-added";
      readonly cluster: string;
      readonly node: string;
      /** Nobody of its cluster was known. */
      readonly isFirst: boolean;
    }
  | {
      readonly type: "asked";
      readonly cluster: string;
      readonly node: string;
      readonly ask: LoadAskPlan;
    }
  | {
      readonly type: "stats";
      readonly cluster: string;
      readonly node: string;
      readonly stats: ReportedCluster;
      /** The same as it came: a ClusterStats. */
      readonly raw: Uint8Array;
    }
  | { readonly type: "note"; readonly text: string };
