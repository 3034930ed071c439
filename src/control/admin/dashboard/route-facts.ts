// Routes for the dashboard: which requests go to which clusters, and in which shares as the runtime has them now. Called by snapshot.ts.
import { addressText } from "../../../config/plan/address.ts";
import type { FilterChainPlan, ListenerPlan } from "../../../config/plan/listener.ts";
import type { ClusterChoicePlan, RouteActionPlan, RouteMatchPlan, RoutePlan } from "../../../config/plan/route.ts";
import { type RuntimeView, runtimeInteger } from "../../../config/plan/runtime.ts";
import { runtimeValue } from "../../../config/plan/runtime-value.ts";
import type { Json, JsonObject } from "./merge-patch.ts";

/** In the file's order, the first ones of very many. `figuresOf`: what is known of the route that stands there. */
export function routeFacts(
  listeners: readonly ListenerPlan[],
  runtime: RuntimeView,
  figuresOf: (source: string) => JsonObject = () => ({}),
): Json[] {
  const routes = listeners.flatMap((listener) => listenerRoutes(listener, runtime)).slice(0, ROUTES_MAX);
  return routes.map((one) => ({ ...one, ...figuresOf(one["source"] as string) }));
}

function listenerRoutes(listener: ListenerPlan, runtime: RuntimeView): JsonObject[] {
  const chains = [...listener.filterChains, listener.defaultFilterChain].filter((chain) => chain !== null);
  const facts = chains.flatMap((chain) => chainRoutes(chain, runtime));
  return facts.map((one) => ({ listener: addressText(listener.address), ...one }));
}

function chainRoutes({ filter, tls }: FilterChainPlan, runtime: RuntimeView): JsonObject[] {
  const security = tls === null ? "" : "TLS";
  if (filter.kind === "tcp") return [{ security, domains: [], match: "TCP", does: "", clusters: [], source: "" }];
  return filter.routes.virtualHosts.flatMap(({ domains, routes }) =>
    routes.map((route) => ({ security, manager: filter.statPrefix, domains, ...oneRoute(route, runtime) })),
  );
}

function oneRoute({ name, match, action, source }: RoutePlan, runtime: RuntimeView): JsonObject {
  const clusters = action.kind === "forward" ? sharesOf(action.cluster, runtime) : [];
  const facts = { name, match: matchText(match, runtime), does: actionText(action), clusters, source };
  const key = match.fraction?.runtimeKey ?? "";
  return key === "" || match.fraction === null ? facts : { ...facts, key, percent: percentOf(match.fraction, runtime) };
}

function percentOf(fraction: NonNullable<RouteMatchPlan["fraction"]>, runtime: RuntimeView): number {
  const set = fraction.runtimeKey === "" ? undefined : runtime.get(fraction.runtimeKey);
  const { numerator, denominator } = (set === undefined ? null : runtimeValue(set).share) ?? fraction;
  return (numerator * 100) / denominator;
}

function matchText({ path, headers, query, fraction, grpcOnly }: RouteMatchPlan, runtime: RuntimeView): string {
  const more = [
    ...headers.map(({ name, invert }) => `${invert ? "not " : ""}header ${name}`),
    ...query.map(({ name }) => `query ${name}`),
    ...(grpcOnly ? ["gRPC"] : []),
  ];
  if (fraction !== null) more.push(`${percentOf(fraction, runtime)} % of requests`);
  const end = path.kind === "prefix" || path.kind === "path_separated_prefix" ? "*" : "";
  const what = path.kind === "connect" ? "CONNECT" : path.kind === "regex" ? `~ ${path.value}` : `${path.value}${end}`;
  return [what, ...more].join(", ");
}

function actionText(action: RouteActionPlan): string {
  switch (action.kind) {
    case "forward":
      return action.cluster.kind === "header" ? `the cluster that ${action.cluster.header} names` : "";
    case "redirect":
      return `redirect ${action.status}`;
    case "direct_response":
      return `answer ${action.status}`;
    case "non_forwarding":
      return "not forwarded";
  }
}

/** Each with its share of 1. */
function sharesOf(choice: ClusterChoicePlan, runtime: RuntimeView): JsonObject[] {
  switch (choice.kind) {
    case "one":
      return [{ name: choice.name, share: 1 }];
    case "header":
      return [];
    case "weighted": {
      const prefix = choice.runtimeKeyPrefix;
      const weights = choice.clusters.map(({ name, weight }) =>
        prefix === "" ? weight : runtimeInteger(runtime, `${prefix}.${name}`, weight),
      );
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return choice.clusters.map(({ name }, at) => {
        const weight = weights[at] ?? 0;
        const share = { name, share: total === 0 ? 0 : weight / total };
        return prefix === "" ? share : { ...share, key: `${prefix}.${name}`, weight };
      });
    }
  }
}

const ROUTES_MAX = 500;
