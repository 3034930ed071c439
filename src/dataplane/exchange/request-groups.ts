// Requests that are counted under names of their own besides their cluster's: those of a virtual cluster and of a route with a stat_prefix.
// Made with the connection manager; a request without any has null. Called by the router and its attempts.
import type { RouteConfigPlan, RoutePlan, VirtualHostPlan } from "../../config/plan/route.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { REQUESTS, type RequestStat } from "../../telemetry/request-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { type HeaderTest, headerTest } from "../routing/header-matcher.ts";
import { AnswerCounters } from "./cluster-answers.ts";

/** What one request is counted as. */
export class RequestGroups {
  /** Name of its virtual cluster; undefined: it has none. */
  readonly virtualCluster: string | undefined;
  private readonly members: readonly RequestGroup[];

  constructor(virtualCluster: string | undefined, members: readonly RequestGroup[]) {
    this.virtualCluster = virtualCluster;
    this.members = members;
  }

  /** Something happened to the request. */
  count(what: RequestStat): void {
    for (const { stats } of this.members) count(stats, REQUESTS.at[what]);
  }

  /** It was answered. */
  charge(status: number): void {
    for (const { answers } of this.members) answers.charge(status);
  }

  /** Its answer is complete. */
  time(ms: number): void {
    for (const { answers } of this.members) answers.time(ms);
  }
}

/** The groups of one route, by what its virtual host's matchers say of a request. */
export interface RouteGroups {
  of(head: HeaderList): RequestGroups;
}

/** Makes the groups of all routes of a configuration that have any: their names are there from now on. */
export function routeGroups(plan: RouteConfigPlan, stats: StatsWriter): ReadonlyMap<RoutePlan, RouteGroups> {
  const groups = new Map<RoutePlan, RouteGroups>();
  for (const host of plan.virtualHosts) {
    const clusters = virtualClusters(host, stats);
    for (const route of host.routes) {
      if (clusters.length === 0 && route.statPrefix === "") continue;
      const own =
        route.statPrefix === "" ? [] : [new RequestGroup(stats, `vhost.${host.name}.route.${route.statPrefix}.`)];
      groups.set(route, groupsOf(clusters, own));
    }
  }
  return groups;
}

interface VirtualCluster {
  readonly name: string;
  readonly tests: readonly HeaderTest[];
  readonly group: RequestGroup;
}

class RequestGroup {
  readonly stats: Float64Array;
  readonly answers: AnswerCounters;

  constructor(stats: StatsWriter, prefix: string) {
    this.stats = stats.block(REQUESTS, prefix);
    this.answers = new AnswerCounters(stats, prefix);
  }
}

/** Those of a host in its order; where there are any, the last one takes every other request. */
function virtualClusters(
  { name: host, virtualClusters: plans }: VirtualHostPlan,
  stats: StatsWriter,
): VirtualCluster[] {
  if (plans.length === 0) return [];
  return [...plans, { name: OTHER, headers: [] }].map(({ name, headers }) => ({
    name,
    tests: headers.map(headerTest),
    group: new RequestGroup(stats, `vhost.${host}.vcluster.${name}.`),
  }));
}

function groupsOf(clusters: readonly VirtualCluster[], own: readonly RequestGroup[]): RouteGroups {
  const choices = clusters.map(({ name, tests, group }) => {
    // As in Envoy, who is only one of the others has no name in access logs.
    return { tests, groups: new RequestGroups(tests.length === 0 ? undefined : name, [group, ...own]) };
  });
  const alone = new RequestGroups(undefined, own);
  return { of: (head) => choices.find(({ tests }) => tests.every((test) => test(head)))?.groups ?? alone };
}

/** Name of the virtual cluster of requests that no other one of the host takes. */
const OTHER = "other";
