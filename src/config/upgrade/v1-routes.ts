// A route configuration of Envoy's v1 API (JSON, before 2018) as v3 has it. Pure; called by upgrade-v1.ts.
import type { V1Fields, V3 } from "./v1-fields.ts";

/** The v3 RouteConfiguration, and the clusters that its routes name. */
export interface UpgradedRoutes {
  readonly routes: V3;
  readonly clusters: ReadonlySet<string>;
}

/** Maps the object of `route_config`. */
export function upgradeRouteConfig(config: V1Fields): UpgradedRoutes {
  const clusters = new Set<string>();
  const routes = {
    name: "local_route",
    validate_clusters: config.flag("validate_clusters"),
    internal_only_headers: config.texts("internal_only_headers"),
    ...headerChanges(config),
    virtual_hosts: config.children("virtual_hosts", (host) => virtualHost(host, clusters)) ?? [],
  };
  config.end();
  return { routes, clusters };
}

function virtualHost(host: V1Fields, clusters: Set<string>): V3 {
  const mapped = {
    name: host.text("name"),
    domains: host.texts("domains") ?? [],
    require_tls: host.word("require_ssl", { external_only: "EXTERNAL_ONLY", all: "ALL" }),
    ...headerChanges(host),
    routes: host.children("routes", (route) => routeOf(route, clusters)) ?? [],
  };
  host.end({ rate_limits: "write them anew with v3's rate_limits" });
  return mapped;
}

function routeOf(route: V1Fields, clusters: Set<string>): V3 {
  const isRedirect = route.has("host_redirect") || route.has("path_redirect");
  const mapped = {
    match: match(route),
    ...(isRedirect ? { redirect: redirect(route) } : { route: action(route, clusters) }),
    ...headerChanges(route),
  };
  route.end({ opaque_config: "v3 has metadata for it", rate_limits: "write them anew with v3's rate_limits" });
  return mapped;
}

function match(route: V1Fields): V3 {
  const kinds = ["prefix", "path", "regex"].filter((kind) => route.has(kind));
  if (kinds.length !== 1) route.wrong(kinds[1] ?? "prefix", "a route has one of prefix, path and regex");
  return {
    prefix: route.text("prefix"),
    path: route.text("path"),
    safe_regex: regex(route, "regex"),
    case_sensitive: route.flag("case_sensitive"),
    runtime_fraction: route.child("runtime", (runtime) => {
      const numerator = runtime.count("default") ?? 0;
      const share = { runtime_key: runtime.text("key"), default_value: { numerator, denominator: "HUNDRED" } };
      runtime.end();
      return share;
    }),
    headers: route.children("headers", matcher),
    query_parameters: route.children("query_parameters", matcher),
  };
}

/** A header or query parameter: without a value it must be there. */
function matcher(fields: V1Fields): V3 {
  const name = fields.text("name");
  const isRegex = fields.flag("regex") ?? false;
  const value = fields.text("value");
  if (isRegex) fields.remark("regex", REGEX_REMARK);
  fields.end();
  if (value === undefined || value === "") return { name, present_match: true };
  const string = isRegex ? { safe_regex: { regex: value } } : { exact: value };
  return { name, string_match: string };
}

function regex(route: V1Fields, key: string): V3 | undefined {
  const text = route.text(key);
  if (text !== undefined) route.remark(key, REGEX_REMARK);
  return text === undefined ? undefined : { regex: text };
}

function action(route: V1Fields, clusters: Set<string>): V3 {
  const kinds = ["cluster", "cluster_header", "weighted_clusters"].filter((kind) => route.has(kind));
  if (kinds.length !== 1) {
    route.wrong(kinds[1] ?? "cluster", "a route leads to one of cluster, cluster_header and weighted_clusters");
  }
  const named = (name: string | undefined): string | undefined => {
    if (name !== undefined) clusters.add(name);
    return name;
  };
  return {
    cluster: named(route.text("cluster")),
    cluster_header: route.text("cluster_header"),
    weighted_clusters: route.child("weighted_clusters", (weighted) => weightedClusters(weighted, named)),
    timeout: route.millis("timeout_ms"),
    prefix_rewrite: route.text("prefix_rewrite"),
    host_rewrite_literal: route.text("host_rewrite"),
    auto_host_rewrite: route.flag("auto_host_rewrite"),
    priority: route.word("priority", { default: "DEFAULT", high: "HIGH" }),
    upgrade_configs: route.flag("use_websocket") === true ? [{ upgrade_type: "websocket" }] : undefined,
    retry_policy: route.child("retry_policy", retryPolicy),
    hash_policy: route.child("hash_policy", (policy) => {
      const header = [{ header: { header_name: policy.text("header_name") } }];
      policy.end();
      return header;
    }),
    request_mirror_policies: route.child("shadow", (shadow) => [mirror(shadow, named)]),
  };
}

function weightedClusters(weighted: V1Fields, named: (name: string | undefined) => string | undefined): V3 {
  const mapped = {
    runtime_key_prefix: weighted.text("runtime_key_prefix"),
    clusters: weighted.children("clusters", (cluster) => {
      const entry = { name: named(cluster.text("name")), weight: cluster.count("weight") };
      cluster.end();
      return entry;
    }),
  };
  weighted.end();
  return mapped;
}

function retryPolicy(policy: V1Fields): V3 {
  const mapped = {
    retry_on: policy.text("retry_on"),
    num_retries: policy.count("num_retries"),
    per_try_timeout: policy.millis("per_try_timeout_ms"),
  };
  policy.end();
  return mapped;
}

/** Without a key all requests were mirrored; with one none until the key says so. */
function mirror(shadow: V1Fields, named: (name: string | undefined) => string | undefined): V3 {
  const key = shadow.text("runtime_key");
  const share = { runtime_key: key, default_value: { numerator: 0, denominator: "TEN_THOUSAND" } };
  const mapped = { cluster: named(shadow.text("cluster")), runtime_fraction: key === undefined ? undefined : share };
  shadow.end();
  return mapped;
}

function redirect(route: V1Fields): V3 {
  return { host_redirect: route.text("host_redirect"), path_redirect: route.text("path_redirect") };
}

function headerChanges(fields: V1Fields): { readonly [key: string]: V3 | undefined } {
  const added = (key: string): V3 | undefined =>
    fields.children(key, (header) => {
      const change = { header: { key: header.text("key"), value: header.text("value") } };
      header.end();
      return change;
    });
  return {
    request_headers_to_add: added("request_headers_to_add"),
    response_headers_to_add: added("response_headers_to_add"),
    response_headers_to_remove: fields.texts("response_headers_to_remove"),
  };
}

const REGEX_REMARK = "v1 read this as an ECMAScript regular expression, v3 reads RE2";
