// /config_dump: the configuration that runs, as Envoy's admin protocol lays it out.

import { isoTime } from "../../../base/iso-time.ts";
import { compileRegex } from "../../../config/plan/regex.ts";
import { userAgent } from "../identity.ts";
import { jsonAnswer, type Page, type PageAnswer, type PageContext, showing, textAnswer } from "../page.ts";
import { endpointConfigs, type Json, type JsonValue } from "./endpoint-configs.ts";
import { regexFault } from "./stats.ts";

/** /config_dump */
export const configDumpPage: Page = showing("/config_dump", "dump current Envoy configs", answer, {
  resource: "The resource to dump",
  mask: "The mask to apply. When both resource and mask are specified, the mask is applied to every element in the desired repeated field so that only a subset of fields are returned. The mask is parsed as a Protobuf::FieldMask",
  name_regex:
    "Dump only the currently loaded configurations whose names match the specified regex. Can be used with both resource and mask query parameters.",
  include_eds: "Dump currently loaded configuration including EDS. See the response definition for more information",
});

function answer(context: PageContext, query: URLSearchParams): PageAnswer {
  let configs = allConfigs(context, query.has("include_eds"));
  const nameRegex = query.get("name_regex");
  if (nameRegex) {
    try {
      const regex = compileRegex(nameRegex);
      configs = configs.map((config) => namedOnly(config, (name) => regex.fullMatch(name)));
    } catch (error) {
      return refusal(`INVALID_ARGUMENT: Error while parsing name_regex from ${nameRegex}: ${regexFault(error)}`, 400);
    }
  }
  const mask = query.get("mask");
  const resource = query.get("resource");
  if (resource) {
    const found = resourceOf(configs, resource);
    if (found === null) {
      const isSingle = configs.some((config) => config[resource] !== undefined);
      return isSingle
        ? refusal(`${resource} is not a repeated field. Use ?mask=${resource} to get only this field`, 400)
        : refusal(`${resource} not found in config dump`, 404);
    }
    configs = mask ? found.map((one) => masked(one, mask)) : found;
  } else if (mask) {
    const kept = configs.map((config) => masked(config, mask)).filter((config) => Object.keys(config).length > 1);
    if (kept.length === 0) return refusal(`FieldMask ${mask} could not be successfully applied to any configs.`, 400);
    configs = kept;
  }
  return jsonAnswer(configs.length === 0 ? {} : { configs });
}

/** Without a charset, as Envoy's. */
function refusal(body: string, status: number): PageAnswer {
  return { ...textAnswer(body, status), contentType: "text/plain" };
}

function allConfigs(context: PageContext, includeEds: boolean): Json[] {
  const { view } = context;
  const bootstrap = view.bootstrap() as Json;
  const updated = isoTime(view.planLoadedWallMs());
  const resources = (bootstrap["static_resources"] ?? {}) as Json;
  const clusters = (resources["clusters"] ?? []) as readonly Json[];
  const listeners = (resources["listeners"] ?? []) as readonly Json[];
  const wrapped = (key: string, type: string, items: readonly Json[]): Json[] =>
    items.map((item) => ({ [key]: { "@type": `${PREFIX}${type}`, ...item }, last_updated: updated }));
  const list = (key: string, items: readonly Json[]): Json => (items.length === 0 ? {} : { [key]: items });
  const routes = routeConfigsOf(listeners);
  return [
    {
      "@type": `${ADMIN}BootstrapConfigDump`,
      bootstrap: {
        ...bootstrap,
        node: { ...(bootstrap["node"] as Json), ...(userAgent(view.version, false) as Json) },
      },
      last_updated: updated,
    },
    {
      "@type": `${ADMIN}ClustersConfigDump`,
      ...list("static_clusters", wrapped("cluster", "envoy.config.cluster.v3.Cluster", clusters)),
    },
    ...(includeEds
      ? [{ "@type": `${ADMIN}EndpointsConfigDump`, ...list("static_endpoint_configs", endpointConfigs(context)) }]
      : []),
    {
      "@type": `${ADMIN}ListenersConfigDump`,
      ...list("static_listeners", wrapped("listener", "envoy.config.listener.v3.Listener", listeners)),
    },
    { "@type": `${ADMIN}ScopedRoutesConfigDump` },
    {
      "@type": `${ADMIN}RoutesConfigDump`,
      ...list("static_route_configs", wrapped("route_config", "envoy.config.route.v3.RouteConfiguration", routes)),
    },
    { "@type": `${ADMIN}SecretsConfigDump` },
  ];
}

/** Every route_config inside the listeners, wherever it stands. */
function routeConfigsOf(value: JsonValue): Json[] {
  if (Array.isArray(value)) return value.flatMap(routeConfigsOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value as Json).flatMap(([key, child]) =>
    key === "route_config" ? [child as Json] : routeConfigsOf(child),
  );
}

/** Leaves only list items whose configuration has a name that fits. */
function namedOnly(config: Json, fits: (name: string) => boolean): Json {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) =>
      Array.isArray(value) ? [key, value.filter((item: Json) => fits(nameOf(item)))] : [key, value],
    ),
  );
}

function nameOf(item: Json): string {
  const inner = (item["cluster"] ?? item["listener"] ?? item["route_config"] ?? item["endpoint_config"] ?? {}) as Json;
  return String(inner["name"] ?? inner["cluster_name"] ?? "");
}

function resourceOf(configs: readonly Json[], resource: string): Json[] | null {
  const owner = configs.find((config) => Array.isArray(config[resource]));
  if (owner === undefined) return EMPTY_RESOURCES.has(resource) ? [] : null;
  const type = `${String(owner["@type"])}.${RESOURCE_TYPES[resource] ?? resource}`;
  return (owner[resource] as readonly Json[]).map((item) => ({ "@type": type, ...item }));
}

/** Keeps the fields that a FieldMask names, `@type` always. Lists are masked item by item. */
function masked(value: Json, mask: string): Json {
  const kept: Record<string, JsonValue> = {};
  if (value["@type"] !== undefined) kept["@type"] = value["@type"];
  for (const path of mask.split(",")) keep(kept, value, path.trim().split("."));
  return kept;
}

function keep(into: Record<string, JsonValue>, from: Json, [first = "", ...rest]: readonly string[]): void {
  const value = from[first];
  if (value === undefined) return;
  if (rest.length === 0 || typeof value !== "object" || value === null || Array.isArray(value)) {
    into[first] = value;
    return;
  }
  const inner = (into[first] ?? {}) as Record<string, JsonValue>;
  keep(inner, value as Json, rest);
  into[first] = inner;
}

/** Lists that a file without them does not have. */
const EMPTY_RESOURCES: ReadonlySet<string> = new Set([
  ...["static_clusters", "dynamic_active_clusters", "dynamic_warming_clusters"],
  ...["static_listeners", "dynamic_listeners", "static_route_configs", "dynamic_route_configs"],
  ...[
    "inline_scoped_route_configs",
    "dynamic_scoped_route_configs",
    "static_endpoint_configs",
    "dynamic_endpoint_configs",
  ],
  ...["static_secrets", "dynamic_active_secrets", "dynamic_warming_secrets"],
]);

const PREFIX = "type.googleapis.com/";
const ADMIN = `${PREFIX}envoy.admin.v3.`;
const RESOURCE_TYPES: Readonly<Record<string, string>> = {
  static_clusters: "StaticCluster",
  static_listeners: "StaticListener",
  static_route_configs: "StaticRouteConfig",
  static_endpoint_configs: "StaticEndpointConfig",
};
