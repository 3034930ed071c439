// Which runtime keys a configuration asks for, and what each of them governs. Made from a plan; asked by who lets others change keys.
import type { ListenerPlan } from "./listener.ts";
import { OUTLIER_KEYS } from "./outlier-runtime.ts";
import type { Plan } from "./plan.ts";
import type { ClusterChoicePlan, RouteConfigPlan, RoutePlan } from "./route.ts";
import type { RuntimePlan } from "./runtime.ts";

/** One key. */
export interface RuntimeKeyFacts {
  readonly key: string;
  /** `share`: percent or a JSON fraction. `number`: whole. `text`: nobody knows. */
  readonly kind: "share" | "number" | "text";
  /** What it is where no layer of a mesh says otherwise; empty: not known. */
  readonly present: string;
  /** Clusters that get more as it grows, and as it falls. */
  readonly grows: readonly string[];
  readonly falls: readonly string[];
}

/** What a node knows of keys. */
export interface RuntimeKnowledge {
  readonly keys: readonly RuntimeKeyFacts[];
  /** Names of all clusters. */
  readonly clusters: readonly string[];
}

/** Whether a key is one of those that there are for every configuration: whole numbers. */
export function isCommonKey(key: string): boolean {
  if (COMMON_KEYS.has(key) || BREAKER_KEY.test(key) || CONNECTIONS_KEY.test(key)) return true;
  return key.startsWith(MAINTENANCE_PREFIX);
}

/** What a plan says of keys: each once, as its first place in the file has it. */
export function runtimeKnowledge(plan: Plan): RuntimeKnowledge {
  const present = fileTexts(plan.runtime);
  const keys = new Map<string, RuntimeKeyFacts>();
  const add = (facts: RuntimeKeyFacts): void => {
    if (keys.has(facts.key)) return;
    keys.set(facts.key, { ...facts, present: present.get(facts.key) ?? facts.present });
  };
  for (const { virtualHosts } of plan.listeners.flatMap(routeConfigsOf)) {
    for (const { routes } of virtualHosts)
      for (const [at] of routes.entries()) for (const facts of keysOf(routes, at)) add(facts);
  }
  for (const facts of keysWithin(plan.listeners)) add(facts);
  for (const [key, text] of present) add({ key, kind: "text", present: text, grows: [], falls: [] });
  return { keys: [...keys.values()], clusters: plan.clusters.map(({ name }) => name) };
}

function keysOf(routes: readonly RoutePlan[], at: number): RuntimeKeyFacts[] {
  const { match, action } = routes[at] as RoutePlan;
  const facts: RuntimeKeyFacts[] = [];
  const { fraction } = match;
  const own = clustersOf(routes[at]);
  if (fraction !== null && fraction.runtimeKey !== "") {
    // Whom this route does not take, the next one for the same paths does.
    const others = routes.slice(at + 1).find((route) => isUnder(match.path.value, route.match.path.value));
    const { numerator, denominator, runtimeKey } = fraction;
    const present = String((100 * numerator) / denominator);
    facts.push({ key: runtimeKey, kind: "share", present, grows: own, falls: clustersOf(others) });
  }
  if (action.kind !== "forward" || action.cluster.kind !== "weighted") return facts;
  const { clusters, runtimeKeyPrefix } = action.cluster;
  if (runtimeKeyPrefix === "") return facts;
  for (const { name, weight } of clusters) {
    const others = clusters.map((one) => one.name).filter((one) => one !== name);
    facts.push({
      key: `${runtimeKeyPrefix}.${name}`,
      kind: "number",
      present: String(weight),
      grows: [name],
      falls: others,
    });
  }
  return facts;
}

/** Of filters, mirrors, tracing and access logs: whatever has a key of its own and what stands where it is not set. */
function keysWithin(part: unknown): RuntimeKeyFacts[] {
  if (typeof part !== "object" || part === null) return [];
  const { runtimeKey: key, numerator, denominator, value } = part as Readonly<Record<string, unknown>>;
  const below = Object.values(part).flatMap(keysWithin);
  if (typeof key !== "string" || key === "") return below;
  const isShare = typeof numerator === "number" && typeof denominator === "number";
  const present = isShare ? String((100 * numerator) / denominator) : typeof value === "number" ? String(value) : "";
  return [{ key, kind: isShare ? "share" : "number", present, grows: [], falls: [] }, ...below];
}

function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix);
}

function clustersOf(route: RoutePlan | undefined): string[] {
  return route?.action.kind === "forward" ? namesOf(route.action.cluster) : [];
}

function namesOf(choice: ClusterChoicePlan): string[] {
  if (choice.kind === "one") return [choice.name];
  return choice.kind === "weighted" ? choice.clusters.map(({ name }) => name) : [];
}

function routeConfigsOf({ filterChains, defaultFilterChain }: ListenerPlan): RouteConfigPlan[] {
  return [...filterChains, defaultFilterChain].flatMap((chain) =>
    chain?.filter.kind === "http" ? [chain.filter.routes] : [],
  );
}

function fileTexts({ layers }: RuntimePlan): ReadonlyMap<string, string> {
  return new Map(layers.flatMap((layer) => (layer.kind === "static" ? Object.entries(layer.entries) : [])));
}

/** Before a cluster's name: the percentage of its requests that is answered 503. */
export const MAINTENANCE_PREFIX = "upstream.maintenance_mode.";

const COMMON_KEYS = new Set([
  ...Object.values(OUTLIER_KEYS),
  "health_check.max_interval",
  "health_check.min_interval",
  "load_balancing_policy.drop_overload_limit",
  "overload.global_downstream_max_connections",
  "tracing.opentelemetry.flush_interval_ms",
  "tracing.opentelemetry.min_flush_spans",
  "tracing.zipkin.flush_interval_ms",
  "tracing.zipkin.min_flush_spans",
  "tracing.zipkin.request_timeout",
  "upstream.base_retry_backoff_ms",
  "upstream.healthy_panic_threshold",
  "upstream.use_retry",
]);
const BREAKER_KEY =
  /^circuit_breakers\..+\.(?:default|high)\.(?:max_connections|max_connection_pools|max_pending_requests|max_requests|max_retries)$/;
const CONNECTIONS_KEY = /^envoy\.resource_limits\.listener\..+\.connection_limit$/;
