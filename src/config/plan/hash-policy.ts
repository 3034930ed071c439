// What of a request is hashed, so that the same client comes to the same endpoint or the same side of a split.

/** One hash_policy; a request's hash is made of all that apply, in their order. */
export type HashMethodPlan =
  | {
      readonly kind: "header";
      /** Lower case. */
      readonly header: string;
      /** regex_rewrite of each value; null: none. */
      readonly rewrite: { readonly pattern: string; readonly substitution: string } | null;
      readonly terminal: boolean;
    }
  | {
      readonly kind: "cookie";
      readonly name: string;
      /** How long a cookie lives that the proxy sets for who has none; 0: as long as the browser runs; -1: it sets none. */
      readonly ttlSeconds: number;
      /** Empty: none. */
      readonly path: string;
      /** What else stands in Set-Cookie, as `SameSite=Lax`. */
      readonly attributes: readonly string[];
      readonly terminal: boolean;
    }
  | { readonly kind: "source_ip"; readonly terminal: boolean }
  | { readonly kind: "query"; readonly name: string; readonly terminal: boolean };
