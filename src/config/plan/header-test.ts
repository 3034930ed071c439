// Header matchers made ready once: for routes on the data plane, and for the filters of access logs, whoever writes them.
import type { HeaderMatcherPlan } from "./match.ts";
import { textTest } from "./text-test.ts";

/** A message head, as far as matchers look at it. */
export interface HeaderFields {
  /** Several fields of one name are joined by a comma; undefined: there is none. */
  valueByName(name: string): string | undefined;
}

/**
 * The test of one header matcher. As Envoy: a missing header matches nothing, inverted or not, unless it counts as empty or the matcher asks
 * for presence.
 */
export function headerFieldTest(plan: HeaderMatcherPlan): (head: HeaderFields) => boolean {
  const { name, match, invert, treatMissingAsEmpty } = plan;
  if (match.kind === "present") {
    const wanted = match.present !== invert;
    return (head) => (head.valueByName(name) !== undefined) === wanted;
  }
  const test = match.kind === "range" ? rangeTest(match.start, match.end) : textTest(match.string);
  return (head) => {
    const value = head.valueByName(name) ?? (treatMissingAsEmpty ? "" : undefined);
    return value !== undefined && test(value) !== invert;
  };
}

function rangeTest(start: number, end: number): (text: string) => boolean {
  return (text) => {
    if (!/^[+-]?\d{1,18}$/.test(text)) return false;
    const value = Number(text);
    return value >= start && value < end;
  };
}
