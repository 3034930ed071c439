// Owns the load-report thread for the supervisor: starts it in a node that is to report, and tells it plan, endpoints and where every thread
// counts, anew when it died. The counts themselves it reads from shared memory.
import type { MessagePort } from "node:worker_threads";
import type { Plan } from "../config/plan/plan.ts";
import type { LoadOrder, LoadOutput } from "../messages/load.ts";
import { DROP } from "../telemetry/drop-stats.ts";
import { HOST } from "../telemetry/host-stats.ts";
import type { NodeMemory } from "../telemetry/node-memory.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import type { ActorThread } from "./actor-thread.ts";
import { backgroundThread, type CommonOutput, type OwnerParts } from "./background-thread.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";
import { VERSION } from "./version.ts";

/** What it stands on. */
export interface LoadOwnerParts extends OwnerParts {
  readonly memory: NodeMemory;
  readonly endpoints: EndpointRollOut;
  /** A thread that merges its load with that of the mesh is there, and is to be given a way to it; it died. */
  onOpened(): void;
  onDied(): void;
}

/** The load-report actor, seen from the main thread. */
export class LoadOwner {
  private readonly parts: LoadOwnerParts;
  private readonly thread: ActorThread<LoadOrder, LoadOutput>;
  private plan: Plan | null = null;

  constructor(parts: LoadOwnerParts) {
    const { endpoints, memory } = parts;
    this.parts = parts;
    this.thread = backgroundThread<LoadOrder, Own>(parts, {
      name: NAME,
      title: "the thread of load reports",
      memory,
      onOpened: () => this.opened(),
      receive: ({ missed }) => endpoints.applied(READER, missed),
      onDied: () => {
        endpoints.closeReader(READER);
        parts.onDied();
        parts.log.error("main", "what the thread of load reports had not reported is not known any more");
      },
    });
  }

  /** Takes a plan in; nothing is reported before `open`. */
  start(plan: Plan): void {
    this.plan = plan;
  }

  /** Another plan that reports to the same. */
  assign(plan: Plan): void {
    this.plan = plan;
    this.tellPlan();
  }

  /** Clusters have their endpoints. */
  open(): void {
    if (this.plan === null || this.plan.load === null) return;
    this.parts.stats.follow((writer, notices) => this.tell(writer, notices));
    this.thread.start();
  }

  /** Over this port it hears who reports for the mesh, and gives its counts away. */
  serveMesh(port: MessagePort): void {
    this.thread.send({ type: "serve-mesh", port }, [port]);
  }

  /** Sends a last report and ends the thread, within `deadlineMs`. */
  stop(deadlineMs: number): Promise<void> {
    return this.thread.stop({ order: { type: "stop" }, deadlineMs });
  }

  /** Makes it die: for crash tests. */
  misbehave(how: "throw" | "exit"): void {
    this.thread.send({ type: "misbehave", how });
  }

  /** Everything a new thread must know. */
  private opened(): void {
    this.tellPlan();
    if (this.plan?.mesh?.load === "merged") this.parts.onOpened();
    for (const { writer, notices } of this.parts.stats.sources()) this.tell(writer, notices);
    this.parts.endpoints.openReader(READER, {
      send: (updates) => this.thread.send({ type: "endpoints-changed", updates }),
      wants: () => true,
    });
  }

  private tellPlan(): void {
    if (this.plan === null || this.plan.load === null) return;
    const { clusters, load, mesh, node } = this.plan;
    const connectionClusters = connectionClustersOf(this.plan);
    const merge = mesh?.load === "merged" ? { mesh: mesh.name, node: mesh.node } : null;
    this.thread.send({ type: "plan-assigned", load, node, version: VERSION, clusters, connectionClusters, merge });
  }

  /** Of what a writer told, what load is counted in. */
  private tell(writer: string, notices: readonly StatsNotice[]): void {
    const told = notices.filter(isOfLoad);
    if (told.length > 0) this.thread.send({ type: "stats-told", writer, notices: told });
  }
}

/** Those that a TCP proxy names. Envoy tells of no connections: then nor do we. */
function connectionClustersOf({ listeners, compat }: Plan): readonly string[] {
  if (compat === "envoy") return [];
  const chains = listeners.flatMap(({ filterChains, defaultFilterChain }) => [defaultFilterChain, ...filterChains]);
  const filters = chains.flatMap((chain) => (chain?.filter.kind === "tcp" ? chain.filter.clusters : []));
  return [...new Set(filters.map(({ name }) => name))];
}

function isOfLoad(notice: StatsNotice): boolean {
  switch (notice.type) {
    case "page":
      return true;
    case "block":
    case "freed":
      return notice.schema === HOST.id || notice.schema === DROP.id;
    case "stat":
    case "histogram":
    case "forgotten":
      return false;
  }
}

type Own = Exclude<LoadOutput, CommonOutput>;

const NAME = "load-report";
/** Its number among the readers of endpoints; workers have theirs from 0, the health side -1, endpoint discovery -2. */
const READER = -3;
