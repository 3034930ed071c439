// Owns the load-report thread for the supervisor: starts it in a node that is to report, and tells it plan, endpoints and where every thread
// counts, anew when it died. The counts themselves it reads from shared memory.
import type { RestartPolicy } from "../actor/restart-policy.ts";
import type { Clock } from "../base/clock.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { Plan } from "../config/plan/plan.ts";
import type { LoadOrder, LoadOutput } from "../messages/load.ts";
import { DROP } from "../telemetry/drop-stats.ts";
import { HOST } from "../telemetry/host-stats.ts";
import type { NodeMemory } from "../telemetry/node-memory.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import { ActorThread } from "./actor-thread.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";
import type { Logger } from "./log/logger.ts";
import type { ReadinessBook } from "./readiness.ts";
import type { StatsDirectory } from "./stats-directory.ts";
import { VERSION } from "./version.ts";

/** What it stands on. */
export interface LoadOwnerParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly stats: StatsDirectory;
  readonly readiness: ReadinessBook;
  readonly policy: RestartPolicy;
  readonly memory: NodeMemory;
  readonly endpoints: EndpointRollOut;
}

/** The load-report actor, seen from the main thread. */
export class LoadOwner {
  private readonly parts: LoadOwnerParts;
  private readonly thread: ActorThread<LoadOrder, LoadOutput>;
  private plan: Plan | null = null;

  constructor(parts: LoadOwnerParts) {
    const { clock, wheel, policy, memory } = parts;
    this.parts = parts;
    this.thread = new ActorThread({ clock, wheel, owner: this.threadOwner() }, { name: NAME, policy, memory });
  }

  /** Takes a plan in; nothing is reported before `open`. */
  start(plan: Plan): void {
    this.plan = plan;
  }

  /** Clusters have their endpoints. */
  open(): void {
    if (this.plan === null || this.plan.load === null) return;
    this.parts.stats.onAdded = (writer, notices) => this.tell(writer, notices);
    this.thread.start();
  }

  /** Sends a last report and ends the thread, within `deadlineMs`. */
  stop(deadlineMs: number): Promise<void> {
    return this.thread.stop({ order: { type: "stop" }, deadlineMs });
  }

  /** Makes it die: for crash tests. */
  misbehave(how: "throw" | "exit"): void {
    this.thread.send({ type: "misbehave", how });
  }

  private threadOwner() {
    const { endpoints, log, readiness, stats } = this.parts;
    return {
      restored: () => stats.noticesOf(NAME),
      onOpened: () => this.opened(),
      onMessage: (message: LoadOutput) => this.receive(message),
      onStable: () => readiness.recovered(NAME),
      onDied: (error: Error, delayMs: number, tooMany: boolean) => {
        endpoints.closeReader(READER);
        stats.zeroGauges(NAME);
        log.error(
          "main",
          `load reports died: ${error.message}; they restart in ${delayMs} ms, and what was not reported is not known any more`,
        );
        if (tooMany) readiness.fails(NAME, `load reports keep dying: ${error.message}`);
      },
    };
  }

  /** Everything a new thread must know. */
  private opened(): void {
    const { plan } = this;
    if (plan === null || plan.load === null) return;
    const { clusters, load, node } = plan;
    this.thread.send({ type: "plan-assigned", load, node, version: VERSION, clusters });
    for (const { writer, notices } of this.parts.stats.sources()) this.tell(writer, notices);
    this.parts.endpoints.openReader(READER, {
      send: (updates) => this.thread.send({ type: "endpoints-changed", updates }),
      wants: () => true,
    });
  }

  /** Of what a writer told, what load is counted in. */
  private tell(writer: string, notices: readonly StatsNotice[]): void {
    const told = notices.filter(isOfLoad);
    if (told.length > 0) this.thread.send({ type: "stats-told", writer, notices: told });
  }

  private receive(message: LoadOutput): void {
    const { log, stats, endpoints } = this.parts;
    switch (message.type) {
      case "started":
      case "stopped":
        return;
      case "endpoints-applied":
        endpoints.applied(READER, message.missed);
        return;
      case "stats-announced":
        stats.add(NAME, message.notices);
        return;
      case "log-written":
        log.write(message.line);
        return;
    }
  }
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
      return false;
  }
}

const NAME = "load-report";
/** Its number among the readers of endpoints; workers have theirs from 0, the health side -1, endpoint discovery -2. */
const READER = -3;
