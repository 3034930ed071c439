// internal_redirect_policy as workers run it.

/** Which redirects of an upstream are followed here instead of by the client. */
export interface InternalRedirectPlan {
  /** max_internal_redirects, of one request in all: default 1. */
  readonly redirectsMax: number;
  /** redirect_response_codes that are redirects: default 302. */
  readonly statuses: readonly number[];
  /** allow_cross_scheme_redirect. */
  readonly crossesSchemes: boolean;
  /** All must agree; asked in their order. */
  readonly predicates: readonly RedirectPredicatePlan[];
  /** response_headers_to_copy, lower case: what the request has of them gives way to what the answer has. */
  readonly copiedHeaders: readonly string[];
}

/** Whether a redirect may lead to a route: not twice from here to the same, to one of these names, or not from TLS to less. */
export type RedirectPredicatePlan =
  | { readonly kind: "previous_routes" }
  | { readonly kind: "allow_listed_routes"; readonly names: readonly string[] }
  | { readonly kind: "safe_cross_scheme" };
