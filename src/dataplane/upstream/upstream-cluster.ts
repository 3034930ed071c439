// One cluster on one worker: picks an endpoint for a request and hands it to the endpoint's pool. Everything but the plan is made on
// the first request. Made by cluster-manager.ts.
import type { BalancerPlan, ClusterPlan, HashBalancerPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetFull, EndpointSetUpdate } from "../../config/plan/endpoint-set.ts";
import { runtimeInteger } from "../../config/plan/runtime.ts";
import { PriorityIndex, Resource } from "../../telemetry/breaker-columns.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { UNHEALTHY_FLAGS } from "../../telemetry/health-table.ts";
import { count } from "../../telemetry/stats-add.ts";
import { compileHashPatterns } from "../routing/patterns.ts";
import type { PriorityRules } from "./balance/host-set.ts";
import { SlowStart } from "./balance/slow-start.ts";
import { limitsEndpoints } from "./breaker-use.ts";
import type { ClusterHome, UpstreamServices } from "./cluster-home.ts";
import { type PoolProtocol, serverNameOf } from "./dial-target.ts";
import { DropCounts } from "./drop-counts.ts";
import type { UpstreamEndpoint } from "./endpoint.ts";
import { createPicker, type EndpointPicker } from "./endpoint-picker.ts";
import { EndpointTable } from "./endpoint-table.ts";
import { LazyHome } from "./lazy-home.ts";
import { OutlierMonitor } from "./outlier-monitor.ts";
import { Pool } from "./pool.ts";
import { RawConnection } from "./raw-connection.ts";
import { openRaw } from "./raw-request.ts";
import { SubsetPicker } from "./subset-picker.ts";
import type { Cluster, OpenFailure, RawStream, RawWish, UpstreamRequest } from "./upstream.ts";

/** A cluster. */
export class UpstreamCluster implements Cluster {
  readonly plan: ClusterPlan;
  readonly hashing: HashBalancerPlan | null;
  readonly drops: DropCounts;
  private readonly services: UpstreamServices;
  /** The newest full set while nobody asked for the cluster: clusters without requests keep data only. Null: none came yet. */
  private waiting: EndpointSetFull | null;
  private parts: ClusterParts | null = null;
  private block: Float64Array | null = null;

  /** `set`: its endpoints as far as they are known; null: not at all, until the first update. */
  constructor(services: UpstreamServices, plan: ClusterPlan, set: EndpointSetFull | null) {
    this.services = services;
    this.plan = plan;
    this.hashing = "hashPolicy" in plan.balancer ? plan.balancer : null;
    compileHashPatterns(this.hashing?.hashPolicy ?? []);
    this.drops = new DropCounts(services.stats, plan.name);
    this.waiting = set;
  }

  get stats(): Float64Array {
    this.block ??= this.services.stats.block(CLUSTER, `cluster.${this.plan.statName}.`);
    return this.block;
  }

  get outlier(): OutlierMonitor | null {
    return this.made()?.outlier ?? null;
  }

  membership(): { readonly total: number; readonly available: number } {
    const endpoints = this.made()?.table.endpoints() ?? [];
    const failing = endpoints.filter((endpoint) => (endpoint.healthFlags() & UNHEALTHY_FLAGS) !== 0);
    return { total: endpoints.length, available: endpoints.length - failing.length };
  }

  open(request: UpstreamRequest): void {
    const parts = this.made();
    const endpoint =
      parts === null ? null : parts.picker.pick(request.hash ?? null, request, request.metadataMatch ?? null);
    if (parts !== null && endpoint !== null) {
      this.pool(parts.home, endpoint, request).open(request);
      return;
    }
    count(this.stats, CLUSTER.at.upstream_cx_none_healthy);
    request.onOpenFailed(NO_HEALTHY_UPSTREAM);
  }

  openRaw(request: UpstreamRequest): void {
    const pending = this.made()?.home.pending;
    if (pending === undefined) request.onOpenFailed(NO_HEALTHY_UPSTREAM);
    else openRaw(request, this, pending);
  }

  cancel(request: UpstreamRequest): void {
    const pending = this.parts?.home.pending.get(request);
    pending?.cancel(pending);
  }

  beginRetry(priority: "default" | "high"): boolean {
    const breakers = this.made()?.home.breakers;
    if (breakers === undefined || breakers.isFullOfRetries(PriorityIndex[priority])) return false;
    breakers.add(PriorityIndex[priority], Resource.Retries, 1);
    return true;
  }

  endRetry(priority: "default" | "high"): void {
    this.parts?.home.breakers.add(PriorityIndex[priority], Resource.Retries, -1);
  }

  connect(wish: RawWish): RawStream | OpenFailure {
    const parts = this.made();
    const breakers = parts?.home.breakers;
    if (breakers?.isFull(PriorityIndex.default, Resource.Connections) === true) {
      count(this.stats, CLUSTER.at.upstream_cx_overflow);
      return CONNECTIONS_USED_UP;
    }
    const endpoint = parts === null ? null : parts.picker.pick(wish.hash ?? null, null, wish.metadataMatch ?? null);
    if (parts === null || endpoint === null) {
      count(this.stats, CLUSTER.at.upstream_cx_none_healthy);
      return NO_HEALTHY_UPSTREAM;
    }
    if (!parts.home.breakers.isFull(PriorityIndex.default, Resource.Pending)) {
      return new RawConnection(parts.home, endpoint, wish);
    }
    count(this.stats, CLUSTER.at.upstream_rq_pending_overflow);
    return { kind: "overflow", transportText: "", endpoint };
  }

  /** Applies an endpoint update; false: a delta on a version that is not here, ask for a full copy. */
  apply(update: EndpointSetUpdate): boolean {
    if (this.parts === null && update.kind === "full") {
      this.waiting = update;
      return true;
    }
    return this.made()?.table.apply(update) ?? false;
  }

  /** Version of the endpoint set, 0 before the first. */
  get version(): number {
    return this.parts?.table.version ?? this.waiting?.version ?? 0;
  }

  /** The facts of its endpoints. */
  facts(): readonly EndpointFacts[] {
    if (this.parts === null) return this.waiting?.endpoints ?? [];
    return this.parts.table.endpoints().map(({ facts }) => facts);
  }

  /** Its endpoints as a full copy, for a cluster that takes over; null: none came yet. */
  fullSet(): EndpointSetFull | null {
    if (this.parts === null) return this.waiting;
    const { row, version } = this.parts.table;
    return { kind: "full", cluster: this.plan.name, row, version, endpoints: this.facts() };
  }

  /** Requests in flight finish on their connections; idle ones close. Requests that still come are served. */
  retire(): void {
    for (const endpoint of this.parts?.table.endpoints() ?? []) endpoint.retire();
    for (const pool of [...(this.parts?.home.pools ?? [])]) pool.drain();
  }

  /** Whether it holds neither connections nor requests. */
  isIdle(): boolean {
    return this.parts === null || this.parts.home.pools.size + this.parts.home.raws.size === 0;
  }

  /** Ends every connection now. */
  close(): void {
    for (const pool of [...(this.parts?.home.pools ?? [])]) pool.close();
    for (const raw of [...(this.parts?.home.raws ?? [])]) raw.abort("close");
  }

  private pool(home: ClusterHome, endpoint: UpstreamEndpoint, request: UpstreamRequest): Pool {
    const { plan } = this;
    const protocol = plan.protocol === "downstream" ? request.downstreamProtocol : plan.protocol;
    const priority = PriorityIndex[request.priority];
    if (plan.tls !== null && plan.autoSni) return namedPool(home, endpoint, protocol, priority, request);
    endpoint.pools ??= [null, null, null, null, null, null];
    const at = priority * PROTOCOLS + PROTOCOL_INDEX[protocol];
    let pool = endpoint.pools[at] as Pool | null;
    if (pool === null) {
      pool = new Pool(home, { endpoint, protocol, priority, requestName: "", onEmpty: null });
      endpoint.pools[at] = pool;
    }
    return pool;
  }

  private made(): ClusterParts | null {
    if (this.parts === null && this.waiting !== null) this.parts = this.make(this.waiting);
    return this.parts;
  }

  private make(set: EndpointSetFull): ClusterParts {
    const { plan, services } = this;
    const { row } = set;
    const home = new LazyHome(this, services, row);
    const failAtOnce = (slot: number): void => services.passiveFailures.raise(row, slot);
    const slowStart = slowStartOf(plan.balancer, services);
    const endpointHome = {
      slowStart,
      hostPrefix: `host.${plan.name}.`,
      blocks: services.hostBlocks,
      health: services.health,
      load: countsLoad(plan.balancer) ? services.load : null,
      connections: limitsEndpoints(plan) ? services.load : null,
      failAtOnce: plan.healthChecks.length > 0 ? failAtOnce : null,
    };
    const table = new EndpointTable(endpointHome, priorityRules(plan, services));
    table.apply(set);
    this.waiting = null;
    const outlier = plan.outlier === null ? null : new OutlierMonitor(plan.outlier, services, row);
    const { stats, breakers } = home;
    const { random, runtime } = services;
    const pickerHome = { from: table, random, runtime, slowStart, stats, breakers };
    const picker =
      plan.subsets === null
        ? createPicker(plan.balancer, pickerHome)
        : new SubsetPicker(plan.subsets, plan.balancer, table, pickerHome);
    return { home, table, picker, outlier };
  }
}

interface ClusterParts {
  readonly home: ClusterHome;
  readonly table: EndpointTable;
  readonly picker: EndpointPicker;
  readonly outlier: OutlierMonitor | null;
}

function slowStartOf(balancer: BalancerPlan, { clock, runtime }: UpstreamServices): SlowStart | null {
  const plan = "slowStart" in balancer ? balancer.slowStart : null;
  return plan === null ? null : new SlowStart(plan, clock, runtime);
}

/** Whether it matters how many requests each endpoint has. */
function countsLoad(plan: BalancerPlan): boolean {
  return plan.kind === "least_request" || ("balanceFactorPercent" in plan && plan.balanceFactorPercent > 0);
}

function priorityRules(plan: ClusterPlan, { runtime }: UpstreamServices): PriorityRules {
  return {
    overprovisioningPercent: plan.overprovisioningPercent,
    get panicThresholdPercent() {
      return runtimeInteger(runtime, "upstream.healthy_panic_threshold", plan.panicThresholdPercent);
    },
  };
}

/** With auto_sni every name has its own connections. Such a pool is forgotten when it is empty: clients choose the names. */
function namedPool(
  home: ClusterHome,
  endpoint: UpstreamEndpoint,
  protocol: PoolProtocol,
  priority: number,
  request: UpstreamRequest,
): Pool {
  const requestName = serverNameOf(request.authority?.() ?? "");
  const key = `${priority} ${protocol} ${requestName}`;
  endpoint.namedPools ??= new Map();
  const pools = endpoint.namedPools;
  let pool = pools.get(key);
  if (pool === undefined) {
    const onEmpty = (empty: Pool): void => {
      if (pools.get(key) === empty) pools.delete(key);
    };
    pool = new Pool(home, { endpoint, protocol, priority, requestName, onEmpty });
    pools.set(key, pool);
  }
  return pool;
}

const PROTOCOL_INDEX = { http1: 0, http2: 1, alpn: 2 } as const;
const PROTOCOLS = 3;
const NO_HEALTHY_UPSTREAM: OpenFailure = Object.freeze({
  kind: "no_healthy_upstream",
  transportText: "",
  endpoint: null,
});
const CONNECTIONS_USED_UP: OpenFailure = Object.freeze({ kind: "overflow", transportText: "", endpoint: null });
