// Every cluster of the node as clients may have it: endpoints from the endpoint book, health from the shared flags, bytes made when somebody
// asks. Flags are looked at only where a generation word moved. Called by eds-behaviour.ts; pure but for reading the flags.
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetUpdate } from "../../config/plan/endpoint-set.ts";
import { assignment, type Member, newMember, withStatus } from "./assignment.ts";
import { healthStatus } from "./health-status.ts";
import type { Found, Resource } from "./xds.ts";

/** The flags of the node. */
export interface FlagView {
  /** HealthFlag bits of a slot. */
  flagsOf(slot: number): number;
  /** Changes when flags of the endpoints of a cluster did. */
  generationOf(row: number): number;
}

/** What there is to serve. */
export class Assignments {
  private readonly view: FlagView;
  private readonly clusters = new Map<string, Cluster>();
  private isPatient = true;

  constructor(view: FlagView) {
    this.view = view;
  }

  /** Takes the clusters of a plan in; answers the names that changed. */
  assign(plans: readonly ClusterPlan[]): string[] {
    const gone = new Set(this.clusters.keys());
    for (const plan of plans) {
      const held = this.clusters.get(plan.name);
      gone.delete(plan.name);
      if (held === undefined) this.clusters.set(plan.name, newCluster(plan));
      else Object.assign(held, { plan, resource: null });
    }
    for (const name of gone) this.clusters.delete(name);
    return [...gone, ...this.clusters.keys()];
  }

  /** Applies updates; answers the names that changed, and those that must come whole. */
  apply(updates: readonly EndpointSetUpdate[]): {
    readonly changed: readonly string[];
    readonly missed: readonly string[];
  } {
    const changed: string[] = [];
    const missed: string[] = [];
    for (const update of updates) {
      const cluster = this.clusters.get(update.cluster);
      if (cluster === undefined) continue; // of a plan that is gone
      if (update.kind === "delta" && update.baseVersion !== cluster.version) {
        missed.push(update.cluster);
        continue;
      }
      if (update.kind === "full") {
        cluster.row = update.row;
        cluster.members.clear();
        this.take(cluster, update.endpoints);
      } else {
        for (const slot of update.removed) cluster.members.delete(slot);
        this.take(cluster, update.changed);
      }
      cluster.version = update.version;
      cluster.resource = null;
      this.review(cluster);
      changed.push(update.cluster);
    }
    return { changed, missed };
  }

  /** Looks at the flags of these clusters where a generation word moved; answers the names of those that changed. */
  look(names: Iterable<string>): string[] {
    const changed: string[] = [];
    for (const name of names) {
      const cluster = this.clusters.get(name);
      if (cluster === undefined || cluster.row < 0) continue;
      if (this.view.generationOf(cluster.row) === cluster.generation || !this.review(cluster)) continue;
      cluster.resource = null;
      changed.push(name);
    }
    return changed;
  }

  /** From now on a cluster without endpoints is told to have none; answers the names of such. */
  losePatience(): string[] {
    this.isPatient = false;
    return [...this.clusters.values()].filter(({ members }) => members.size === 0).map(({ plan }) => plan.name);
  }

  /** What a client may be told of this name. */
  find(name: string): Found {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) return "unknown";
    if (cluster.row < 0 || (this.isPatient && !cluster.hadMembers)) return "awaited";
    cluster.resource ??= assignment(cluster.plan, cluster.members.values());
    return cluster.resource;
  }

  /** Probes a second that one proxy's own checks of this cluster would make. */
  probesPerSecond(name: string): number {
    const cluster = this.clusters.get(name);
    if (cluster === undefined || cluster.plan.healthChecks.length === 0) return 0;
    let endpoints = 0;
    for (const { facts } of cluster.members.values()) if (!facts.check.disabled) endpoints++;
    return cluster.plan.healthChecks.reduce((sum, { intervalMs }) => sum + (endpoints * 1_000) / intervalMs, 0);
  }

  private take(cluster: Cluster, endpoints: readonly EndpointFacts[]): void {
    for (const facts of endpoints) cluster.members.set(facts.slot, newMember(facts));
    if (cluster.members.size > 0) cluster.hadMembers = true;
  }

  /** Reads the flags anew; whether a status is another. */
  private review(cluster: Cluster): boolean {
    const { members, plan, row } = cluster;
    let isOther = false;
    // The word is read before the flags: a change in between is seen at the next look.
    cluster.generation = this.view.generationOf(row);
    const isChecked = plan.healthChecks.length > 0;
    for (const [slot, member] of members) {
      const status = healthStatus(this.view.flagsOf(slot), member.facts, isChecked);
      if (status === member.status) continue;
      members.set(slot, withStatus(member, status));
      isOther = true;
    }
    return isOther;
  }
}

interface Cluster {
  plan: ClusterPlan;
  /** -1 before its endpoints came. */
  row: number;
  version: number;
  generation: number;
  hadMembers: boolean;
  readonly members: Map<number, Member>;
  /** Null: to be made anew. */
  resource: Resource | null;
}

function newCluster(plan: ClusterPlan): Cluster {
  return { plan, row: -1, version: 0, generation: 0, hadMembers: false, members: new Map(), resource: null };
}
