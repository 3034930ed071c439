// Owns the health-check thread for the supervisor: starts it when a plan has active checks or outlier detection, tells it plan and
// endpoints anew when it died, and keeps the node waiting for the first checks. Its verdicts go through shared memory, not through here.
import type { MessagePort } from "node:worker_threads";
import { Timer } from "../base/timer-wheel.ts";
import type { Plan } from "../config/plan/plan.ts";
import type { RuntimeEntries } from "../config/plan/runtime.ts";
import type { HealthInput, HealthOrder, HealthOutput } from "../messages/health.ts";
import type { NodeMemory } from "../telemetry/node-memory.ts";
import type { ActorThread } from "./actor-thread.ts";
import { backgroundThread, type CommonOutput, type OwnerParts } from "./background-thread.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";
import { FirstChecks } from "./first-checks.ts";

/** What it stands on. */
export interface HealthOwnerParts extends OwnerParts {
  readonly memory: NodeMemory;
  readonly endpoints: EndpointRollOut;
  /** Every endpoint of every cluster with active checks has had its first outcome, or its time is over; at once when there is none. */
  onWarmed(): void;
  /** A thread was started: what is sent now comes before its plan. */
  onOpened(): void;
  onDied(error: Error): void;
  /** Every endpoint that this cluster had when a plan brought it has had its first outcome. */
  onChecked(cluster: string): void;
}

/** The health-check actor, seen from the main thread. */
export class HealthOwner {
  private readonly parts: HealthOwnerParts;
  private readonly thread: ActorThread<HealthOrder, HealthOutput>;
  private readonly first: FirstChecks;
  private readonly deadline: Timer = new Timer(() => this.giveUpWaiting());
  private plan: Plan | null = null;
  private runtime: RuntimeEntries = {};
  private version = 0;
  private isWarmed = false;
  private hasStarted = false;
  /** Clusters that a plan of this life has watched: their endpoints are told. */
  private readonly told = new Set<string>();

  constructor(parts: HealthOwnerParts) {
    const { endpoints, memory } = parts;
    this.parts = parts;
    this.first = new FirstChecks(parts.readiness, (cluster) => endpoints.checkedIn(cluster));
    this.thread = backgroundThread<HealthOrder, Own>(parts, {
      name: NAME,
      title: "the health-check thread",
      memory,
      onOpened: () => this.opened(),
      receive: (message) => this.receive(message),
      onDied: (error) => {
        parts.onDied(error);
        endpoints.closeReader(READER);
      },
    });
  }

  /** Starts with a plan. Clusters whose endpoints are names are checked from `namesKnown` on. */
  start(version: number, plan: Plan): void {
    this.version = version;
    this.plan = plan;
    this.first.begin(plan.clusters);
    this.startIfNeeded();
    this.lookWhetherWarmed();
  }

  /** Another plan: what is judged alike goes on as it is. Clusters that are new and whose endpoints are names wait for `namesKnown`. */
  assign(version: number, plan: Plan): void {
    const before = new Set(this.plan?.clusters.map(({ name }) => name));
    const after = new Set(plan.clusters.map(({ name }) => name));
    this.version = version;
    this.plan = plan;
    this.first.add(plan.clusters.filter(({ name }) => !before.has(name)));
    if (!this.hasStarted) {
      this.startIfNeeded();
      return;
    }
    this.tellPlan([...before].filter((name) => !after.has(name)));
    this.parts.endpoints.widen(READER, this.told);
  }

  /** Every name of a cluster has had its first answer: what they say now is what its first checks are of. */
  namesKnown(cluster: string): void {
    this.first.namesKnown([cluster]);
    this.parts.endpoints.widen(READER, [cluster]);
  }

  /** Every name of every cluster has had its first answer, or its time for one is over. */
  allNamesKnown(): void {
    const names = (this.plan?.clusters ?? []).map(({ name }) => name);
    this.first.namesKnown(names);
    this.parts.endpoints.widen(READER, names);
    if (!this.isWarmed) this.parts.wheel.arm(this.deadline, this.first.boundMs());
  }

  /** Sends to the actor; nobody hears it when the plan has nothing to watch. */
  tell(message: HealthInput): void {
    this.thread.send(message);
  }

  /** The runtime's values, all of them. */
  setRuntime(entries: RuntimeEntries): void {
    this.runtime = entries;
    this.thread.send({ type: "runtime-changed", entries });
  }

  /** Over this port comes from now on what is probed and how endpoints stand; when it closes everything is checked from here again. */
  serveMesh(port: MessagePort): void {
    this.thread.send({ type: "serve-mesh", port }, [port]);
  }

  /** Ends the thread; it has `deadlineMs` to write its logs. */
  stop(deadlineMs: number): Promise<void> {
    this.parts.wheel.remove(this.deadline);
    return this.thread.stop({ order: { type: "stop" }, deadlineMs });
  }

  /** Makes it die: for crash tests. */
  misbehave(how: "throw" | "exit"): void {
    this.thread.send({ type: "misbehave", how });
  }

  private startIfNeeded(): void {
    if (this.watched().length === 0) return;
    this.hasStarted = true;
    this.thread.start();
  }

  /** Everything a new thread must know. */
  private opened(): void {
    this.parts.onOpened();
    this.told.clear();
    this.thread.send({ type: "runtime-changed", entries: this.runtime });
    this.tellPlan([]);
    this.parts.endpoints.openReader(READER, {
      send: (updates) => this.thread.send({ type: "endpoints-changed", updates }),
      wants: (cluster) => this.told.has(cluster) && this.first.isKnown(cluster),
    });
  }

  private tellPlan(removed: readonly string[]): void {
    const clusters = this.watched();
    const outlierLogPath = this.plan?.outlierLogPath ?? "";
    for (const { name } of clusters) this.told.add(name);
    for (const name of removed) this.told.delete(name);
    this.thread.send({ type: "plan-assigned", version: this.version, clusters, removed, outlierLogPath });
  }

  private receive(message: Own): void {
    switch (message.type) {
      case "endpoints-applied":
        this.parts.endpoints.applied(READER, message.missed);
        return;
      case "cluster-warmed":
        this.first.warmed(message.cluster);
        this.lookWhetherWarmed();
        this.parts.onChecked(message.cluster);
        return;
    }
  }

  private lookWhetherWarmed(): void {
    if (this.isWarmed || !this.first.isOver) return;
    this.isWarmed = true;
    this.parts.wheel.remove(this.deadline);
    this.parts.onWarmed();
  }

  private giveUpWaiting(): void {
    const names = this.first.giveUp();
    const text = `the first health checks of ${names.join(", ")} have no outcome in time: serving without`;
    this.parts.log.warning("upstream", text);
    this.lookWhetherWarmed();
  }

  private watched() {
    return (this.plan?.clusters ?? []).filter(
      ({ healthChecks, outlier }) => healthChecks.length > 0 || outlier !== null,
    );
  }
}

type Own = Exclude<HealthOutput, CommonOutput>;

const NAME = "health-check";
/** Its number among the readers of endpoints; workers have theirs from 0. */
const READER = -1;
