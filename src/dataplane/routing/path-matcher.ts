// Path matching of a route. The path comes without query and fragment.
import { compileRegex } from "../../config/plan/regex.ts";
import type { PathMatchPlan } from "../../config/plan/route.ts";
import type { TextTest } from "../../config/plan/text-test.ts";

/** The test of one path match; CONNECT requests match only `connect_matcher`, which this answers with false for paths. */
export function pathTest(plan: PathMatchPlan): TextTest {
  const test = sensitiveTest(plan);
  return plan.caseSensitive || plan.kind === "regex" ? test : (path) => test(path.toLowerCase());
}

/** The path without query and fragment. */
export function barePath(path: string): string {
  const at = path.search(QUERY_OR_FRAGMENT);
  return at < 0 ? path : path.slice(0, at);
}

/** The query without `?` and fragment, undefined when there is none. */
export function queryOf(path: string): string | undefined {
  const at = path.indexOf("?");
  if (at < 0) return undefined;
  const hash = path.indexOf("#", at);
  return path.slice(at + 1, hash < 0 ? path.length : hash);
}

function sensitiveTest(plan: PathMatchPlan): TextTest {
  const { value } = plan;
  switch (plan.kind) {
    case "prefix":
      return (path) => path.startsWith(value);
    case "path":
      return (path) => path === value;
    case "path_separated_prefix":
      return (path) =>
        path.startsWith(value) && (path.length === value.length || path.charCodeAt(value.length) === SLASH);
    case "regex": {
      const regex = compileRegex(value);
      return (path) => regex.fullMatch(path);
    }
    case "connect":
      return () => false;
  }
}

const SLASH = 0x2f;
const QUERY_OR_FRAGMENT = /[?#]/;
