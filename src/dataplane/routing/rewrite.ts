// Path and host of the request that goes upstream (prefix_rewrite, regex_rewrite, host_rewrite_*).
import type { PathMatchPlan, RewritePlan } from "../../config/plan/route.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { barePath } from "./path-matcher.ts";
import { regexOf } from "./patterns.ts";

/** The rewritten path with its query, or the path itself when the route rewrites none. */
export function rewrittenPath(rewrite: RewritePlan, match: PathMatchPlan, path: string): string {
  switch (rewrite.path.kind) {
    case "none":
      return path;
    case "prefix":
      return replacePrefix(path, match, rewrite.path.value);
    case "regex": {
      const bare = barePath(path);
      return regexOf(rewrite.path.pattern).replace(bare, rewrite.path.substitution) + path.slice(bare.length);
    }
  }
}

/** The rewritten host, null when the route keeps it. `endpointHostname` is the name the endpoint was configured by. */
export function rewrittenHost(
  rewrite: RewritePlan,
  head: HeaderList,
  path: string,
  endpointHostname: string,
): string | null {
  const { host } = rewrite;
  switch (host.kind) {
    case "none":
      return null;
    case "literal":
      return host.value;
    case "auto":
      return endpointHostname === "" ? null : endpointHostname;
    case "header":
      return head.valueByName(host.header) || null;
    case "path_regex":
      return regexOf(host.pattern).replace(barePath(path), host.substitution);
  }
}

/** Replaces the part of the path that the route matched. */
export function replacePrefix(path: string, match: PathMatchPlan, value: string): string {
  const matched = match.kind === "regex" || match.kind === "connect" ? 0 : match.value.length;
  return value + path.slice(matched);
}
