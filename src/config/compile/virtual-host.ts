// envoy.config.route.v3.RouteConfiguration and VirtualHost. Called by http-connection-manager.ts.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, flag, has, text, texts } from "../load/fields.ts";
import type { RouteConfigPlan, VirtualClusterPlan, VirtualHostPlan } from "../plan/route.ts";
import type { CompileContext } from "./context.ts";
import { compileFilterOverrides } from "./filter-overrides.ts";
import { compileHeaderChanges } from "./header-changes.ts";
import { compileHeaderMatcher } from "./match.ts";
import { metadataOf } from "./metadata.ts";
import { compileMirrors } from "./mirror.ts";
import { compileRatePolicies } from "./rate-limit.ts";
import { compileRetry, refuseHedging } from "./retry.ts";
import { compileRoute } from "./route.ts";
import { compileKeptBody, type RouteScope } from "./route-action.ts";
import { statName } from "./stat-name.ts";

/** Compiles an inline route configuration. `filterNames`: those of the HTTP filters that serve it; `limitsRates`: one takes rate_limits. */
export function compileRouteConfig(
  context: CompileContext,
  config: CheckedMessage,
  filterNames: ReadonlySet<string>,
  limitsRates: boolean,
): RouteConfigPlan {
  const name = text(config, "name") ?? "";
  if (has(config, "vhds")) {
    context.refuse(config, "vhds", "virtual hosts from a discovery server", "list them in virtual_hosts");
  }
  if (children(config, "cluster_specifier_plugins").length > 0) {
    context.refuse(config, "cluster_specifier_plugins", "cluster specifier plugins", "name clusters in routes");
  }
  const validateClusters = flag(config, "validate_clusters") ?? true;
  const scope = {
    validateClusters,
    mirrors: compileMirrors(context, config, { validateClusters }, []),
    directBodyBytesMax: count(config, "max_direct_response_body_size_bytes") ?? 4_096,
    filterNames,
    limitsRates,
  };
  const hosts = children(config, "virtual_hosts");
  checkDomains(context, hosts, name);
  return {
    name,
    virtualHosts: hosts.map((host) => compileVirtualHost(context, host, scope)),
    headers: compileHeaderChanges(context, config),
    internalOnlyHeaders: texts(config, "internal_only_headers").map((header) => wireText(header.toLowerCase())),
    mostSpecificHeaderMutationsWins: flag(config, "most_specific_header_mutations_wins") ?? false,
    ignorePortInHostMatching: flag(config, "ignore_port_in_host_matching") ?? false,
    filterOverrides: compileFilterOverrides(context, config, filterNames),
  };
}

/** What no configuration gives: no virtual hosts, so every request is answered 404. */
export const NO_ROUTES: RouteConfigPlan = {
  name: "",
  virtualHosts: [],
  headers: { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] },
  internalOnlyHeaders: [],
  mostSpecificHeaderMutationsWins: false,
  ignorePortInHostMatching: false,
  filterOverrides: [],
};

function compileVirtualHost(
  context: CompileContext,
  host: CheckedMessage,
  above: Omit<RouteScope, "retry" | "keptBody" | "isSticky">,
): VirtualHostPlan {
  if (has(host, "matcher")) {
    context.refuse(host, "matcher", "route matcher trees", "list the routes in routes, first match first");
  }
  refuseHedging(context, host);
  const retry = child(host, "retry_policy");
  const scope: Omit<RouteScope, "isSticky"> = {
    ...above,
    mirrors: compileMirrors(context, host, above, above.mirrors),
    retry: retry === undefined ? null : compileRetry(context, retry),
    keptBody: compileKeptBody(host, { lowerBytesMax: Number.POSITIVE_INFINITY, bytesMax: -1 }),
  };
  const requireTls = text(host, "require_tls");
  return {
    name: text(host, "name") ?? "",
    domains: domainsOf(host),
    routes: children(host, "routes").map((route) => compileRoute(context, route, scope)),
    requireTls: requireTls === "ALL" ? "all" : requireTls === "EXTERNAL_ONLY" ? "external" : "none",
    headers: compileHeaderChanges(context, host),
    includeRequestAttemptCount: flag(host, "include_request_attempt_count") ?? false,
    includeAttemptCountInResponse: flag(host, "include_attempt_count_in_response") ?? false,
    filterOverrides: compileFilterOverrides(context, host, scope.filterNames),
    rateLimits: scope.limitsRates ? compileRatePolicies(context, host, "route") : [],
    virtualClusters: children(host, "virtual_clusters").map((cluster) => compileVirtualCluster(context, cluster)),
    includeIsTimeoutRetry: flag(host, "include_is_timeout_retry_header") ?? false,
    metadata: metadataOf(host),
  };
}

function compileVirtualCluster(context: CompileContext, cluster: CheckedMessage): VirtualClusterPlan {
  const headers = children(cluster, "headers");
  if (headers.length === 0) context.error(cluster, "headers", "virtual clusters must define 'headers'");
  return {
    name: statName(text(cluster, "name") ?? ""),
    headers: headers.map((one) => compileHeaderMatcher(context, one)),
  };
}

function domainsOf(host: CheckedMessage): string[] {
  return texts(host, "domains").map((domain) => wireText(domain.toLowerCase()));
}

function checkDomains(context: CompileContext, hosts: readonly CheckedMessage[], config: string): void {
  const seen = new Set<string>();
  for (const host of hosts) {
    for (const domain of domainsOf(host)) {
      if (seen.has(domain)) {
        const says =
          domain === "*"
            ? `Only a single wildcard domain is permitted in route ${config}`
            : `Only unique values for domains are permitted. Duplicate entry of domain ${domain} in route ${config}`;
        context.error(host, "domains", says);
      }
      seen.add(domain);
    }
  }
}
