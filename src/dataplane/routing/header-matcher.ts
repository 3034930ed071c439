// Header matchers of a route (envoy.config.route.v3.HeaderMatcher), made ready once.
import type { HeaderMatcherPlan } from "../../config/plan/match.ts";
import { textTest } from "../../config/plan/text-test.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { nameIdOfText } from "../../protocol/header-names.ts";

/** Whether a message head matches. */
export type HeaderTest = (head: HeaderList) => boolean;

/**
 * The test of one header matcher. As Envoy: several fields of one name are joined by a comma; a missing header matches nothing,
 * inverted or not, unless it counts as empty or the matcher asks for presence.
 */
export function headerTest(plan: HeaderMatcherPlan): HeaderTest {
  const { name, match, invert, treatMissingAsEmpty } = plan;
  const id = nameIdOfText(name);
  if (match.kind === "present") {
    const wanted = match.present !== invert;
    return id !== 0 ? (head) => head.has(id) === wanted : (head) => head.findName(name) >= 0 === wanted;
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
