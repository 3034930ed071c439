// What the discovery actor accepts and emits.
import type { ClusterPlan, EndpointPlan } from "../config/plan/cluster.ts";
import type { StatNames, StatsNotice } from "../telemetry/stats-memory.ts";
import type { LogLine } from "./log.ts";

/** To discovery. */
export type DiscoveryInput =
  | {
      readonly type: "plan-assigned";
      readonly version: number;
      /** The clusters whose endpoints are names; others are not looked at. */
      readonly clusters: readonly ClusterPlan[];
    }
  /** A lookup that discovery asked for has ended. */
  | { readonly type: "lookup-finished"; readonly target: string; readonly result: LookupResult }
  | { readonly type: "stop" };

/** What the discovery thread takes from its link: orders to the actor, names whose counters are of clusters that are gone, and for crash tests an order to die. */
export type DiscoveryOrder =
  | DiscoveryInput
  | { readonly type: "forget-stats"; readonly names: readonly StatNames[] }
  | { readonly type: "misbehave"; readonly how: "throw" | "exit" };

/** How a lookup ended. NXDOMAIN and a name without records are `resolved` with no address: the name service did answer. */
export type LookupResult =
  | { readonly kind: "resolved"; readonly addresses: readonly ResolvedAddress[] }
  | { readonly kind: "failed"; readonly text: string };

/** One record. */
export interface ResolvedAddress {
  readonly host: string;
  /** Seconds; Infinity when the source knows none (/etc/hosts, literals). */
  readonly ttlS: number;
}

/** From discovery. */
export type DiscoveryOutput =
  | { readonly type: "started" }
  /** The first word about a cluster: its whole endpoint set, names resolved to addresses. */
  | { readonly type: "endpoints-resolved"; readonly cluster: string; readonly endpoints: readonly EndpointPlan[] }
  /** Every later word: what went, told as it was when it came, and what came. */
  | {
      readonly type: "endpoints-moved";
      readonly cluster: string;
      readonly removed: readonly EndpointPlan[];
      readonly added: readonly EndpointPlan[];
    }
  /** Every name of this cluster has had its first answer or failure; what was found has been told before. */
  | { readonly type: "names-answered"; readonly cluster: string }
  /** Every cluster of this plan version has had a first answer, or its time for one is over. */
  | { readonly type: "clusters-initialized"; readonly version: number }
  | { readonly type: "stats-announced"; readonly notices: readonly StatsNotice[] }
  | { readonly type: "log-written"; readonly line: LogLine }
  | { readonly type: "stopped" };
