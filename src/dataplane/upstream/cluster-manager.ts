// All clusters of one worker: made from the plan, swapped with it, fed with endpoint sets. Made by the worker; the exchange sees it as
// Upstreams.
import { equalData } from "../../base/equal-data.ts";
import type { Random } from "../../base/random.ts";
import { addressText } from "../../config/plan/address.ts";
import type { ClusterPlan, EndpointPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetFull, EndpointSetUpdate } from "../../config/plan/endpoint-set.ts";
import type { RuntimeView } from "../../config/plan/runtime.ts";
import { dial } from "../../net/dial.ts";
import type { NetContext } from "../../net/net-context.ts";
import { createNodeMemory, type NodeTables, nodeTables } from "../../telemetry/node-memory.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { clientCodecs } from "./client-codecs.ts";
import type { ClientCodecs, UpstreamServices } from "./cluster-home.ts";
import type { Dial } from "./dial-target.ts";
import { HostBlocks } from "./host-blocks.ts";
import type { OnSuspected } from "./outlier-monitor.ts";
import { PassiveFailures, type TellPassiveFailure } from "./passive-failures.ts";
import type { Cluster, Upstreams } from "./upstream.ts";
import { UpstreamCluster } from "./upstream-cluster.ts";

/** What the worker gives. */
export interface ClusterManagerOptions {
  readonly net: NetContext;
  readonly stats: StatsWriter;
  readonly random: Random;
  /**
   * The tables that the node's workers share; slots and rows then come with endpoint sets, for static clusters too. Without them the
   * worker is alone: it numbers endpoints itself and static clusters have theirs at once.
   */
  readonly tables?: NodeTables;
  /** Default: no layer sets anything. */
  readonly runtime?: RuntimeView;
  /** Default: real sockets. */
  readonly dial?: Dial;
  /** Default: this program's codecs. */
  readonly codecs?: ClientCodecs;
  /** Default: nobody hears of it. */
  readonly onSuspected?: OnSuspected;
  /** Default: nobody is told. */
  readonly onPassiveFailure?: TellPassiveFailure;
}

/** The clusters of a worker. */
export class ClusterManager implements Upstreams {
  private readonly services: UpstreamServices;
  private readonly isAlone: boolean;
  private clusters = new Map<string, UpstreamCluster>();
  /** Clusters of earlier plans whose requests finish; looked through at each plan. */
  private readonly retired = new Set<UpstreamCluster>();
  /** Sets that came before the plan that names their cluster; kept until that plan comes. */
  private readonly early = new Map<string, EndpointSetFull>();
  private readonly rows = new Map<string, number>();
  private readonly freeRows: number[] = [];
  private readonly freeSlots: number[] = [];
  private nextRow = 0;
  private nextSlot = 0;

  constructor(options: ClusterManagerOptions) {
    const { net, stats, random } = options;
    const tables = options.tables ?? nodeTables(createNodeMemory(1, LONE_SLOTS, LONE_ROWS), 0);
    const tell = options.onPassiveFailure ?? (() => {});
    this.isAlone = options.tables === undefined;
    this.services = {
      clock: net.clock,
      wheel: net.wheel,
      random,
      stats,
      runtime: options.runtime ?? new Map<string, string>(),
      hostBlocks: new HostBlocks(stats),
      dial: options.dial ?? ((target, handler) => dial(net, target, handler)),
      codecs: options.codecs ?? clientCodecs,
      onSuspected: options.onSuspected ?? (() => {}),
      passiveFailures: new PassiveFailures({ health: tables.health, wheel: net.wheel, tell }),
      ...tables,
    };
  }

  cluster(name: string): Cluster | null {
    return this.clusters.get(name) ?? null;
  }

  /** Takes a configuration's clusters: the same ones stay as they are, changed ones begin anew, those that are gone drain. */
  applyPlan(plans: readonly ClusterPlan[]): void {
    const before = this.clusters;
    const after = new Map<string, UpstreamCluster>();
    for (const plan of plans) {
      const held = before.get(plan.name);
      const isKept = held !== undefined && equalData(held.plan, plan);
      after.set(plan.name, isKept ? held : this.make(plan, held ?? null));
    }
    this.clusters = after;
    this.early.clear();
    for (const cluster of [...this.retired]) if (cluster.isIdle()) this.retired.delete(cluster);
    for (const [name, cluster] of before) {
      if (after.get(name) === cluster) continue;
      cluster.retire();
      this.retired.add(cluster);
      if (!after.has(name)) this.forget(name, cluster);
    }
  }

  /** Applies one cluster's endpoint update. False: a version is lacking, ask for a full copy. */
  applyEndpoints(update: EndpointSetUpdate): boolean {
    const cluster = this.clusters.get(update.cluster);
    if (cluster !== undefined) {
      const isOwnRow = this.isAlone && update.kind === "full";
      return cluster.apply(isOwnRow ? { ...update, row: this.rowOf(update.cluster) } : update);
    }
    if (update.kind === "delta") return false;
    this.early.set(update.cluster, update);
    return true;
  }

  /** Gives a cluster these endpoints, numbered here: for a worker that is alone. */
  replaceEndpoints(name: string, endpoints: readonly EndpointPlan[]): void {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) return;
    cluster.apply(this.ownSet(name, endpoints, cluster.facts(), cluster.version + 1));
  }

  /** Ends every connection now. */
  close(): void {
    for (const cluster of [...this.clusters.values(), ...this.retired]) cluster.close();
    this.retired.clear();
  }

  private make(plan: ClusterPlan, held: UpstreamCluster | null): UpstreamCluster {
    const { name, discovery } = plan;
    if (this.isAlone && discovery.kind === "static") {
      const version = (held?.version ?? 0) + 1;
      return new UpstreamCluster(
        this.services,
        plan,
        this.ownSet(name, discovery.endpoints, held?.facts() ?? [], version),
      );
    }
    // A changed cluster goes on with the endpoints that are known of its name until discovery says otherwise.
    const set = this.early.get(name) ?? held?.fullSet() ?? null;
    if (!this.isAlone) return new UpstreamCluster(this.services, plan, set);
    const none: EndpointSetFull = { kind: "full", cluster: name, row: 0, version: 0, endpoints: [] };
    return new UpstreamCluster(this.services, plan, { ...(set ?? none), row: this.rowOf(name) });
  }

  private ownSet(
    cluster: string,
    endpoints: readonly EndpointPlan[],
    held: readonly EndpointFacts[],
    version: number,
  ): EndpointSetFull {
    const slots = new Map(held.map((facts) => [addressText(facts.address), facts.slot]));
    const facts = endpoints.map((endpoint): EndpointFacts => {
      const key = addressText(endpoint.address);
      const slot = slots.get(key) ?? this.freeSlots.pop() ?? this.nextSlot++;
      // An address that is listed twice is two endpoints, as in Envoy's static clusters.
      slots.delete(key);
      return { ...endpoint, slot };
    });
    for (const slot of slots.values()) this.free(slot);
    return { kind: "full", cluster, row: this.rowOf(cluster), version, endpoints: facts };
  }

  private forget(name: string, cluster: UpstreamCluster): void {
    if (!this.isAlone) return;
    for (const { slot } of cluster.facts()) this.free(slot);
    const row = this.rows.get(name);
    if (row !== undefined) this.freeRows.push(row);
    this.rows.delete(name);
  }

  private free(slot: number): void {
    this.services.health.clear(slot, 0xffff);
    this.services.outliers.clear(slot);
    this.freeSlots.push(slot);
  }

  private rowOf(cluster: string): number {
    let row = this.rows.get(cluster);
    if (row === undefined) {
      row = this.freeRows.pop() ?? this.nextRow++;
      this.rows.set(cluster, row);
    }
    return row;
  }
}

/** What a manager without shared tables has room for: it makes its own, and many of them come and go in tests. */
const LONE_SLOTS = 1 << 14;
const LONE_ROWS = 1 << 14;
