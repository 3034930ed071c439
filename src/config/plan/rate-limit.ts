// Rate limits of routes: what is told of a request to whoever limits it, as data.
import type { FormatPartPlan } from "./access-log.ts";
import type { HeaderMatcherPlan, QueryMatcherPlan } from "./match.ts";

/** One of rate_limits of a route, a virtual host or a filter: makes one descriptor of a request, or none when an action has nothing to say. */
export interface RatePolicyPlan {
  /** 0 to 10: a filter takes those of its own stage; -1: nobody takes it. */
  readonly stage: number;
  readonly actions: readonly RateActionPlan[];
  /** hits_addend; null: one hit. */
  readonly hits: HitsPlan | null;
  /** x_ratelimit_option; null: as the filter says. */
  readonly showsHeaders: boolean | null;
}

/** How many hits a request counts for. `negative`: they are given back. */
export interface HitsPlan {
  readonly format: readonly FormatPartPlan[];
  readonly negative: boolean;
}

/** What makes one entry of a descriptor. `otherwise`: the value where the format has none; empty: no descriptor. */
export type RateActionPlan =
  | { readonly kind: "fixed"; readonly key: string; readonly value: string }
  | { readonly kind: "destination_cluster" }
  | {
      readonly kind: "request_header" | "query_parameter";
      readonly name: string;
      readonly key: string;
      readonly skips: boolean;
    }
  | { readonly kind: "remote_address" }
  | { readonly kind: "masked_remote_address"; readonly bits4: number; readonly bits6: number }
  | ({ readonly kind: "generic_key" } & RateValuePlan)
  | ({
      readonly kind: "header_match";
      readonly expects: boolean;
      readonly headers: readonly HeaderMatcherPlan[];
    } & RateValuePlan)
  | ({
      readonly kind: "query_match";
      readonly expects: boolean;
      readonly query: readonly QueryMatcherPlan[];
    } & RateValuePlan)
  | ({
      readonly kind: "address_match";
      readonly networks: readonly string[];
      readonly inverted: boolean;
    } & RateValuePlan);

/** Key and value of an action that writes them itself. */
export interface RateValuePlan {
  readonly key: string;
  readonly value: readonly FormatPartPlan[];
  readonly otherwise: string;
}
