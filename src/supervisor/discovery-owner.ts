// Owns the discovery thread for the supervisor: starts it when a plan has names, tells it the plan anew when it died, and passes on what
// it finds.
import type { ClusterPlan } from "../config/plan/cluster.ts";
import { dnsPlanOf } from "../control/discovery/dns-state.ts";
import type { DiscoveryOrder, DiscoveryOutput } from "../messages/discovery.ts";
import type { StatNames } from "../telemetry/stats-memory.ts";
import type { ActorThread } from "./actor-thread.ts";
import { backgroundThread, type CommonOutput, type OwnerParts } from "./background-thread.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";

/** What it stands on. */
export interface DiscoveryOwnerParts extends OwnerParts {
  /** Gets what is found. */
  readonly endpoints: EndpointRollOut;
  onOpened(): void;
  onDied(error: Error): void;
  /** Every name of this cluster has had its first answer. */
  onAnswered(cluster: string): void;
  /** Every name of every cluster has had its first answer, or its time for one is over; at once when there is none. */
  onInitialized(): void;
}

/** The discovery actor, seen from the main thread. */
export class DiscoveryOwner {
  private readonly parts: DiscoveryOwnerParts;
  private readonly thread: ActorThread<DiscoveryOrder, DiscoveryOutput>;
  private clusters: readonly ClusterPlan[] = [];
  private version = 0;
  private hasStarted = false;

  constructor(parts: DiscoveryOwnerParts) {
    this.parts = parts;
    this.thread = backgroundThread<DiscoveryOrder, Own>(parts, {
      name: NAME,
      title: "discovery",
      onOpened: () => {
        parts.onOpened();
        this.tellPlan();
      },
      receive: (message) => this.receive(message),
      onDied: (error) => parts.onDied(error),
    });
  }

  /** Starts with a plan's clusters. */
  start(version: number, clusters: readonly ClusterPlan[]): void {
    this.version = version;
    this.clusters = clusters.filter((cluster) => dnsPlanOf(cluster) !== null);
    if (this.clusters.length === 0) this.parts.onInitialized();
    else this.startThread();
  }

  /** Another plan's clusters: names that stay keep what is known of them. */
  assign(version: number, clusters: readonly ClusterPlan[]): void {
    this.version = version;
    this.clusters = clusters.filter((cluster) => dnsPlanOf(cluster) !== null);
    if (this.hasStarted) this.tellPlan();
    else if (this.clusters.length > 0) this.startThread();
  }

  /** Counters of clusters that are gone. */
  forgetStats(names: readonly StatNames[]): void {
    this.thread.send({ type: "forget-stats", names });
  }

  /** Ends the thread. */
  stop(): Promise<void> {
    return this.thread.stop();
  }

  /** Makes it die: for crash tests. */
  misbehave(how: "throw" | "exit"): void {
    this.thread.send({ type: "misbehave", how });
  }

  private startThread(): void {
    this.hasStarted = true;
    this.thread.start();
  }

  private tellPlan(): void {
    this.thread.send({ type: "plan-assigned", version: this.version, clusters: this.clusters });
  }

  private receive(message: Own): void {
    // What was under way when a plan gave the cluster another kind of endpoints is nobody's.
    if ("cluster" in message && !this.clusters.some(({ name }) => name === message.cluster)) return;
    switch (message.type) {
      case "endpoints-resolved":
        this.parts.endpoints.resolved(message.cluster, message.endpoints);
        return;
      case "endpoints-moved":
        this.parts.endpoints.moved(message.cluster, message.removed, message.added);
        return;
      case "names-answered":
        this.parts.onAnswered(message.cluster);
        return;
      case "clusters-initialized":
        this.parts.onInitialized();
        return;
    }
  }
}

type Own = Exclude<DiscoveryOutput, CommonOutput>;

const NAME = "discovery";
