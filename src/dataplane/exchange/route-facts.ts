// What follows from a route, worked out once per route instead of once per request: which levels change headers, and in what order.
import type { ForwardPlan, HeaderChangesPlan, RoutePlan } from "../../config/plan/route.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import type { FormatSource } from "../../telemetry/format.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { changeRequestHeaders, changeResponseHeaders, hasChanges } from "../routing/header-changes.ts";
import type { Route, RouteTable } from "../routing/route-table.ts";
import { type RouteGroups, routeGroups } from "./request-groups.ts";
import { type RetryRules, retryRules } from "./retry-rules.ts";

/** Facts of one route. */
export interface RouteFacts {
  /** Null: the route does not forward. */
  readonly forward: ForwardPlan | null;
  /** Under which further names its requests are counted; null: under none. */
  readonly groups: RouteGroups | null;
  /** Null: the route retries nothing by itself. */
  readonly retry: RetryRules | null;
  /** Levels that change anything, in the order in which they are applied. */
  readonly levels: readonly HeaderChangesPlan[];
  /** most_specific_header_mutations_wins: the most specific level comes last, a weighted entry's after all. */
  readonly specificLast: boolean;
}

/** Facts of the routes of one table. */
export class RouteFactsTable {
  private readonly table: RouteTable;
  private readonly facts = new Map<Route, RouteFacts>();
  private readonly groups: ReadonlyMap<RoutePlan, RouteGroups>;

  constructor(table: RouteTable, stats: StatsWriter) {
    this.table = table;
    this.groups = routeGroups(table.plan, stats);
  }

  of(route: Route): RouteFacts {
    let facts = this.facts.get(route);
    if (facts === undefined) {
      facts = this.make(route);
      this.facts.set(route, facts);
    }
    return facts;
  }

  private make(route: Route): RouteFacts {
    const { action, headers } = route.plan;
    const specificLast = this.table.plan.mostSpecificHeaderMutationsWins;
    const levels = [headers, route.vhost.plan.headers, this.table.plan.headers].filter(hasChanges);
    return {
      forward: action.kind === "forward" ? action : null,
      groups: this.groups.get(route.plan) ?? null,
      retry: retryRules(action.kind === "forward" ? action.retry : null),
      levels: specificLast ? levels.toReversed() : levels,
      specificLast,
    };
  }
}

/** Applies the request changes of all levels in Envoy's order: the weighted entry's first, the configuration's last, or turned round. */
export function changeRequest(
  facts: RouteFacts,
  weighted: HeaderChangesPlan | null,
  head: HeaderList,
  source: FormatSource,
): void {
  if (weighted !== null && !facts.specificLast) changeRequestHeaders(weighted, head, source);
  for (const level of facts.levels) changeRequestHeaders(level, head, source);
  if (weighted !== null && facts.specificLast) changeRequestHeaders(weighted, head, source);
}

/** Applies the response changes of all levels, in the same order. */
export function changeResponse(
  facts: RouteFacts,
  weighted: HeaderChangesPlan | null,
  head: HeaderList,
  source: FormatSource,
): void {
  if (weighted !== null && !facts.specificLast) changeResponseHeaders(weighted, head, source);
  for (const level of facts.levels) changeResponseHeaders(level, head, source);
  if (weighted !== null && facts.specificLast) changeResponseHeaders(weighted, head, source);
}
