// Matchers of texts, headers and fractions, as data.

/** A string matcher. */
export interface StringMatcherPlan {
  readonly kind: "exact" | "prefix" | "suffix" | "contains" | "regex";
  /** Already lower case when ignoreCase. A regex is RE2 text; `matcherOf` in regex.ts compiles it. */
  readonly value: string;
  readonly ignoreCase: boolean;
}

/** A header matcher. `name` is lower case and may be a pseudo-header. */
export interface HeaderMatcherPlan {
  readonly name: string;
  readonly match:
    | { readonly kind: "string"; readonly string: StringMatcherPlan }
    | { readonly kind: "range"; readonly start: number; readonly end: number }
    | { readonly kind: "present"; readonly present: boolean };
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
}

/** A query parameter matcher. */
export interface QueryMatcherPlan {
  readonly name: string;
  /** Null: presence. */
  readonly string: StringMatcherPlan | null;
  readonly present: boolean;
}

/** runtime_fraction: the share, overridden by a runtime key when set. */
export interface FractionPlan {
  readonly numerator: number;
  readonly denominator: number;
  /** Empty: no key. */
  readonly runtimeKey: string;
}
