// The outlier detector on a clock that a test drives, with workers' counting monitors on the same shared memory.
import { ActorHost } from "../../../../src/actor/actor-host.ts";
import type { TimerEffect } from "../../../../src/actor/behaviour.ts";
import { SeededRandom } from "../../../../src/base/random.ts";
import type { ClusterPlan } from "../../../../src/config/plan/cluster.ts";
import type { EndpointFacts } from "../../../../src/config/plan/endpoint-set.ts";
import type { OutlierPlan } from "../../../../src/config/plan/health-check.ts";
import { outlierDetection } from "../../../../src/control/health/outlier/outlier-behaviour.ts";
import type { OutlierEffect, OutlierMessage } from "../../../../src/control/health/outlier/outlier-effects.ts";
import { emptyOutlierState, type OutlierState } from "../../../../src/control/health/outlier/outlier-state.ts";
import { type OnSuspected, OutlierMonitor } from "../../../../src/dataplane/upstream/outlier-monitor.ts";
import type { Endpoint } from "../../../../src/dataplane/upstream/upstream.ts";
import type { HealthInput } from "../../../../src/messages/health.ts";
import { HealthFlag } from "../../../../src/telemetry/health-table.ts";
import { createNodeMemory, type NodeTables, nodeTables } from "../../../../src/telemetry/node-memory.ts";
import { OUTLIER, type OutlierStat } from "../../../../src/telemetry/outlier-stats.ts";
import { StatsWriter } from "../../../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint } from "../../../support/cluster-plans.ts";
import { outlierPlan } from "../../../support/outlier-plans.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

/** Row of the cluster `c`. */
export const ROW = 3;

/** One cluster `c` with endpoints 127.0.0.1:80, :81 … in slots 0, 1 …. */
export class OutlierWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly lines: string[] = [];
  /** Ejections and returns, as the mesh hears of them. */
  readonly told: string[] = [];
  /** What the runtime says, for detector and workers alike. */
  readonly runtime: Map<string, string> = new Map();
  readonly tables: NodeTables = nodeTables(createNodeMemory(1, 64, 8), 0);
  private readonly stats = new StatsWriter(() => {});
  private readonly random = new SeededRandom(5);
  private readonly endpoints = new Map<number, EndpointFacts>();
  private host: Host = this.newHost();
  private plan: OutlierPlan;
  private monitor: OutlierMonitor;
  private listens = true;

  constructor(more: Partial<OutlierPlan>, size: number = 1) {
    this.plan = outlierPlan(more);
    this.monitor = this.newMonitor();
    for (let slot = 0; slot < size; slot++) this.endpoints.set(slot, { ...endpoint(80 + slot), slot });
    this.assign([this.cluster()]);
    this.tell({ type: "endpoints-changed", updates: [this.update()] });
  }

  /** Gives the detector a message. */
  tell(message: OutlierMessage): void {
    this.host.tell(message);
  }

  /** A plan with these clusters. */
  assign(clusters: readonly ClusterPlan[]): void {
    this.tell({
      type: "plan-assigned",
      version: 1,
      clusters,
      removed: [],
      outlierLogPath: "events",
    });
  }

  /** The cluster's plan, with some of its outlier detection changed. */
  cluster(more: Partial<OutlierPlan> = {}, facts: Partial<ClusterPlan> = {}): ClusterPlan {
    this.plan = { ...this.plan, ...more };
    this.monitor = this.newMonitor();
    return clusterPlan("c", [], { outlier: this.plan, ...facts });
  }

  /** Discovery takes an endpoint away, as the supervisor does it: its slot begins anew afterwards. */
  remove(slot: number): void {
    this.endpoints.delete(slot);
    this.tell({ type: "endpoints-changed", updates: [this.update()] });
  }

  /** Discovery adds an endpoint. */
  add(slot: number): void {
    this.endpoints.set(slot, { ...endpoint(80 + slot), slot });
    this.tell({ type: "endpoints-changed", updates: [this.update()] });
  }

  /** The endpoint answers so many requests with this status. */
  answer(slot: number, status: number, times: number = 1): void {
    for (let i = 0; i < times; i++) this.monitor.onAnswer(this.target(slot), status);
  }

  /** The endpoint answers well and says that it is degraded. */
  degrade(slot: number): void {
    this.monitor.onAnswer(this.target(slot), 200);
    this.monitor.onDegraded(this.target(slot));
  }

  /** So many connections to the endpoint fail, or work. */
  connect(slot: number, works: boolean, times: number = 1): void {
    for (let i = 0; i < times; i++) {
      if (works) this.monitor.onConnected(this.target(slot));
      else this.monitor.onLocalFailure(this.target(slot), 503);
    }
  }

  /** The health thread dies: nobody hears the workers, and gauges are zeroed. */
  die(): void {
    this.host.stop();
    this.listens = false;
    const block = this.stats.block(OUTLIER, PREFIX);
    block.fill(0, OUTLIER.gaugesFrom);
  }

  /** A new thread begins with what the supervisor tells it. */
  restart(): void {
    this.listens = true;
    this.host = this.newHost();
    this.assign([this.cluster()]);
    this.tell({ type: "endpoints-changed", updates: [this.update()] });
  }

  /** Slots of the endpoints that are ejected. */
  ejected(): number[] {
    return [...this.endpoints.keys()].filter(
      (slot) => ((this.tables.health.flags[slot] as number) & HealthFlag.FailedOutlierCheck) !== 0,
    );
  }

  /** Counters and the gauge that are not zero. */
  counts(): Record<string, number> {
    const block = this.stats.block(OUTLIER, PREFIX);
    const all = OUTLIER.names.map((name, at): [string, number] => [name, block[at] as number]);
    return Object.fromEntries(all.filter(([, value]) => value !== 0));
  }

  /** One counter. */
  count(stat: OutlierStat): number {
    return this.stats.block(OUTLIER, PREFIX)[OUTLIER.at[stat]] as number;
  }

  /** Of each line of the event log what these fields say. */
  events(...fields: readonly string[]): unknown[][] {
    return this.lines.map((line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      return fields.map((field) => event[field]);
    });
  }

  private newHost(): Host {
    const { clock, random, runtime, tables } = this;
    const state = emptyOutlierState({
      random,
      runtime,
      table: tables.outliers,
      wallMs: () => clock.wallMs(),
      flagsOf: (slot) => tables.health.flags[slot] as number,
      setOf: (cluster) => (cluster === "c" ? { row: ROW, endpoints: this.endpoints } : undefined),
    });
    return new ActorHost(outlierDetection, state, {
      clock,
      wheel: clock.wheel,
      perform: (effect) => this.perform(effect),
    });
  }

  private perform(effect: OwnEffect): void {
    const { health } = this.tables;
    switch (effect.type) {
      case "change-flags":
        health.set(effect.slot, effect.raise);
        health.clear(effect.slot, effect.lower);
        health.bump(effect.row);
        return;
      case "add": {
        const block = this.stats.block(OUTLIER, `cluster.${effect.statName}.outlier_detection.`);
        block[OUTLIER.at[effect.stat]] = (block[OUTLIER.at[effect.stat]] as number) + effect.amount;
        return;
      }
      case "tell-ejection":
        this.told.push(`${effect.isEjected ? `${effect.kind} ${effect.ejections}` : "returned"} ${effect.address}`);
        return;
      case "write-event":
        this.lines.push(`${effect.path === "events" ? "" : effect.path}${effect.text}`);
        return;
    }
  }

  private newMonitor(): OutlierMonitor {
    const { runtime, tables } = this;
    const onSuspected: OnSuspected = (row, slot, kind) => {
      if (this.listens) this.tell({ type: "outlier-suspected", row, slot, kind });
    };
    return new OutlierMonitor(this.plan, { ...tables, runtime, onSuspected }, ROW);
  }

  private target(slot: number): Endpoint {
    return { slot, isRetired: false } as Endpoint;
  }

  private update(): Extract<HealthInput, { type: "endpoints-changed" }>["updates"][number] {
    return { kind: "full", cluster: "c", row: ROW, version: 1, endpoints: [...this.endpoints.values()] };
  }
}

const PREFIX = "cluster.c.outlier_detection.";
type OwnEffect = Exclude<OutlierEffect, TimerEffect>;
type Host = ActorHost<OutlierState, OutlierMessage, OwnEffect>;
