// envoy.config.route.v3.Route to RoutePlan: when it matches and what it does. Called by virtual-host.ts in the file's order.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, flag, has, oneOf, text } from "../load/fields.ts";
import type {
  DirectResponsePlan,
  PathMatchPlan,
  RedirectPlan,
  RouteActionPlan,
  RouteMatchPlan,
  RoutePlan,
} from "../plan/route.ts";
import type { CompileContext } from "./context.ts";
import { readDataSource } from "./data-source.ts";
import { compileFilterOverrides } from "./filter-overrides.ts";
import { compileTextFormat } from "./format.ts";
import { compileHeaderChanges } from "./header-changes.ts";
import {
  compileFraction,
  compileHeaderMatcher,
  compileQueryMatcher,
  compileRegexRewrite,
  compileRegexText,
} from "./match.ts";
import { metadataOf } from "./metadata.ts";
import { compileForward, compileKeptBody, type RouteScope } from "./route-action.ts";
import { statName } from "./stat-name.ts";
import { compileSticky } from "./sticky-split.ts";
import { compileRouteTracing } from "./tracing.ts";

/** Compiles one route. */
export function compileRoute(
  context: CompileContext,
  route: CheckedMessage,
  scope: Omit<RouteScope, "isSticky">,
): RoutePlan {
  const match = child(route, "match");
  const isSticky = compileSticky(context, route);
  const action = compileAction(context, route, { ...scope, isSticky });
  const stickyBy = isSticky && action.kind === "forward" ? action.hashPolicy : [];
  return {
    name: text(route, "name") ?? "",
    match: match === undefined ? MATCH_ALL : { ...compileRouteMatch(context, match), stickyBy },
    action,
    headers: compileHeaderChanges(context, route),
    filterOverrides: compileFilterOverrides(context, route, scope.filterNames),
    tracing: compileRouteTracing(context, route),
    statPrefix: statName(text(route, "stat_prefix") ?? ""),
    metadata: metadataOf(route),
    source: `${route.position.file}:${route.position.line}`,
  };
}

function compileRouteMatch(context: CompileContext, match: CheckedMessage): Omit<RouteMatchPlan, "stickyBy"> {
  const fraction = child(match, "runtime_fraction");
  for (const field of ["dynamic_metadata", "filter_state"]) {
    if (children(match, field).length > 0) {
      context.refuse(match, field, `routes matched by ${field}`, "match headers, query_parameters or the path");
    }
  }
  if (has(match, "tls_context")) {
    context.refuse(match, "tls_context", "routes matched by client certificate", "use require_client_certificate");
  }
  return {
    path: pathMatch(context, match),
    headers: children(match, "headers").map((one) => compileHeaderMatcher(context, one)),
    query: children(match, "query_parameters").map((one) => compileQueryMatcher(context, one)),
    fraction: fraction === undefined ? null : compileFraction(fraction),
    grpcOnly: has(match, "grpc"),
  };
}

function pathMatch(context: CompileContext, match: CheckedMessage): PathMatchPlan {
  const caseSensitive = flag(match, "case_sensitive") ?? true;
  const kind = oneOf(match, [
    "prefix",
    "path",
    "path_separated_prefix",
    "safe_regex",
    "connect_matcher",
    "path_match_policy",
  ]);
  switch (kind) {
    case "prefix":
    case "path":
    case "path_separated_prefix": {
      const value = text(match, kind) ?? "";
      return { kind, value: wireText(caseSensitive ? value : value.toLowerCase()), caseSensitive };
    }
    case "safe_regex":
      return {
        kind: "regex",
        value: compileRegexText(context, child(match, kind) as CheckedMessage),
        caseSensitive: true,
      };
    case "connect_matcher":
      return { kind: "connect", value: "", caseSensitive: true };
    case "path_match_policy":
    case undefined:
      context.refuse(match, kind ?? "", "path match policies", "use prefix, path, path_separated_prefix or safe_regex");
      return MATCH_ALL.path;
  }
}

function compileAction(context: CompileContext, route: CheckedMessage, scope: RouteScope): RouteActionPlan {
  const kind = oneOf(route, ["route", "redirect", "direct_response", "non_forwarding_action", "filter_action"]);
  switch (kind) {
    case "route": {
      const keptBody = compileKeptBody(route, scope.keptBody);
      return compileForward(context, child(route, kind) as CheckedMessage, { ...scope, keptBody });
    }
    case "redirect":
      return compileRedirect(context, child(route, kind) as CheckedMessage);
    case "direct_response":
      return compileDirectResponse(context, child(route, kind) as CheckedMessage, scope);
    case "non_forwarding_action":
      return { kind: "non_forwarding" };
    case "filter_action":
    case undefined:
      context.refuse(route, kind ?? "", "routes acted on by a filter", "use route, redirect or direct_response");
      return { kind: "non_forwarding" };
  }
}

function compileRedirect(context: CompileContext, redirect: CheckedMessage): RedirectPlan {
  const https = flag(redirect, "https_redirect") === true;
  return {
    kind: "redirect",
    status: REDIRECT_STATUS[text(redirect, "response_code") ?? "MOVED_PERMANENTLY"] ?? 301,
    scheme: https ? "https" : (text(redirect, "scheme_redirect") ?? ""),
    host: wireText(text(redirect, "host_redirect") ?? ""),
    port: count(redirect, "port_redirect") ?? 0,
    path: redirectPath(context, redirect),
    stripQuery: flag(redirect, "strip_query") ?? false,
  };
}

function redirectPath(context: CompileContext, redirect: CheckedMessage): RedirectPlan["path"] {
  const kind = oneOf(redirect, ["path_redirect", "prefix_rewrite", "regex_rewrite"]);
  switch (kind) {
    case "path_redirect":
      return { kind: "path", value: wireText(text(redirect, kind) ?? "") };
    case "prefix_rewrite":
      return { kind: "prefix", value: wireText(text(redirect, kind) ?? "") };
    case "regex_rewrite":
      return { kind: "regex", ...compileRegexRewrite(context, child(redirect, kind) as CheckedMessage) };
    case undefined:
      return { kind: "none" };
  }
}

function compileDirectResponse(
  context: CompileContext,
  response: CheckedMessage,
  scope: RouteScope,
): DirectResponsePlan {
  const source = child(response, "body");
  const data = source === undefined ? null : readDataSource(context, source);
  if (source !== undefined && data !== null && data.bytes.length > scope.directBodyBytesMax) {
    const says = `response body size is ${data.bytes.length} bytes; maximum is ${scope.directBodyBytesMax}`;
    context.error(source, "", says);
  }
  const format = child(response, "body_format");
  if (format !== undefined && has(format, "json_format")) {
    context.refuse(format, "json_format", "JSON body formats", "write the JSON as text_format_source");
  }
  return {
    kind: "direct_response",
    status: count(response, "status") ?? 200,
    body: data === null ? new Uint8Array() : new Uint8Array(data.bytes),
    bodyFormat: format === undefined ? null : compileTextFormat(context, format),
  };
}

const MATCH_ALL: RouteMatchPlan = {
  path: { kind: "prefix", value: "/", caseSensitive: true },
  headers: [],
  query: [],
  fraction: null,
  stickyBy: [],
  grpcOnly: false,
};

const REDIRECT_STATUS: Readonly<Record<string, RedirectPlan["status"]>> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};
