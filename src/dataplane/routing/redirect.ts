// The location of a redirect (envoy.config.route.v3.RedirectAction) and of require_tls.
import type { PathMatchPlan, RedirectPlan } from "../../config/plan/route.ts";
import { barePath } from "./path-matcher.ts";
import { regexOf } from "./patterns.ts";
import { replacePrefix } from "./rewrite.ts";

/** The parts of the request that a location is made of. */
export interface RedirectSource {
  /** `:scheme`, or x-forwarded-proto as Envoy takes it. */
  readonly scheme: string;
  readonly authority: string;
  /** Path with query. */
  readonly path: string;
}

/** The location header of a redirect. */
export function redirectLocation(plan: RedirectPlan, match: PathMatchPlan, source: RedirectSource): string {
  const scheme = plan.scheme === "" ? source.scheme : plan.scheme;
  const host = plan.host === "" ? requestHost(source, scheme, plan.port) : plan.host;
  const port = plan.port === 0 ? "" : `:${plan.port}`;
  return `${scheme}://${host}${port}${redirectPath(plan, match, source.path)}`;
}

/** The location of a virtual host that wants TLS. */
export function tlsLocation(source: RedirectSource): string {
  return `https://${source.authority}${source.path}`;
}

function redirectPath(plan: RedirectPlan, match: PathMatchPlan, requestPath: string): string {
  const bare = barePath(requestPath);
  const path = plan.stripQuery ? bare : requestPath;
  const query = path.slice(bare.length);
  switch (plan.path.kind) {
    case "none":
      return path;
    case "path":
      // A query of its own replaces that of the request.
      return plan.path.value.includes("?") ? plan.path.value : plan.path.value + query;
    case "prefix":
      return replacePrefix(bare, match, plan.path.value) + query;
    case "regex":
      return regexOf(plan.path.pattern).replace(bare, plan.path.substitution) + query;
  }
}

/** The request's host; its port goes when the redirect has one, or when it was the default of a scheme that changes. */
function requestHost(source: RedirectSource, scheme: string, port: number): string {
  const { authority } = source;
  const at = authority.lastIndexOf(":");
  if (at <= authority.lastIndexOf("]")) return authority;
  const isDefault = authority.slice(at) === (source.scheme === "https" ? ":443" : ":80");
  return port !== 0 || (scheme !== source.scheme && isDefault) ? authority.slice(0, at) : authority;
}
