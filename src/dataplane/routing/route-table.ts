// Chooses the virtual host and the route of a request. Made once per plan and worker; the exchange calls `select` once a request.

import type { HashMethodPlan } from "../../config/plan/hash-policy.ts";
import type { FractionPlan } from "../../config/plan/match.ts";
import type { RouteConfigPlan, RoutePlan, VirtualHostPlan } from "../../config/plan/route.ts";
import type { RuntimeView } from "../../config/plan/runtime.ts";
import type { TextTest } from "../../config/plan/text-test.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { DomainTable } from "./domain-table.ts";
import { type HeaderTest, headerTest } from "./header-matcher.ts";
import { PathIndex } from "./path-index.ts";
import { barePath, pathTest, queryOf } from "./path-matcher.ts";
import { compileActionPatterns, compileHashPatterns } from "./patterns.ts";
import { type QueryTest, queryTest } from "./query-matcher.ts";
import { inFraction, inGrowingFraction } from "./runtime-view.ts";
import { type SplitSource, splitPoint } from "./sticky-split.ts";

/** A route ready to be matched; `vhost` and `plan` say what follows. */
export interface Route {
  readonly plan: RoutePlan;
  readonly vhost: VirtualHost;
}

/** A virtual host ready to be searched. */
export interface VirtualHost {
  readonly plan: VirtualHostPlan;
}

/** Routes of one connection manager. */
export class RouteTable {
  readonly plan: RouteConfigPlan;
  private readonly domains = new DomainTable<HostRoutes>();
  private readonly onlyHost: HostRoutes | null;

  constructor(plan: RouteConfigPlan) {
    this.plan = plan;
    for (const vhost of plan.virtualHosts) {
      const routes = new HostRoutes(vhost);
      for (const domain of vhost.domains) this.domains.add(domain, routes);
    }
    this.onlyHost = this.domains.onlyAny();
  }

  /** The virtual host of an `:authority`, null when no domain matches. */
  host(authority: string): HostRoutes | null {
    if (this.onlyHost !== null) return this.onlyHost;
    const lower = authority.toLowerCase();
    return this.domains.find(this.plan.ignorePortInHostMatching ? withoutPort(lower) : lower);
  }

  /**
   * The first route in file order that matches, null when there is none. `random` is the request's own number: the same one decides
   * every share of the request.
   */
  select(head: HeaderList, runtime: RuntimeView, random: number, splits: SplitSource | null = null): Route | null {
    const host = this.onlyHost ?? this.host(head.value(H.PSEUDO_AUTHORITY) ?? "");
    return host === null ? null : host.select(head, runtime, random, splits);
  }
}

/** The routes of one virtual host. */
export class HostRoutes implements VirtualHost {
  readonly plan: VirtualHostPlan;
  private readonly routes: readonly Candidate[];
  private readonly index: PathIndex | null;
  private request: SplitRequest | null = null;
  private readonly matchesIndexed = (i: number): boolean => {
    const { request } = this;
    return (
      request !== null &&
      (this.routes[i] as Candidate).matches(request.head, request.path, request.runtime, request.random, request.splits)
    );
  };

  constructor(plan: VirtualHostPlan) {
    this.plan = plan;
    this.routes = plan.routes.map((route) => new Candidate(route, this));
    this.index = plan.routes.length > LINEAR_MAX ? new PathIndex(plan.routes.map((route) => route.match.path)) : null;
  }

  /** The first route that matches, null when there is none. */
  select(head: HeaderList, runtime: RuntimeView, random: number, splits: SplitSource | null = null): Route | null {
    const path = barePath(head.value(H.PSEUDO_PATH) ?? "");
    if (this.index === null) {
      for (const route of this.routes) if (route.matches(head, path, runtime, random, splits)) return route;
      return null;
    }
    this.request = { head, path, runtime, random, splits };
    const at = this.index.first(path, this.matchesIndexed);
    this.request = null;
    return at < 0 ? null : (this.routes[at] as Candidate);
  }

  /** Every route with the first reason why it does not match, up to the one that does: for `explain`. */
  explain(head: HeaderList, runtime: RuntimeView, random: number): { route: RoutePlan; mismatch: string | null }[] {
    const path = barePath(head.value(H.PSEUDO_PATH) ?? "");
    const steps: { route: RoutePlan; mismatch: string | null }[] = [];
    for (const route of this.routes) {
      const mismatch = route.mismatch(head, path, runtime, random);
      steps.push({ route: route.plan, mismatch });
      if (mismatch === null) break;
    }
    return steps;
  }
}

class Candidate implements Route {
  readonly plan: RoutePlan;
  readonly vhost: VirtualHost;
  private readonly path: TextTest;
  private readonly connectOnly: boolean;
  private readonly headers: readonly HeaderTest[];
  private readonly queries: readonly QueryTest[];
  private readonly fraction: FractionPlan | null;
  private readonly stickyBy: readonly HashMethodPlan[];
  private readonly grpcOnly: boolean;

  constructor(plan: RoutePlan, vhost: VirtualHost) {
    this.plan = plan;
    this.vhost = vhost;
    this.path = pathTest(plan.match.path);
    this.connectOnly = plan.match.path.kind === "connect";
    this.headers = plan.match.headers.map(headerTest);
    this.queries = plan.match.query.map(queryTest);
    this.fraction = plan.match.fraction;
    this.stickyBy = plan.match.stickyBy;
    this.grpcOnly = plan.match.grpcOnly;
    compileActionPatterns(plan.action);
    compileHashPatterns(this.stickyBy);
  }

  matches(head: HeaderList, path: string, runtime: RuntimeView, random: number, splits: SplitSource | null): boolean {
    if (this.connectOnly ? !isConnect(head) : !this.path(path)) return false;
    for (const test of this.headers) if (!test(head)) return false;
    if (this.queries.length > 0) {
      const query = queryOf(head.value(H.PSEUDO_PATH) ?? "");
      for (const test of this.queries) if (!test(query)) return false;
    }
    if (this.grpcOnly && !isGrpc(head)) return false;
    return this.fraction === null || this.isInFraction(this.fraction, runtime, random, splits);
  }

  mismatch(head: HeaderList, path: string, runtime: RuntimeView, random: number): string | null {
    if (this.connectOnly ? !isConnect(head) : !this.path(path)) return "path";
    const header = this.headers.findIndex((test) => !test(head));
    if (header >= 0) return `header ${this.plan.match.headers[header]?.name}`;
    const query = queryOf(head.value(H.PSEUDO_PATH) ?? "");
    const parameter = this.queries.findIndex((test) => !test(query));
    if (parameter >= 0) return `query parameter ${this.plan.match.query[parameter]?.name}`;
    if (this.grpcOnly && !isGrpc(head)) return "not a gRPC request";
    return this.fraction === null || inFraction(this.fraction, runtime, random) ? null : "runtime_fraction";
  }

  /** A request without what its route hashes falls into the fraction by chance. */
  private isInFraction(
    fraction: FractionPlan,
    runtime: RuntimeView,
    random: number,
    splits: SplitSource | null,
  ): boolean {
    const hash = this.stickyBy.length === 0 || splits === null ? null : splits.hash.ofSplit(this.stickyBy);
    if (hash === null) return inFraction(fraction, runtime, random);
    return inGrowingFraction(fraction, runtime, splitPoint(hash));
  }
}

interface SplitRequest {
  readonly head: HeaderList;
  readonly path: string;
  readonly runtime: RuntimeView;
  readonly random: number;
  readonly splits: SplitSource | null;
}

/** Whether a request is gRPC: content-type `application/grpc` or `application/grpc+…` (Envoy's Grpc::Common::isGrpcRequestHeaders). */
export function isGrpc(head: HeaderList): boolean {
  const type = head.value(H.CONTENT_TYPE);
  return type !== undefined && (type === GRPC || type.startsWith(`${GRPC}+`));
}

function isConnect(head: HeaderList): boolean {
  return head.value(H.PSEUDO_METHOD) === "CONNECT";
}

function withoutPort(host: string): string {
  const at = host.lastIndexOf(":");
  return at > host.lastIndexOf("]") ? host.slice(0, at) : host;
}

const GRPC = "application/grpc";
/** Up to this many routes are tried one by one. */
const LINEAR_MAX = 12;
