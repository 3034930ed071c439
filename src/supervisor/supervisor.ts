// The root of a node's actors: starts them, hands them plan, endpoints and keys, hears their facts, and stops them. Lives on the
// main thread; never touches a request.
import type { Misbehaviour } from "../actor/misbehave.ts";
import { DEFAULT_RESTART_POLICY, type RestartPolicy } from "../actor/restart-policy.ts";
import type { Clock } from "../base/clock.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { Plan } from "../config/plan/plan.ts";
import type { WorkerView } from "../control/admin/view.ts";
import type { ListenerInput, ListenerOutput } from "../messages/listener.ts";
import type { MeshView, MeshViewAsk } from "../messages/mesh-view.ts";
import type { ServeOptions } from "../messages/options.ts";
import { clearWorker, createNodeMemory, type NodeMemory } from "../telemetry/node-memory.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import { type BackgroundActor, BackgroundActors } from "./background-actors.ts";
import { DrainSequence } from "./drain-sequence.ts";
import { EndpointRollOut } from "./endpoint-roll-out.ts";
import { LeaseBook } from "./lease-book.ts";
import { ListenerPool, type ListenerPoolOwner } from "./listener-pool.ts";
import type { Logger } from "./log/logger.ts";
import { countFirstPlan, countListeners } from "./node-stats.ts";
import { ReadinessBook } from "./readiness.ts";
import type { StatsDirectory } from "./stats-directory.ts";
import { TicketKeys } from "./ticket-keys.ts";

/** What a supervisor stands on. */
export interface SupervisorParts {
  readonly clock: Clock;
  /** Advanced by the main thread's interval. */
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly stats: StatsDirectory;
  /** The main thread's own counters; announced to `stats`. */
  readonly ownStats: StatsWriter;
  readonly options: ServeOptions;
  /** Default: `DEFAULT_RESTART_POLICY`. */
  readonly policy?: RestartPolicy;
  /** Every worker listens for the first time; without listeners: they could. */
  onLive(): void;
  /** The node may not be what its configuration says: the process ends with this line. */
  onFatal(reason: string): void;
}

/** A node. */
export class Supervisor {
  readonly readiness: ReadinessBook = new ReadinessBook();
  readonly endpoints: EndpointRollOut;
  readonly drain: DrainSequence;
  readonly leases: LeaseBook;
  /** What the workers share. */
  readonly memory: NodeMemory;
  private readonly parts: SupervisorParts;
  private readonly pool: ListenerPool;
  private readonly background: BackgroundActors;
  private readonly ticketKeys: TicketKeys;
  private readonly workers: MutableWorker[];
  private currentPlan: Plan;
  private planVersion = 1;
  private runtimeOverrides: Readonly<Record<string, string>> = {};
  private failing = false;
  private live = false;

  /** `plan`: its ports are real, never 0. */
  constructor(parts: SupervisorParts, plan: Plan) {
    const { clock, wheel, options } = parts;
    const policy = parts.policy ?? DEFAULT_RESTART_POLICY;
    this.parts = parts;
    this.currentPlan = plan;
    const workers = plan.roles.includes("proxy") ? options.concurrency : 0;
    this.memory = createNodeMemory(Math.max(1, workers));
    this.endpoints = new EndpointRollOut({ memory: this.memory, stats: parts.ownStats, wheel });
    this.endpoints.assign(plan.clusters);
    this.leases = new LeaseBook(clock, plan.mesh?.node ?? "");
    countFirstPlan(parts.ownStats, plan);
    this.workers = Array.from({ length: workers }, (_, slot) => newWorker(slot));
    const poolOptions = { slots: workers, policy, heapMb: options.workerHeapMb };
    this.pool = new ListenerPool({ clock, wheel, owner: this.poolOwner() }, poolOptions);
    const { endpoints, leases, memory, readiness } = this;
    const own = { endpoints, leases, memory, readiness };
    const onReady = (): void => this.openListeners();
    const leaveMs = Math.min(options.drainTimeS * 1_000, LEAVE_MS_MAX);
    const { takeover } = options;
    this.background = new BackgroundActors({ ...parts, ...own, policy, takeover, leaveMs, onReady });
    this.ticketKeys = new TicketKeys(wheel, (listener, keys) =>
      this.pool.broadcast({ type: "set-ticket-keys", listener, keys }),
    );
    this.drain = new DrainSequence(parts, (order) => this.pool.broadcast(order));
    for (const { slot } of this.workers) this.readiness.awaits(waitName(slot), `worker ${slot} is starting`);
    if (workers === 0) {
      const remark = `the roles of this node are ${plan.roles.join(", ")}: it serves no listeners`;
      this.readiness.remarks("roles", remark);
      parts.log.info("main", remark);
    }
  }

  /** The plan that serves. */
  get plan(): Plan {
    return this.currentPlan;
  }

  /**
   * Starts every actor. Listeners accept once discovery has its first answers, the health side its first outcomes, and the mesh its peers.
   * `adminAddress`: for peers; empty: none.
   */
  start(adminAddress: string): void {
    this.pool.start();
    this.background.start(this.planVersion, this.currentPlan, adminAddress);
  }

  /** Ends every actor; workers have `deadlineMs` to write their logs. */
  async stop(deadlineMs: number): Promise<void> {
    this.ticketKeys.stop();
    this.drain.stop();
    this.endpoints.stop();
    const workers = this.pool.stop(deadlineMs);
    await Promise.all([workers, this.background.stop(deadlineMs, workers)]);
  }

  /** Sends an order to every worker. */
  order(message: ListenerInput): void {
    this.pool.broadcast(message);
  }

  /** Sends an order to one worker. */
  orderOne(slot: number, message: ListenerInput): void {
    this.pool.send(slot, message);
  }

  /** Makes one worker die: for crash tests. */
  misbehave(slot: number, how: Misbehaviour): void {
    this.pool.send(slot, { type: "misbehave", how });
  }

  /** Makes an actor beside them die: for crash tests. */
  misbehaveActor(actor: BackgroundActor, how: "throw" | "exit"): void {
    this.background.misbehave(actor, how);
  }

  /** Log files of every actor are opened again. */
  reopenLogs(): void {
    this.pool.broadcast({ type: "reopen-logs" });
    this.background.tellHealth({ type: "reopen-logs" });
  }

  /** /healthcheck/fail and /healthcheck/ok. */
  setFailing(failing: boolean): void {
    this.failing = failing;
    this.readiness.drains(failing ? "told to fail health checks by /healthcheck/fail" : "");
    this.pool.broadcast({ type: "set-failing", failing });
  }

  /** What /runtime_modify has set. */
  get overrides(): Readonly<Record<string, string>> {
    return this.runtimeOverrides;
  }

  /** Sets runtime keys over every layer; an empty text takes a key back. */
  modifyRuntime(entries: Readonly<Record<string, string>>): void {
    const merged = { ...this.runtimeOverrides, ...entries };
    this.runtimeOverrides = Object.fromEntries(Object.entries(merged).filter(([, text]) => text !== ""));
    this.pool.broadcast({ type: "runtime-changed", entries: this.runtimeOverrides });
    this.background.overrideRuntime(this.runtimeOverrides);
  }

  /** The mesh as this node sees it now; null: its thread does not answer. */
  viewMesh(what: MeshViewAsk): Promise<MeshView | null> {
    return this.background.viewMesh(what);
  }

  /** The workers as admin pages show them. */
  workerViews(): readonly WorkerView[] {
    return this.workers.map((worker) => ({ ...worker }));
  }

  private poolOwner(): ListenerPoolOwner {
    return {
      memory: this.memory,
      restoredFor: (slot) => this.parts.stats.noticesOf(writerOf(slot)),
      onOpened: (slot) => this.workerOpened(slot),
      onMessage: (slot, message) => this.fromWorker(slot, message),
      onStable: (slot) => this.readiness.recovered(waitName(slot)),
      onDied: (slot, error, delayMs, tooMany) => this.workerDied(slot, error, delayMs, tooMany),
    };
  }

  /** Everything a new worker must know, in the order in which it needs it. */
  private workerOpened(slot: number): void {
    const send = (message: ListenerInput): void => this.pool.send(slot, message);
    (this.workers[slot] as MutableWorker).state = "starting";
    send({ type: "plan-assigned", version: this.planVersion, plan: this.currentPlan });
    this.endpoints.openReader(slot, {
      send: (updates) => send({ type: "endpoints-changed", updates }),
      wants: () => true,
    });
    for (const { name } of this.currentPlan.listeners) {
      send({ type: "set-ticket-keys", listener: name, keys: this.ticketKeys.of(name) });
    }
    send({ type: "runtime-changed", entries: this.runtimeOverrides });
    if (this.failing) send({ type: "set-failing", failing: true });
    if (this.background.isReady) send({ type: "start-listening" });
    for (const order of this.drain.standing()) send(order);
  }

  private workerDied(slot: number, error: Error, delayMs: number, tooMany: boolean): void {
    const worker = this.workers[slot] as MutableWorker;
    worker.state = "dead";
    worker.restarts++;
    this.endpoints.closeReader(slot);
    this.parts.stats.zeroGauges(writerOf(slot));
    clearWorker(this.memory, slot);
    this.parts.log.error("main", `listener worker ${slot} died: ${error.message}; it restarts in ${delayMs} ms`);
    this.background.news.died(writerOf(slot), error);
    if (tooMany) this.readiness.fails(waitName(slot), `worker ${slot} keeps dying: ${error.message}`);
    // Its siblings still serve: one death alone does not make the node unready, but nobody left does.
    if (this.workers.every(({ state }) => state !== "listening")) {
      this.readiness.awaits(waitName(slot), `worker ${slot} died and restarts`);
    }
  }

  private fromWorker(slot: number, message: ListenerOutput): void {
    const worker = this.workers[slot] as MutableWorker;
    switch (message.type) {
      case "started":
      case "stopped":
        return;
      case "plan-applied":
        worker.planVersion = message.version;
        return;
      case "endpoints-applied":
        this.endpoints.applied(slot, message.missed);
        return;
      case "passive-failure-seen":
      case "outlier-suspected":
        this.background.tellHealth(message);
        return;
      case "listening":
        worker.state = "listening";
        this.background.news.lives(writerOf(slot));
        countListeners(this.parts.ownStats, "success", this.currentPlan.listeners.length);
        this.workerListens();
        return;
      case "listening-failed":
        countListeners(this.parts.ownStats, "failure", 1);
        this.parts.log.error(
          "config",
          `listener '${message.listener}' failed to bind to ${message.address}: ${message.text}`,
        );
        this.readiness.fails(message.address, `cannot listen on ${message.address}: ${message.text}`);
        return;
      case "stats-announced":
        this.parts.stats.add(writerOf(slot), message.notices);
        return;
      case "log-written":
        this.parts.log.write(message.line);
        return;
      case "bug-found":
        this.parts.log.error("main", `bug in worker ${slot}: ${message.text}`);
        return;
    }
  }

  private workerListens(): void {
    for (const one of this.workers) if (one.state === "listening") this.readiness.arrived(waitName(one.slot));
    if (this.live || this.workers.some(({ state }) => state !== "listening")) return;
    this.live = true;
    this.parts.onLive();
    const { length } = this.plan.listeners;
    this.parts.log.info("main", `serving ${length} listener(s) with ${this.workers.length} worker(s)`);
  }

  private openListeners(): void {
    this.parts.log.info("upstream", "cm init: all clusters initialized");
    this.parts.log.info("config", "all dependencies initialized. starting workers");
    this.pool.broadcast({ type: "start-listening" });
    if (this.workers.length === 0) this.workerListens();
  }
}

type MutableWorker = { -readonly [Key in keyof WorkerView]: WorkerView[Key] };

function newWorker(slot: number): MutableWorker {
  return { slot, state: "starting", restarts: 0, planVersion: 0 };
}

function writerOf(slot: number): string {
  return `listener-${slot}`;
}

function waitName(slot: number): string {
  return `worker-${slot}`;
}

/** Peers have taken over by then, or never will. */
const LEAVE_MS_MAX = 7_000;
