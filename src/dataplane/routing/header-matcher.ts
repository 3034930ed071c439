// Header matchers of a route (envoy.config.route.v3.HeaderMatcher), made ready once.
import { headerFieldTest } from "../../config/plan/header-test.ts";
import type { HeaderMatcherPlan } from "../../config/plan/match.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { nameIdOfText } from "../../protocol/header-names.ts";

/** Whether a message head matches. */
export type HeaderTest = (head: HeaderList) => boolean;

/** The test of one header matcher: that of any head, without a text where only presence is asked for. */
export function headerTest(plan: HeaderMatcherPlan): HeaderTest {
  const { name, match, invert } = plan;
  const id = nameIdOfText(name);
  if (match.kind !== "present") return headerFieldTest(plan);
  const wanted = match.present !== invert;
  return id !== 0 ? (head) => head.has(id) === wanted : (head) => head.findName(name) >= 0 === wanted;
}
