// Owns the telemetry thread for the supervisor: starts it in a node that traces, passes finished spans on to it within a bound, and starts it
// anew when it died.
import type { Plan } from "../config/plan/plan.ts";
import type { TracingOrder, TracingOutput } from "../messages/tracing.ts";
import type { SpanBatch } from "../telemetry/span-batches.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import { TRACES } from "../telemetry/trace-stats.ts";
import type { ActorThread } from "./actor-thread.ts";
import { backgroundThread, type CommonOutput, type OwnerParts } from "./background-thread.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";
import { VERSION } from "./version.ts";

/** What it stands on. */
export interface TracingOwnerParts extends OwnerParts {
  readonly endpoints: EndpointRollOut;
  /** The main thread's own counters: what it drops itself. */
  readonly ownStats: StatsWriter;
}

/** The telemetry thread, seen from the main thread. */
export class TracingOwner {
  private readonly parts: TracingOwnerParts;
  private readonly thread: ActorThread<TracingOrder, TracingOutput>;
  private plan: Plan | null = null;
  private isRunning = false;
  /** Spans that the thread has not taken yet. */
  private underWay = 0;

  constructor(parts: TracingOwnerParts) {
    const { endpoints } = parts;
    this.parts = parts;
    this.thread = backgroundThread<TracingOrder, Own>(parts, {
      name: NAME,
      title: "the telemetry thread",
      onOpened: () => this.opened(),
      receive: (message) => {
        if (message.type === "spans-taken") this.underWay -= message.count;
        else endpoints.applied(READER, message.missed);
      },
      onDied: () => {
        endpoints.closeReader(READER);
        this.drop(this.underWay);
        this.underWay = 0;
      },
    });
  }

  /** Takes a plan in, at the start or another one; the first that traces starts the thread. */
  assign(plan: Plan): void {
    this.plan = plan;
    if (this.isRunning) this.tellPlan();
    else if (traces(plan)) {
      this.isRunning = true;
      this.thread.start();
    }
  }

  /** Passes on what a worker finished; what would be too much is dropped and counted. */
  take(batch: SpanBatch): void {
    if (!this.isRunning || this.underWay + batch.count > UNDER_WAY_MAX) {
      this.drop(batch.count);
      return;
    }
    this.underWay += batch.count;
    this.thread.send({ type: "spans-ended", batch });
  }

  /** Sends what waits and ends the thread, within `deadlineMs`. */
  stop(deadlineMs: number): Promise<void> {
    return this.thread.stop({ order: { type: "stop" }, deadlineMs });
  }

  /** Makes it die: for crash tests. */
  misbehave(how: "throw" | "exit"): void {
    this.thread.send({ type: "misbehave", how });
  }

  private opened(): void {
    this.tellPlan();
    this.parts.endpoints.openReader(READER, {
      send: (updates) => this.thread.send({ type: "endpoints-changed", updates }),
      wants: () => true,
    });
  }

  private tellPlan(): void {
    if (this.plan === null) return;
    const { clusters, node } = this.plan;
    this.thread.send({ type: "plan-assigned", node, version: VERSION, clusters });
  }

  private drop(count: number): void {
    if (count === 0) return;
    const stats = this.parts.ownStats.block(TRACES, "tracing.opentelemetry.");
    stats[TRACES.at.spans_dropped] = (stats[TRACES.at.spans_dropped] as number) + count;
  }
}

function traces({ listeners }: Plan): boolean {
  const chains = listeners.flatMap(({ filterChains, defaultFilterChain }) => [defaultFilterChain, ...filterChains]);
  return chains.some((chain) => chain?.filter.kind === "http" && chain.filter.tracing !== null);
}

type Own = Exclude<TracingOutput, CommonOutput>;

const NAME = "telemetry";
/** Its number among the readers of endpoints, as load reports have -3. */
const READER = -4;
/** A thread that stands still costs this many spans of memory, about 16 MiB. */
const UNDER_WAY_MAX = 32_768;
