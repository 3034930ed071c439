// Matchers of texts, headers, query parameters and fractions. Called for routes, certificates and redirects.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, count, flag, has, oneOf, text } from "../load/fields.ts";
import type { FractionPlan, HeaderMatcherPlan, QueryMatcherPlan, StringMatcherPlan } from "../plan/match.ts";
import { compileRegex, regexFault, substitutionFault } from "../plan/regex.ts";
import type { CompileContext } from "./context.ts";

/** envoy.type.matcher.v3.StringMatcher. */
export function compileStringMatcher(context: CompileContext, matcher: CheckedMessage): StringMatcherPlan {
  const ignoreCase = flag(matcher, "ignore_case") ?? false;
  const kind = oneOf(matcher, ["exact", "prefix", "suffix", "contains", "safe_regex", "custom"]) ?? "exact";
  if (kind === "safe_regex") {
    return {
      kind: "regex",
      value: compileRegexText(context, child(matcher, kind) as CheckedMessage),
      ignoreCase: false,
    };
  }
  if (kind === "custom") {
    context.refuse(matcher, "custom", "custom string matchers", "use exact, prefix, suffix, contains or safe_regex");
    return { kind: "exact", value: "", ignoreCase: false };
  }
  return plainMatcher(kind, text(matcher, kind) ?? "", ignoreCase);
}

/** envoy.type.matcher.v3.RegexMatcher: the pattern, said to be wrong when RE2 does not take it. */
export function compileRegexText(context: CompileContext, matcher: CheckedMessage): string {
  const regex = text(matcher, "regex") ?? "";
  const fault = regexFault(regex);
  if (fault !== null) context.error(matcher, "regex", fault);
  has(matcher, "google_re2"); // deprecated and without effect in Envoy too: RE2 is the only engine
  return regex;
}

/** A regex of a RegexMatchAndSubstitute with what replaces it. */
export function compileRegexRewrite(
  context: CompileContext,
  rewrite: CheckedMessage,
): { readonly pattern: string; readonly substitution: string } {
  const matcher = child(rewrite, "pattern");
  const pattern = matcher === undefined ? "" : compileRegexText(context, matcher);
  const substitution = wireText(text(rewrite, "substitution") ?? "");
  if (regexFault(pattern) === null) {
    const fault = substitutionFault(substitution, compileRegex(pattern).groups);
    if (fault !== null) context.warn(rewrite, "substitution", fault);
  }
  return { pattern, substitution };
}

/** envoy.config.route.v3.HeaderMatcher, its deprecated forms too. */
export function compileHeaderMatcher(context: CompileContext, matcher: CheckedMessage): HeaderMatcherPlan {
  return {
    name: wireText((text(matcher, "name") ?? "").toLowerCase()),
    match: headerMatch(context, matcher),
    invert: flag(matcher, "invert_match") ?? false,
    treatMissingAsEmpty: flag(matcher, "treat_missing_header_as_empty") ?? false,
  };
}

/** envoy.config.route.v3.QueryParameterMatcher. */
export function compileQueryMatcher(context: CompileContext, matcher: CheckedMessage): QueryMatcherPlan {
  const name = wireText(text(matcher, "name") ?? "");
  const string = child(matcher, "string_match");
  if (string !== undefined) return { name, string: compileStringMatcher(context, string), present: true };
  return { name, string: null, present: flag(matcher, "present_match") ?? true };
}

/** envoy.config.core.v3.RuntimeFractionalPercent. */
export function compileFraction(fraction: CheckedMessage): FractionPlan {
  return { ...compilePercent(child(fraction, "default_value")), runtimeKey: text(fraction, "runtime_key") ?? "" };
}

/** envoy.type.v3.FractionalPercent; an absent one is 0. */
export function compilePercent(value: CheckedMessage | undefined): Pick<FractionPlan, "numerator" | "denominator"> {
  const denominator = value === undefined ? "HUNDRED" : (text(value, "denominator") ?? "HUNDRED");
  return {
    numerator: value === undefined ? 0 : (count(value, "numerator") ?? 0),
    denominator: DENOMINATORS[denominator] ?? 100,
  };
}

function headerMatch(context: CompileContext, matcher: CheckedMessage): HeaderMatcherPlan["match"] {
  const kind = oneOf(matcher, HEADER_KINDS);
  switch (kind) {
    case undefined:
      return { kind: "present", present: true };
    case "present_match":
      return { kind: "present", present: flag(matcher, kind) ?? true };
    case "string_match":
      return { kind: "string", string: compileStringMatcher(context, child(matcher, kind) as CheckedMessage) };
    case "safe_regex_match": {
      const value = compileRegexText(context, child(matcher, kind) as CheckedMessage);
      return { kind: "string", string: { kind: "regex", value, ignoreCase: false } };
    }
    case "range_match": {
      const range = child(matcher, kind) as CheckedMessage;
      return { kind: "range", start: count(range, "start") ?? 0, end: count(range, "end") ?? 0 };
    }
    case "exact_match":
      return { kind: "string", string: plainMatcher("exact", text(matcher, kind) ?? "", false) };
    case "prefix_match":
      return { kind: "string", string: plainMatcher("prefix", text(matcher, kind) ?? "", false) };
    case "suffix_match":
      return { kind: "string", string: plainMatcher("suffix", text(matcher, kind) ?? "", false) };
    case "contains_match":
      return { kind: "string", string: plainMatcher("contains", text(matcher, kind) ?? "", false) };
  }
}

function plainMatcher(kind: StringMatcherPlan["kind"], value: string, ignoreCase: boolean): StringMatcherPlan {
  return { kind, value: wireText(ignoreCase ? value.toLowerCase() : value), ignoreCase };
}

const HEADER_KINDS = [
  "string_match",
  "range_match",
  "present_match",
  "exact_match",
  "safe_regex_match",
  "prefix_match",
  "suffix_match",
  "contains_match",
] as const;

const DENOMINATORS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };
