// Route plans for tests: everything has its default, so that a case shows only what it is about.
import type {
  HeaderChangesPlan,
  PathMatchPlan,
  RedirectPlan,
  RouteConfigPlan,
  RouteMatchPlan,
  RoutePlan,
  VirtualHostPlan,
} from "../../src/config/plan/route.ts";

/** No change at all. */
export const noChanges: HeaderChangesPlan = { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] };

/** A path match. */
export function pathMatch(kind: PathMatchPlan["kind"], value: string, caseSensitive: boolean = true): PathMatchPlan {
  return { kind, value: caseSensitive ? value : value.toLowerCase(), caseSensitive };
}

/** A named route that answers 200. */
export function route(name: string, path: PathMatchPlan, match: Partial<RouteMatchPlan> = {}): RoutePlan {
  return {
    name,
    match: { path, headers: [], query: [], fraction: null, stickyBy: [], grpcOnly: false, ...match },
    action: { kind: "direct_response", status: 200, body: new Uint8Array(0), bodyFormat: null },
    headers: noChanges,
    filterOverrides: [],
    tracing: null,
    statPrefix: "",
    metadata: null,
    source: "test:1",
  };
}

/** A virtual host. */
export function virtualHost(name: string, domains: readonly string[], routes: readonly RoutePlan[]): VirtualHostPlan {
  return {
    name,
    domains,
    routes,
    requireTls: "none",
    headers: noChanges,
    includeRequestAttemptCount: false,
    includeAttemptCountInResponse: false,
    filterOverrides: [],
    rateLimits: [],
    virtualClusters: [],
    includeIsTimeoutRetry: false,
    metadata: null,
  };
}

/** A route configuration. */
export function routeConfig(...virtualHosts: readonly VirtualHostPlan[]): RouteConfigPlan {
  return {
    name: "test",
    virtualHosts,
    headers: noChanges,
    internalOnlyHeaders: [],
    mostSpecificHeaderMutationsWins: false,
    ignorePortInHostMatching: false,
    filterOverrides: [],
  };
}

/** A redirect that changes nothing yet. */
export function redirect(changes: Partial<RedirectPlan>): RedirectPlan {
  return {
    kind: "redirect",
    status: 301,
    scheme: "",
    host: "",
    port: 0,
    path: { kind: "none" },
    stripQuery: false,
    ...changes,
  };
}
