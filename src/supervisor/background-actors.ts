// The actors of a node beside its listener workers: discovery, health checks, mesh, EDS, load reports, tracing; and what listeners wait
// for of them before they open.
// Made by the supervisor.
import type { RestartPolicy } from "../actor/restart-policy.ts";
import type { Clock } from "../base/clock.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { Plan } from "../config/plan/plan.ts";
import type { RuntimeEntries } from "../config/plan/runtime.ts";
import type { HealthInput } from "../messages/health.ts";
import type { MeshView, MeshViewAsk } from "../messages/mesh-view.ts";
import type { ExportBatch } from "../telemetry/line-batches.ts";
import type { NodeMemory } from "../telemetry/node-memory.ts";
import type { StatNames, StatsWriter } from "../telemetry/stats-memory.ts";
import type { ClusterFigureSource } from "./cluster-figures.ts";
import { DiscoveryOwner } from "./discovery-owner.ts";
import { EdsOwner } from "./eds-owner.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";
import { HealthOwner } from "./health-owner.ts";
import type { LeaseBook } from "./lease-book.ts";
import { LoadOwner } from "./load-owner.ts";
import type { Logger } from "./log/logger.ts";
import { MeshOwner } from "./mesh-owner.ts";
import type { ReadinessBook } from "./readiness.ts";
import { StartGate } from "./start-gate.ts";
import type { StatsDirectory } from "./stats-directory.ts";
import { TracingOwner } from "./tracing-owner.ts";
import { WorkerNews } from "./worker-news.ts";

/** What they stand on. */
export interface BackgroundParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly stats: StatsDirectory;
  readonly readiness: ReadinessBook;
  readonly policy: RestartPolicy;
  readonly memory: NodeMemory;
  /** The main thread's own counters. */
  readonly ownStats: StatsWriter;
  readonly endpoints: EndpointRollOut;
  readonly leases: LeaseBook;
  /** Counts what the mesh asks for. */
  readonly figures: ClusterFigureSource;
  /** The layer of the runtime that the mesh shares has these values. */
  onRuntime(values: Readonly<Record<string, string>>): void;
  /** --takeover */
  readonly takeover: boolean;
  /** What a mesh may take to be left. */
  readonly leaveMs: number;
  /** Every name of this cluster has had its first answer; every endpoint of it its first check. */
  onNamed(cluster: string): void;
  onChecked(cluster: string): void;
  /** Discovery has its first answers, the health side its first outcomes, and the mesh its peers; or their time is over. */
  onReady(): void;
  /** The node may not be what its configuration says. */
  onFatal(reason: string): void;
}

/** One of the actors. */
export type BackgroundActor = "discovery" | "health" | "mesh" | "eds" | "load" | "tracing";

/** All of them. */
export class BackgroundActors {
  private readonly parts: BackgroundParts;
  private readonly discovery: DiscoveryOwner;
  private readonly health: HealthOwner;
  private readonly mesh: MeshOwner;
  private readonly eds: EdsOwner;
  private readonly load: LoadOwner;
  private readonly tracing: TracingOwner;
  /** Of every thread of the node, listener workers too; of the mesh's own by itself. */
  readonly news: WorkerNews;
  private readonly gate: StartGate<"names" | "checks" | "mesh" | "runtime">;

  constructor(parts: BackgroundParts) {
    this.parts = parts;
    this.gate = new StartGate(["names", "checks", "mesh", "runtime"], () => {
      this.eds.open();
      this.load.open();
      parts.onReady();
    });
    this.news = new WorkerNews((news) => this.mesh.tell(news));
    this.discovery = new DiscoveryOwner({
      ...parts,
      onOpened: () => this.news.lives("discovery"),
      onDied: (error) => this.news.died("discovery", error),
      onAnswered: (cluster) => this.named(cluster),
      onInitialized: () => this.namesKnown(),
    });
    this.health = new HealthOwner({
      ...parts,
      onWarmed: () => this.gate.happened("checks"),
      onOpened: () => {
        this.mesh.judgeOpened();
        this.news.lives("health-check");
      },
      onDied: (error) => {
        this.mesh.judgeDied();
        this.news.died("health-check", error);
      },
    });
    this.mesh = new MeshOwner({
      ...parts,
      serveMesh: (port) => this.health.serveMesh(port),
      serveLoad: (port) => this.load.serveMesh(port),
      onSettled: () => this.gate.happened("mesh"),
      onRefused: (reason) => parts.onFatal(reason),
    });
    this.eds = new EdsOwner(parts);
    this.load = new LoadOwner({
      ...parts,
      onOpened: () => this.mesh.loadOpened(),
      onDied: () => this.mesh.loadDied(),
    });
    this.tracing = new TracingOwner(parts);
    parts.readiness.awaits("clusters", "waiting for the first answers about endpoints");
  }

  /** Whether listeners may accept. */
  get isReady(): boolean {
    return this.gate.isOpen;
  }

  /** Starts those that the plan has work for. `adminAddress`: for peers; empty: none. */
  start(version: number, plan: Plan, adminAddress: string): void {
    this.eds.start(plan);
    this.load.start(plan);
    this.tracing.assign(plan);
    this.mesh.start(plan, adminAddress);
    this.tellOfPlan("applied", plan.version || String(version), []);
    this.health.start(version, plan);
    this.discovery.start(version, plan.clusters);
  }

  /** Gives each another plan; their endpoints follow. */
  assign(version: number, plan: Plan): void {
    this.eds.assign(plan);
    this.load.assign(plan);
    this.tracing.assign(plan);
    this.mesh.assign(plan);
    this.health.assign(version, plan);
    this.discovery.assign(version, plan.clusters);
  }

  /** Runtime layers from discovery servers have had their first answers. */
  runtimeAnswered(): void {
    this.gate.happened("runtime");
  }

  /** Every name of this cluster has had its first answer, or its time for one is over. */
  named(cluster: string): void {
    this.health.namesKnown(cluster);
    this.parts.onNamed(cluster);
  }

  /** A configuration was taken, or refused. */
  tellOfPlan(change: "applied" | "refused", version: string, errors: readonly string[]): void {
    this.mesh.tell({ type: "config-changed", change, version, errors });
  }

  /**
   * Ends them. What is handed over to peers is checked until they have it; then the health side has `deadlineMs` to write its logs. The last
   * load report goes when `workers` have ended.
   */
  async stop(deadlineMs: number, workers: Promise<void>): Promise<void> {
    const load = workers.then(() => this.load.stop(this.mesh.isMember ? this.parts.leaveMs : deadlineMs));
    const tracing = workers.then(() => this.tracing.stop(deadlineMs));
    const checks = this.mesh.stop(this.parts.leaveMs).then(() => this.health.stop(deadlineMs));
    await Promise.all([this.discovery.stop(), this.eds.stop(deadlineMs), checks, load, tracing]);
  }

  /** Sends to the health-check actor. */
  tellHealth(message: HealthInput): void {
    this.health.tell(message);
  }

  /** Finished spans, or records of access logs, of a listener worker. */
  takeExport(batch: ExportBatch): void {
    this.tracing.take(batch);
  }

  /** A listener worker that wrote counters under this name is dead, and with it the spans that it held. */
  loseSpans(writer: string): void {
    this.tracing.lose(writer);
  }

  /** Counters of clusters that are gone. */
  forgetStats(names: readonly StatNames[]): void {
    this.health.tell({ type: "forget-stats", names });
    this.discovery.forgetStats(names);
  }

  /** The runtime's values, all of them. */
  setRuntime(entries: RuntimeEntries): void {
    this.health.setRuntime(entries);
    this.tracing.setRuntime(entries);
  }

  /** The mesh as this node sees it now; null: its thread does not answer. */
  viewMesh(what: MeshViewAsk): Promise<MeshView | null> {
    return this.mesh.view(what);
  }

  /** Makes one die: for crash tests. */
  misbehave(actor: BackgroundActor, how: "throw" | "exit"): void {
    this[actor].misbehave(how);
  }

  private namesKnown(): void {
    if (!this.gate.awaits("names")) return;
    this.parts.readiness.arrived("clusters");
    this.health.allNamesKnown();
    this.gate.happened("names");
  }
}
