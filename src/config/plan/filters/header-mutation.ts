// envoy.filters.http.header_mutation: changes to heads, trailers and the query, one after the other.
import type { FormatPartPlan } from "../access-log.ts";
import type { StringMatcherPlan } from "../match.ts";
import type { HeaderAddPlan } from "../route.ts";

/** HeaderMutation. */
export interface HeaderMutationPlan {
  readonly kind: "header_mutation";
  readonly mutations: MutationsPlan;
  /** most_specific_header_mutations_wins: the least specific level first, else the most specific one. */
  readonly mostSpecificWins: boolean;
}

/** HeaderMutationPerRoute. */
export interface HeaderMutationOverridePlan {
  readonly kind: "header_mutation";
  readonly mutations: MutationsPlan;
}

/** Mutations, in the order in which they act. */
export interface MutationsPlan {
  readonly request: readonly FieldMutationPlan[];
  readonly query: readonly QueryMutationPlan[];
  readonly requestTrailers: readonly FieldMutationPlan[];
  readonly response: readonly FieldMutationPlan[];
  readonly responseTrailers: readonly FieldMutationPlan[];
}

/** One change to fields. */
export type FieldMutationPlan =
  | { readonly kind: "add"; readonly field: HeaderAddPlan }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "remove_matching"; readonly name: StringMatcherPlan };

/** One change to query parameters. */
export type QueryMutationPlan =
  | {
      readonly kind: "add";
      readonly key: string;
      readonly value: readonly FormatPartPlan[];
      readonly action: HeaderAddPlan["action"];
    }
  | { readonly kind: "remove"; readonly key: string };
