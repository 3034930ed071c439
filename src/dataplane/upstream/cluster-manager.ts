// All clusters of one worker: made from the plan, swapped with it, fed with endpoint sets. Called by the worker's entry point; the
// exchange sees it as Upstreams.
import { equalData } from "../../base/equal-data.ts";
import { addressText } from "../../config/plan/address.ts";
import type { ClusterPlan, EndpointPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetFull, EndpointSetUpdate } from "../../config/plan/endpoint-set.ts";
import type { UpstreamServices } from "./cluster-home.ts";
import type { Cluster, Upstreams } from "./upstream.ts";
import { UpstreamCluster } from "./upstream-cluster.ts";

/** Who gives rows and slots out: this worker alone, or the node (all endpoint sets then come through `apply`, rows through `rowOf`). */
export type SlotSource =
  | { readonly kind: "own" }
  | { readonly kind: "given"; readonly rowOf: (cluster: string) => number };

/** The clusters of a worker. */
export class ClusterManager implements Upstreams {
  private readonly services: UpstreamServices;
  private readonly slots: SlotSource;
  private clusters = new Map<string, UpstreamCluster>();
  private readonly rows = new Map<string, number>();
  private nextRow = 0;
  private readonly freeRows: number[] = [];
  private nextSlot = 0;
  private readonly freeSlots: number[] = [];

  constructor(services: UpstreamServices, slots: SlotSource = { kind: "own" }) {
    this.services = services;
    this.slots = slots;
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
      const kept = held !== undefined && equalData(held.plan, plan);
      after.set(plan.name, kept ? held : this.make(plan, held ?? null));
    }
    this.clusters = after;
    for (const [name, cluster] of before) {
      if (after.get(name) === cluster) continue;
      cluster.retire();
      if (!after.has(name)) this.forget(name, cluster);
    }
  }

  /** Applies one cluster's endpoint update. `missed`: a version is lacking, ask for a full copy; `unknown`: no such cluster. */
  apply(update: EndpointSetUpdate): "applied" | "missed" | "unknown" {
    const cluster = this.clusters.get(update.cluster);
    if (cluster === undefined) return "unknown";
    return cluster.apply(update) ? "applied" : "missed";
  }

  /** Version of a cluster's endpoint set, for acknowledgements; 0: none yet, or no such cluster. */
  version(name: string): number {
    return this.clusters.get(name)?.version ?? 0;
  }

  /** Gives a cluster these endpoints, slots given out here: for workers whose slots are their own. */
  replaceEndpoints(name: string, endpoints: readonly EndpointPlan[]): void {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) return;
    cluster.apply(this.ownSet(name, endpoints, cluster.facts(), cluster.version + 1));
  }

  private make(plan: ClusterPlan, held: UpstreamCluster | null): UpstreamCluster {
    const version = held?.version ?? 0;
    const facts = held?.facts() ?? [];
    const { discovery, name } = plan;
    // A changed cluster goes on with the endpoints that are known of its name until discovery says otherwise.
    const set: EndpointSetFull =
      discovery.kind === "static" && this.slots.kind === "own"
        ? this.ownSet(name, discovery.endpoints, facts, version + 1)
        : { kind: "full", cluster: name, row: this.rowOf(name), version, endpoints: facts };
    return new UpstreamCluster(this.services, plan, set.row, set);
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
    if (this.slots.kind === "given") return;
    for (const { slot } of cluster.facts()) this.free(slot);
    const row = this.rows.get(name);
    if (row !== undefined) this.freeRows.push(row);
    this.rows.delete(name);
  }

  private free(slot: number): void {
    this.services.health.clear(slot, 0xffff);
    this.freeSlots.push(slot);
  }

  private rowOf(cluster: string): number {
    if (this.slots.kind === "given") return this.slots.rowOf(cluster);
    let row = this.rows.get(cluster);
    if (row === undefined) {
      row = this.freeRows.pop() ?? this.nextRow++;
      this.rows.set(cluster, row);
    }
    return row;
  }
}
