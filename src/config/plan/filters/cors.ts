// envoy.filters.http.cors: the filter itself says nothing, routes and virtual hosts do.
import type { FractionPlan, StringMatcherPlan } from "../match.ts";

/** The filter in a chain. */
export interface CorsPlan {
  readonly kind: "cors";
}

/** CorsPolicy. What is empty or null is asked of the next less specific level. */
export interface CorsPolicyPlan {
  readonly kind: "cors";
  readonly origins: readonly StringMatcherPlan[];
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string;
  readonly allowsCredentials: boolean | null;
  readonly allowsPrivateNetwork: boolean | null;
  /** forward_not_matching_preflights, default true. */
  readonly forwardsPreflights: boolean | null;
  /** Null: always. The most specific level alone decides this and the next. */
  readonly enabled: FractionPlan | null;
  /** Null: never. */
  readonly shadowEnabled: FractionPlan | null;
}
