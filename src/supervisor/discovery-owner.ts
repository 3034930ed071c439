// Owns the discovery thread for the supervisor: starts it when a plan has names, tells it the plan anew when it died, and passes on what
// it finds.
import type { RestartPolicy } from "../actor/restart-policy.ts";
import type { Clock } from "../base/clock.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { ClusterPlan } from "../config/plan/cluster.ts";
import { dnsPlanOf } from "../control/discovery/dns-state.ts";
import type { DiscoveryOrder, DiscoveryOutput } from "../messages/discovery.ts";
import { ActorThread } from "./actor-thread.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";
import type { Logger } from "./log/logger.ts";
import type { ReadinessBook } from "./readiness.ts";
import type { StatsDirectory } from "./stats-directory.ts";

/** What it stands on. */
export interface DiscoveryOwnerParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly stats: StatsDirectory;
  readonly readiness: ReadinessBook;
  readonly policy: RestartPolicy;
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

  constructor(parts: DiscoveryOwnerParts) {
    const { clock, wheel, policy } = parts;
    this.parts = parts;
    this.thread = new ActorThread({ clock, wheel, owner: this.threadOwner() }, { name: NAME, policy });
  }

  /** Starts with a plan's clusters. */
  start(version: number, clusters: readonly ClusterPlan[]): void {
    this.version = version;
    this.clusters = clusters.filter((cluster) => dnsPlanOf(cluster) !== null);
    if (this.clusters.length > 0) this.thread.start();
    else this.parts.onInitialized();
  }

  /** Ends the thread. */
  stop(): Promise<void> {
    return this.thread.stop();
  }

  /** Makes it die: for crash tests. */
  misbehave(how: "throw" | "exit"): void {
    this.thread.send({ type: "misbehave", how });
  }

  private threadOwner() {
    const { log, readiness, stats } = this.parts;
    return {
      restored: () => stats.noticesOf(NAME),
      onOpened: () => {
        this.parts.onOpened();
        this.thread.send({ type: "plan-assigned", version: this.version, clusters: this.clusters });
      },
      onMessage: (message: DiscoveryOutput) => this.receive(message),
      onStable: () => readiness.recovered(NAME),
      onDied: (error: Error, delayMs: number, tooMany: boolean) => {
        this.parts.onDied(error);
        stats.zeroGauges(NAME);
        log.error("main", `discovery died: ${error.message}; it restarts in ${delayMs} ms`);
        if (tooMany) readiness.fails(NAME, `discovery keeps dying: ${error.message}`);
      },
    };
  }

  private receive(message: DiscoveryOutput): void {
    switch (message.type) {
      case "started":
      case "stopped":
        return;
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
      case "stats-announced":
        this.parts.stats.add(NAME, message.notices);
        return;
      case "log-written":
        this.parts.log.write(message.line);
        return;
    }
  }
}

const NAME = "discovery";
