// The first round of active checks, which listeners wait for as in Envoy: which clusters have had it, and why the node is not ready yet.
// Pure; health-owner.ts tells it what happened.
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { ReadinessBook } from "./readiness.ts";

/** The first checks of a plan's clusters. */
export class FirstChecks {
  private readonly readiness: ReadinessBook;
  private readonly checkedIn: (cluster: string) => number;
  /** Clusters with active checks that have not had their first round. */
  private readonly waiting = new Map<string, ClusterPlan>();
  /** Clusters some of whose names have had no answer. */
  private readonly unnamed = new Set<string>();

  /** `checkedIn`: endpoints of a cluster that are checked. */
  constructor(readiness: ReadinessBook, checkedIn: (cluster: string) => number) {
    this.readiness = readiness;
    this.checkedIn = checkedIn;
  }

  /** Whether nobody waits. */
  get isOver(): boolean {
    return this.waiting.size === 0;
  }

  /** Takes a plan's clusters. */
  begin(clusters: readonly ClusterPlan[]): void {
    const checked = clusters.filter(({ healthChecks }) => healthChecks.length > 0);
    for (const plan of checked) this.waiting.set(plan.name, plan);
    for (const { name, discovery } of clusters) if (discovery.kind !== "static") this.unnamed.add(name);
    for (const { name } of checked) this.explain(name);
  }

  /** Clusters that come while the node serves: nobody waits for their first round here. */
  add(clusters: readonly ClusterPlan[]): void {
    for (const { name, discovery } of clusters) if (isNamed(discovery)) this.unnamed.add(name);
  }

  /** Every name of these clusters has had its first answer, or its time for one is over. */
  namesKnown(clusters: readonly string[]): void {
    for (const name of clusters) if (this.unnamed.delete(name) && this.waiting.has(name)) this.explain(name);
  }

  /** Whether the endpoints of a cluster are those that its first checks are of. */
  isKnown(cluster: string): boolean {
    return !this.unnamed.has(cluster);
  }

  /** The rest of the first round takes no longer than this once all endpoints are known; then the node serves without. */
  boundMs(): number {
    let longestMs = 0;
    let crowdMs = 0;
    for (const [name, { healthChecks, tls }] of this.waiting) {
      const probes = this.checkedIn(name) * healthChecks.length;
      crowdMs += probes * (tls === null ? PROBE_MS : HANDSHAKE_MS);
      for (const { timeoutMs, initialJitterMs } of healthChecks)
        longestMs = Math.max(longestMs, timeoutMs + initialJitterMs);
    }
    return Math.ceil(longestMs * PATIENCE + SPARE_MS + crowdMs);
  }

  /** A cluster has had its first round. */
  warmed(cluster: string): void {
    this.waiting.delete(cluster);
    this.readiness.arrived(waitName(cluster));
  }

  /** Waits no longer; answers with the clusters that it waited for. */
  giveUp(): readonly string[] {
    const names = [...this.waiting.keys()];
    for (const name of names) this.warmed(name);
    return names;
  }

  private explain(cluster: string): void {
    const count = this.checkedIn(cluster);
    const endpoints = count === 1 ? "1 endpoint" : `${count} endpoints`;
    const what = this.isKnown(cluster) ? endpoints : "its names have no answer yet";
    this.readiness.awaits(waitName(cluster), `waiting for the first health checks of ${cluster}: ${what}`);
  }
}

/** What a mesh announces is no name that somebody looks up: it comes when it comes. */
function isNamed({ kind }: ClusterPlan["discovery"]): boolean {
  return kind === "strict_dns" || kind === "logical_dns";
}

function waitName(cluster: string): string {
  return `first checks of ${cluster}`;
}

/** A starved thread raises its timeouts. */
const PATIENCE = 2;
const SPARE_MS = 5_000;
/** Twice what one of a crowd takes at the rates of control/health: 4,000 first probes a second, 200 handshakes. */
const PROBE_MS = 0.5;
const HANDSHAKE_MS = 10;
