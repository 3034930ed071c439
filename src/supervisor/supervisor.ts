// The root of a node's actors: starts them, hands them plan, endpoints and keys, hears their facts, and stops them. Lives on the
// main thread; never touches a request.
import type { Misbehaviour } from "../actor/misbehave.ts";
import { DEFAULT_RESTART_POLICY, type RestartPolicy } from "../actor/restart-policy.ts";
import type { Plan } from "../config/plan/plan.ts";
import type { RuntimeEntries } from "../config/plan/runtime.ts";
import type { WorkerView } from "../control/admin/view.ts";
import type { ListenerInput } from "../messages/listener.ts";
import type { MeshView, MeshViewAsk } from "../messages/mesh-view.ts";
import type { ServeOptions } from "../messages/options.ts";
import { createNodeMemory, type NodeMemory } from "../telemetry/node-memory.ts";
import type { StatNames, StatsWriter } from "../telemetry/stats-memory.ts";
import { addressLines } from "./addresses.ts";
import { type BackgroundActor, BackgroundActors } from "./background-actors.ts";
import type { OwnerParts } from "./background-thread.ts";
import { ClusterFigureReader } from "./cluster-figures.ts";
import { DrainSequence } from "./drain-sequence.ts";
import { EndpointRollOut } from "./endpoint-roll-out.ts";
import { LeaseBook } from "./lease-book.ts";
import { ListenerOwner } from "./listener-owner.ts";
import { countFirstPlan } from "./node-stats.ts";
import { PlanRollOut } from "./plan-roll-out.ts";
import { RateMemory } from "./rate-memory.ts";
import { ReadinessBook } from "./readiness.ts";
import { RuntimeOwner } from "./runtime/runtime-owner.ts";
import { StatsRelease } from "./stats-release.ts";
import { TicketKeys } from "./ticket-keys.ts";
import type { WatchedRequests } from "./watched-requests.ts";

/** What a supervisor stands on. */
export interface SupervisorParts extends Omit<OwnerParts, "readiness" | "policy"> {
  readonly requests: WatchedRequests;
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
  /** Takes another plan. */
  readonly rollOut: PlanRollOut;
  /** Settles when listeners may accept: everything that they wait for has happened. */
  readonly ready: Promise<void>;
  /** What the workers share. */
  readonly memory: NodeMemory;
  /** The runtime's layers and values. */
  readonly runtime: RuntimeOwner;
  private readonly parts: SupervisorParts;
  private readonly listeners: ListenerOwner;
  private readonly background: BackgroundActors;
  private readonly ticketKeys: TicketKeys;
  private readonly statsRelease: StatsRelease;
  private currentPlan: Plan;
  private planVersion = 1;
  private readonly rateMemory = new RateMemory();
  private failing = false;
  private onReady: () => void = () => {};

  /** `plan`: its ports are real, never 0. */
  constructor(parts: SupervisorParts, plan: Plan) {
    const { clock, wheel, options } = parts;
    const policy = parts.policy ?? DEFAULT_RESTART_POLICY;
    this.parts = parts;
    this.currentPlan = plan;
    this.ready = new Promise((resolve) => {
      this.onReady = resolve;
    });
    const workers = plan.roles.includes("proxy") ? options.concurrency : 0;
    this.memory = createNodeMemory(Math.max(1, workers));
    this.endpoints = new EndpointRollOut({ memory: this.memory, stats: parts.ownStats, wheel });
    this.endpoints.assign(plan.clusters);
    this.leases = new LeaseBook(clock, plan.mesh?.node ?? "");
    countFirstPlan(parts.ownStats, plan);
    this.listeners = this.listenerOwner(workers, policy);
    this.background = this.backgroundActors(policy);
    const { memory, endpoints, readiness } = this;
    const runtimeParts = {
      ...{ ...parts, memory, endpoints, readiness },
      order: (message: ListenerInput) => this.order(message),
      tellHealth: (entries: RuntimeEntries) => this.background.setRuntime(entries),
      haveRuntime: (version: number) => this.listeners.haveRuntime(version),
    };
    this.runtime = new RuntimeOwner(runtimeParts, plan);
    const giveKeys = (listener: string, keys: Uint8Array): void =>
      this.order({ type: "set-ticket-keys", listener, keys });
    this.ticketKeys = new TicketKeys(wheel, giveKeys);
    this.drain = new DrainSequence(parts, (order) => this.order(order));
    this.rollOut = this.planRollOut();
    this.statsRelease = new StatsRelease(wheel, (names) => this.forgetStats(names));
    this.statsRelease.assign(plan.clusters);
    if (workers > 0) return;
    const remark = `the roles of this node are ${plan.roles.join(", ")}: it serves no listeners`;
    this.readiness.remarks("roles", remark);
    parts.log.info("main", remark);
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
    this.runtime.start(() => this.background.runtimeAnswered());
    this.listeners.start();
    this.background.start(this.planVersion, this.currentPlan, adminAddress);
  }

  /** Every thread forgets these counters. */
  forgetStats(names: readonly StatNames[]): void {
    this.order({ type: "forget-stats", names });
    this.background.forgetStats(names);
    for (const one of names) this.parts.ownStats.forget(one);
  }

  /** The mesh's events tell of a plan that was taken, or refused. */
  tellOfPlan(change: "applied" | "refused", errors: readonly string[]): void {
    this.background.tellOfPlan(change, this.currentPlan.version || String(this.planVersion), errors);
  }

  /** Ends every actor; workers have `deadlineMs` to write their logs. */
  async stop(deadlineMs: number): Promise<void> {
    this.ticketKeys.stop();
    this.drain.stop();
    this.endpoints.stop();
    this.rollOut.stop();
    this.statsRelease.stop();
    this.runtime.close();
    const workers = this.listeners.stop(deadlineMs);
    await Promise.all([workers, this.background.stop(deadlineMs, workers)]);
  }

  /** Sends an order to every worker. */
  order(message: ListenerInput): void {
    this.listeners.order(message);
  }

  /** Sends an order to one worker. */
  orderOne(slot: number, message: ListenerInput): void {
    this.listeners.orderOne(slot, message);
  }

  /** Makes one worker die: for crash tests. */
  misbehave(slot: number, how: Misbehaviour): void {
    this.listeners.orderOne(slot, { type: "misbehave", how });
  }

  /** Ends a worker that stands still, for this reason; it comes back. */
  killWorker(slot: number, reason: string): void {
    this.listeners.kill(slot, reason);
  }

  /** Makes an actor beside them die: for crash tests. */
  misbehaveActor(actor: BackgroundActor, how: "throw" | "exit"): void {
    this.background.misbehave(actor, how);
  }

  /** Log files of every actor are opened again. */
  reopenLogs(): void {
    this.listeners.order({ type: "reopen-logs" });
    this.background.tellHealth({ type: "reopen-logs" });
  }

  /** /healthcheck/fail and /healthcheck/ok. */
  setFailing(failing: boolean): void {
    this.failing = failing;
    this.readiness.drains(failing ? "told to fail health checks by /healthcheck/fail" : "");
    this.listeners.order({ type: "set-failing", failing });
  }

  /** The mesh as this node sees it now; null: its thread does not answer. */
  viewMesh(what: MeshViewAsk): Promise<MeshView | null> {
    return this.background.viewMesh(what);
  }

  /** The workers as admin pages show them. */
  workerViews(): readonly WorkerView[] {
    return this.listeners.views();
  }

  private listenerOwner(workers: number, policy: RestartPolicy): ListenerOwner {
    const { parts, readiness, endpoints, memory } = this;
    const { workerHeapMb: heapMb, logFlush } = parts.options;
    return new ListenerOwner({
      ...parts,
      ...{ readiness, endpoints, memory, workers, policy, heapMb, logFlush },
      news: () => this.background.news,
      firstOrders: () => [[this.runtime.asOrder(), this.planOrder()], this.ordersForNew()],
      tellHealth: (message) => this.background.tellHealth(message),
      exports: () => this.background,
      onProgress: () => {
        this.rollOut.look();
        this.runtime.workerProgressed();
      },
      onLive: () => {
        parts.onLive();
        parts.log.info("main", `serving ${this.plan.listeners.length} listener(s) with ${workers} worker(s)`);
        for (const text of addressLines(this.plan.listeners)) parts.log.info("main", text);
      },
    });
  }

  private backgroundActors(policy: RestartPolicy): BackgroundActors {
    const { parts, endpoints, leases, memory, readiness } = this;
    const { drainTimeS, takeover } = parts.options;
    return new BackgroundActors({
      ...parts,
      ...{ endpoints, leases, memory, readiness, policy, takeover },
      leaveMs: Math.min(drainTimeS * 1_000, LEAVE_MS_MAX),
      figures: new ClusterFigureReader(parts.stats, (cluster) => this.statNameOf(cluster)),
      onRuntime: (values) => this.runtime.setMesh(values),
      onReady: () => this.openListeners(),
      onNamed: (cluster) => this.rollOut.named(cluster),
      onChecked: (cluster) => this.rollOut.checked(cluster),
    });
  }

  private statNameOf(cluster: string): string {
    return this.currentPlan.clusters.find(({ name }) => name === cluster)?.statName ?? cluster;
  }

  private planRollOut(): PlanRollOut {
    return new PlanRollOut({
      wheel: this.parts.wheel,
      plan: () => this.currentPlan,
      assign: (plan) => this.assign(plan),
      haveApplied: (version) => this.listeners.haveApplied(version),
      haveEndpoints: () => this.listeners.haveEndpoints(),
      onNamesOver: (clusters) => {
        for (const cluster of clusters) this.background.named(cluster);
      },
    });
  }

  /** What a new worker must know when it has plan and endpoints, in the order in which it needs it. */
  private ordersForNew(): ListenerInput[] {
    const keys = this.currentPlan.listeners.map(({ name }) => this.keysOrder(name));
    return [
      ...keys,
      ...(this.failing ? [{ type: "set-failing", failing: true } as const] : []),
      ...(this.background.isReady ? [{ type: "start-listening" } as const] : []),
      ...this.drain.standing(),
    ];
  }

  private keysOrder(listener: string): ListenerInput {
    return { type: "set-ticket-keys", listener, keys: this.ticketKeys.of(listener) };
  }

  /** Another plan is the one that serves. */
  private assign(plan: Plan): number {
    const before = new Set(this.currentPlan.listeners.map(({ name }) => name));
    this.currentPlan = plan;
    const version = ++this.planVersion;
    this.runtime.assign(plan);
    this.background.assign(version, plan);
    this.endpoints.assign(plan.clusters);
    this.statsRelease.assign(plan.clusters);
    this.listeners.order(this.planOrder());
    this.ticketKeys.keep(plan.listeners.map(({ name }) => name));
    for (const { name } of plan.listeners) if (!before.has(name)) this.order(this.keysOrder(name));
    this.listeners.open();
    return version;
  }

  private planOrder(): ListenerInput {
    const { drainStrategy, drainTimeS } = this.parts.options;
    const drainMs = drainTimeS * 1_000;
    const drain = { drainMs, spreadMs: drainStrategy === "immediate" ? 0 : drainMs };
    const plan = this.currentPlan;
    return { type: "plan-assigned", version: this.planVersion, plan, drain, rateBuckets: this.rateMemory.of(plan) };
  }

  private openListeners(): void {
    this.parts.log.info("upstream", "cm init: all clusters initialized");
    this.runtime.nodeReady();
    this.parts.log.info("config", "all dependencies initialized. starting workers");
    this.listeners.open();
    this.onReady();
  }
}

/** Peers have taken over by then, or never will. */
const LEAVE_MS_MAX = 7_000;
