// Text matchers made ready once, when a plan is applied: by routes on the data plane, by health checks.

import type { StringMatcherPlan } from "./match.ts";
import { compileRegex } from "./regex.ts";

/** Whether a text matches. */
export type TextTest = (text: string) => boolean;

/** The test of one StringMatcher (envoy.type.matcher.v3.StringMatcher). A regex must match the whole text. */
export function textTest(plan: StringMatcherPlan): TextTest {
  const { value } = plan;
  const test = caseSensitiveTest(plan, value);
  return plan.ignoreCase && plan.kind !== "regex" ? (text) => test(text.toLowerCase()) : test;
}

function caseSensitiveTest(plan: StringMatcherPlan, value: string): TextTest {
  switch (plan.kind) {
    case "exact":
      return (text) => text === value;
    case "prefix":
      return (text) => text.startsWith(value);
    case "suffix":
      return (text) => text.endsWith(value);
    case "contains":
      return (text) => text.includes(value);
    case "regex": {
      const regex = compileRegex(value);
      return (text) => regex.fullMatch(text);
    }
  }
}
