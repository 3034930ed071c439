// Owns the EDS thread for the supervisor: starts it in a node with the role when verdicts are there to be told, and tells it plan and
// endpoints anew when it died. Verdicts themselves it reads from shared memory.
import { addressText } from "../config/plan/address.ts";
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { EdsPlan } from "../config/plan/eds.ts";
import type { Plan } from "../config/plan/plan.ts";
import type { EdsOrder, EdsOutput } from "../messages/eds.ts";
import type { NodeMemory } from "../telemetry/node-memory.ts";
import type { ActorThread } from "./actor-thread.ts";
import { backgroundThread, type CommonOutput, type OwnerParts } from "./background-thread.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";

/** What it stands on. */
export interface EdsOwnerParts extends OwnerParts {
  readonly memory: NodeMemory;
  readonly endpoints: EndpointRollOut;
}

/** The EDS actor, seen from the main thread. */
export class EdsOwner {
  private readonly parts: EdsOwnerParts;
  private readonly thread: ActorThread<EdsOrder, EdsOutput>;
  private eds: EdsPlan | null = null;
  private clusters: readonly ClusterPlan[] = [];

  constructor(parts: EdsOwnerParts) {
    const { endpoints, memory } = parts;
    this.parts = parts;
    this.thread = backgroundThread<EdsOrder, Own>(parts, {
      name: NAME,
      title: "endpoint discovery",
      memory,
      onOpened: () => this.opened(),
      receive: (message) => this.receive(message),
      onDied: () => endpoints.closeReader(READER),
    });
  }

  /** Takes a plan in; nobody is served before `open`. */
  start({ eds, clusters }: Plan): void {
    this.eds = eds;
    this.clusters = clusters;
    if (eds !== null) this.parts.readiness.awaits(NAME, `endpoint discovery on ${addressText(eds.listen)} is starting`);
  }

  /** Another plan, with the same address. */
  assign({ clusters }: Plan): void {
    this.clusters = clusters;
    if (this.eds !== null) this.thread.send({ type: "plan-assigned", eds: this.eds, clusters });
  }

  /** Endpoints and verdicts are there: before that clients would be told that everything fails. */
  open(): void {
    if (this.eds !== null) this.thread.start();
  }

  /** Ends the streams and the thread, within `deadlineMs`. */
  stop(deadlineMs: number): Promise<void> {
    return this.thread.stop({ order: { type: "stop" }, deadlineMs });
  }

  /** Makes it die: for crash tests. */
  misbehave(how: "throw" | "exit"): void {
    this.thread.send({ type: "misbehave", how });
  }

  /** Everything a new thread must know. */
  private opened(): void {
    if (this.eds === null) return;
    this.thread.send({ type: "plan-assigned", eds: this.eds, clusters: this.clusters });
    this.parts.endpoints.openReader(READER, {
      send: (updates) => this.thread.send({ type: "endpoints-changed", updates }),
      wants: () => true,
    });
  }

  private receive(message: Own): void {
    const { log, readiness, endpoints } = this.parts;
    switch (message.type) {
      case "listening":
        readiness.arrived(NAME);
        log.info(
          "upstream",
          `serving endpoints of ${this.clusters.length} cluster(s) to xDS clients on ${this.address()}${this.eds?.tls ? ", over TLS" : ""}`,
        );
        return;
      case "endpoints-applied":
        endpoints.applied(READER, message.missed);
        return;
    }
  }

  private address(): string {
    return this.eds === null ? "" : addressText(this.eds.listen);
  }
}

type Own = Exclude<EdsOutput, CommonOutput>;

const NAME = "eds";
/** Its number among the readers of endpoints; workers have theirs from 0, the health side -1. */
const READER = -2;
