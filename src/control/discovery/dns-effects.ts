// What the DNS discovery behaviour asks its host to do. Plain data.
import type { TimerEffect } from "../../actor/behaviour.ts";
import type { EndpointPlan } from "../../config/plan/cluster.ts";
import type { LogLine } from "../../messages/log.ts";

/** Counters that discovery moves, as in CLUSTER. */
export type DiscoveryCounter = "update_attempt" | "update_failure" | "update_no_rebuild" | "update_success";

/** Which addresses a lookup wants. */
export type LookupFamily = "auto" | "v4_only" | "v6_only" | "v4_preferred" | "all";

/** One effect. */
export type DnsEffect =
  | TimerEffect
  | {
      readonly type: "look-up";
      /** Comes back with the answer. */
      readonly target: string;
      readonly host: string;
      readonly family: LookupFamily;
      /** `ip:port` of resolvers; empty: the system's. */
      readonly resolvers: readonly string[];
    }
  | { readonly type: "publish-endpoints"; readonly cluster: string; readonly endpoints: readonly EndpointPlan[] }
  | {
      readonly type: "publish-changes";
      readonly cluster: string;
      readonly removed: readonly EndpointPlan[];
      readonly added: readonly EndpointPlan[];
    }
  | { readonly type: "report-answered"; readonly cluster: string }
  | { readonly type: "report-initialized"; readonly version: number }
  | { readonly type: "count"; readonly statName: string; readonly counter: DiscoveryCounter }
  | { readonly type: "log"; readonly line: LogLine };
