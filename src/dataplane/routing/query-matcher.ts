// Query parameter matchers of a route (envoy.config.route.v3.QueryParameterMatcher). Names and values are compared as written, not decoded.
import type { QueryMatcherPlan } from "../../config/plan/match.ts";
import { textTest } from "../../config/plan/text-test.ts";

/** Whether a query string (without `?`, undefined when the path has none) matches. */
export type QueryTest = (query: string | undefined) => boolean;

/** The test of one matcher; the first parameter of the name decides. */
export function queryTest(plan: QueryMatcherPlan): QueryTest {
  const { name, present } = plan;
  const test = plan.string === null ? null : textTest(plan.string);
  return (query) => {
    const value = query === undefined ? undefined : queryValue(query, name);
    if (test === null) return (value !== undefined) === present;
    return value !== undefined && test(value);
  };
}

/** The value of the first parameter of a name, as written; undefined: there is none. */
export function queryValue(query: string, name: string): string | undefined {
  for (let start = 0; start <= query.length; ) {
    let end = query.indexOf("&", start);
    if (end < 0) end = query.length;
    const equals = query.indexOf("=", start);
    const nameEnd = equals >= 0 && equals < end ? equals : end;
    if (nameEnd - start === name.length && query.startsWith(name, start))
      return query.slice(Math.min(nameEnd + 1, end), end);
    start = end + 1;
  }
  return undefined;
}
