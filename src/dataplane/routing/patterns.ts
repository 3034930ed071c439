// The regexes that rewrite paths, hosts and hashed headers, one matcher for each pattern. Routes and clusters have theirs compiled when a plan
// is applied: the first one loads the engine, 50 ms that no request is to wait for.
import type { HashMethodPlan } from "../../config/plan/hash-policy.ts";
import { compileRegex, type RegexMatcher } from "../../config/plan/regex.ts";
import type { RouteActionPlan } from "../../config/plan/route.ts";

/** The matcher of a pattern of the plan: patterns are few and live as long as the worker. */
export function regexOf(pattern: string): RegexMatcher {
  let regex = compiled.get(pattern);
  if (regex === undefined) {
    regex = compileRegex(pattern);
    compiled.set(pattern, regex);
  }
  return regex;
}

/** Compiles what an action rewrites and hashes with. */
export function compileActionPatterns(action: RouteActionPlan): void {
  if (action.kind === "redirect" && action.path.kind === "regex") regexOf(action.path.pattern);
  if (action.kind !== "forward") return;
  const { host, path } = action.rewrite;
  if (path.kind === "regex") regexOf(path.pattern);
  if (host.kind === "path_regex") regexOf(host.pattern);
  compileHashPatterns(action.hashPolicy);
}

/** Compiles what hashed headers are rewritten with. */
export function compileHashPatterns(methods: readonly HashMethodPlan[]): void {
  for (const method of methods)
    if (method.kind === "header" && method.rewrite !== null) regexOf(method.rewrite.pattern);
}

const compiled = new Map<string, RegexMatcher>();
