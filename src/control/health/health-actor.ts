// Runs the health side on its thread: the judge of active checks and the outlier detector, whose effects it performs with a prober, the
// shared tables, a statistics writer, event log files and the link to the supervisor.
import { ActorHost } from "../../actor/actor-host.ts";
import type { TimerEffect } from "../../actor/behaviour.ts";
import { misbehave } from "../../actor/misbehave.ts";
import { type Link, ThreadLink } from "../../actor/thread-link.ts";
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import { RuntimeValues } from "../../config/plan/runtime.ts";
import type { CheckOrders, CheckReport } from "../../messages/checking.ts";
import type { HealthInput, HealthOrder, HealthOutput } from "../../messages/health.ts";
import { HEALTH_CHECK, HEALTH_CHECKS } from "../../telemetry/health-check-stats.ts";
import { HealthFlag } from "../../telemetry/health-table.ts";
import type { NodeTables } from "../../telemetry/node-memory.ts";
import { OUTLIER } from "../../telemetry/outlier-stats.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { EventFiles } from "./event-files.ts";
import type { HealthEffect } from "./health-effects.ts";
import { emptyHealthState, type HealthState } from "./health-state.ts";
import { meshHealthCheck } from "./mesh/mesh-behaviour.ts";
import type { JudgeMessage } from "./mesh/mesh-checks.ts";
import { MeshPort } from "./mesh/mesh-port.ts";
import { outlierDetection } from "./outlier/outlier-behaviour.ts";
import type { OutlierEffect, OutlierMessage } from "./outlier/outlier-effects.ts";
import { emptyOutlierState, type OutlierState } from "./outlier/outlier-state.ts";
import type { Probe, ProbeOutcome, Prober, ProbeTarget } from "./probe.ts";

/** What the actor stands on. */
export interface HealthActorParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly stats: StatsWriter;
  readonly tables: Pick<NodeTables, "health" | "traffic" | "outliers" | "doubts">;
  /** Name of the network that this process sees: loopback addresses are the same endpoints where it is the same. */
  readonly network: string;
  readonly prober: Prober;
  readonly link: Link<HealthOrder, HealthOutput>;
  /** Called after the actor was stopped. */
  onStopped(): void;
}

/** Starts the actor; it lives until it is told to stop. */
export function runHealthActor(parts: HealthActorParts): void {
  const { link } = parts;
  const actor = new HealthActor(parts);
  link.receive((message) => {
    if (message.type === "misbehave") return misbehave(message.how);
    if (message.type === "serve-mesh") return actor.serveMesh(new ThreadLink(message.port));
    actor.receive(message);
    if (message.type !== "stop") return;
    link.send({ type: "stopped" });
    link.close();
    parts.onStopped();
  });
  link.send({ type: "started" });
}

class HealthActor {
  private readonly parts: HealthActorParts;
  private readonly files: EventFiles;
  private readonly runtime = new RuntimeValues();
  private readonly judge: ActorHost<HealthState, Exclude<JudgeMessage, { type: "timer-fired" }>, JudgeEffect>;
  private readonly detector: ActorHost<OutlierState, Exclude<OutlierMessage, { type: "timer-fired" }>, DetectorEffect>;
  private readonly probes = new Map<number, Probe>();
  private mesh: MeshPort | null = null;

  constructor(parts: HealthActorParts) {
    const { clock, wheel, random, link, network } = parts;
    const { health, outliers, traffic, doubts } = parts.tables;
    const flagsOf = (slot: number): number => Atomics.load(health.flags, slot);
    const wallMs = (): number => clock.wallMs();
    const { runtime } = this;
    this.parts = parts;
    const warn = (text: string): void =>
      link.send({ type: "log-written", line: { level: "warning", component: "health_checker", text } });
    this.files = new EventFiles(wheel, warn, parts.stats);
    const state = emptyHealthState({ random, runtime, wallMs, flagsOf, hasTraffic: (row) => traffic.hasTraffic(row) });
    const setOf = (cluster: string) => state.sets.get(cluster);
    const judge = meshHealthCheck({ doubts, network });
    this.judge = new ActorHost(judge, state, { clock, wheel, perform: (effect) => this.performCheck(effect) });
    this.detector = new ActorHost(
      outlierDetection,
      emptyOutlierState({ random, runtime, wallMs, flagsOf, setOf, table: outliers }),
      { clock, wheel, perform: (effect) => this.performOutlier(effect) },
    );
  }

  receive(message: HealthInput): void {
    switch (message.type) {
      case "plan-assigned":
        this.tellBoth(message);
        return;
      case "endpoints-changed":
        this.tellBoth(message);
        return;
      case "runtime-changed":
        this.runtime.assign(message.entries);
        return;
      case "passive-failure-seen":
        this.judge.tell(message);
        return;
      case "outlier-suspected":
        this.detector.tell(message);
        return;
      case "forget-stats":
        for (const names of message.names) this.parts.stats.forget(names);
        return;
      case "reopen-logs":
        this.files.reopen();
        return;
      case "stop":
        this.stop(message);
        return;
    }
  }

  /** A mesh says from now on what is probed, and nothing is before it does; the one before it is gone. */
  serveMesh(link: ThreadLink<CheckOrders, readonly CheckReport[]>): void {
    this.mesh?.close();
    const port = new MeshPort(link, (orders) => {
      this.judge.tell({ type: "mesh-alive" });
      for (const order of orders) {
        if (order.type === "end-ejection") this.endEjection(order.slot);
        else this.judge.tell(order);
      }
    });
    this.mesh = port;
    this.judge.tell({ type: "follow-mesh" });
    link.onGone(() => {
      if (this.mesh !== port) return;
      this.mesh = null;
      this.judge.tell({ type: "leave-mesh" });
    });
  }

  private endEjection(slot: number): void {
    const row = this.judge.state.mesh?.targets.get(slot)?.endpoint.cluster.row;
    if (row !== undefined) this.detector.tell({ type: "active-check-passed", row, slot });
  }

  /** The judge hears first: the detector reads the endpoint sets that it keeps. */
  private tellBoth(message: HealthInput & { readonly type: "plan-assigned" | "endpoints-changed" }): void {
    this.judge.tell(message);
    this.detector.tell(message);
  }

  private stop(message: HealthInput & { readonly type: "stop" }): void {
    for (const host of [this.judge, this.detector]) {
      host.tell(message);
      host.stop();
    }
    this.mesh?.close();
    this.parts.prober.close();
    this.files.close();
  }

  private performCheck(effect: JudgeEffect): void {
    const { link, prober, stats } = this.parts;
    switch (effect.type) {
      case "open-probe": {
        const { probe, target } = effect;
        this.probes.set(
          probe,
          prober.create(target, (outcome) => this.onOutcome(probe, target, outcome)),
        );
        return;
      }
      case "start-probe":
        this.probes.get(effect.probe)?.start();
        return;
      case "close-probe":
        this.probes.get(effect.probe)?.close();
        this.probes.delete(effect.probe);
        return;
      case "change-flags":
        this.changeFlags(effect);
        return;
      case "count":
        add(stats.block(HEALTH_CHECK, effect.prefix), HEALTH_CHECK.at[effect.counter], 1);
        return;
      case "set-gauge":
        setGauge(stats, effect);
        return;
      case "write-event":
        this.files.write(effect.path, effect.text);
        return;
      case "log":
        link.send({ type: "log-written", line: effect.line });
        return;
      case "report-warmed":
        link.send({ type: "cluster-warmed", cluster: effect.cluster });
        return;
      case "answer-endpoints":
        link.send({ type: "endpoints-applied", missed: effect.missed });
        return;
      case "report-check":
        this.mesh?.report(effect.report);
        return;
    }
  }

  private performOutlier(effect: DetectorEffect): void {
    switch (effect.type) {
      case "change-flags":
        this.changeFlags(effect);
        return;
      case "tell-ejection": {
        const { slot, cluster, address, isEjected, kind, ejections } = effect;
        this.mesh?.report({ type: "ejection-changed", slot, cluster, address, isEjected, kind, ejections });
        if (isEjected) this.judge.tell({ type: "endpoint-ejected", slot });
        return;
      }
      case "add": {
        const block = this.parts.stats.block(OUTLIER, `cluster.${effect.statName}.outlier_detection.`);
        add(block, OUTLIER.at[effect.stat], effect.amount);
        return;
      }
      case "write-event":
        this.files.write(effect.path, effect.text);
        return;
    }
  }

  private onOutcome(probe: number, { cluster, endpoint }: ProbeTarget, outcome: ProbeOutcome): void {
    this.judge.tell({ type: "probe-finished", probe, outcome });
    if (cluster.outlier === null || (outcome.kind !== "success" && outcome.kind !== "degraded")) return;
    const { slot } = endpoint;
    const isEjected = (Atomics.load(this.parts.tables.health.flags, slot) & HealthFlag.FailedOutlierCheck) !== 0;
    const row = this.judge.state.sets.get(cluster.name)?.row;
    if (isEjected && row !== undefined) this.detector.tell({ type: "active-check-passed", row, slot });
  }

  private changeFlags({ row, slot, raise, lower }: FlagEffect): void {
    const { health } = this.parts.tables;
    health.set(slot, raise);
    health.clear(slot, lower);
    health.bump(row);
  }
}

type JudgeEffect = Exclude<HealthEffect, TimerEffect>;
type DetectorEffect = Exclude<OutlierEffect, TimerEffect>;
type GaugeEffect = Extract<JudgeEffect, { readonly type: "set-gauge" }>;
type FlagEffect = Extract<JudgeEffect, { readonly type: "change-flags" }>;

function setGauge(stats: StatsWriter, { of, prefix, gauge, value }: GaugeEffect): void {
  if (of === "cluster") stats.block(HEALTH_CHECKS, prefix)[HEALTH_CHECKS.at[gauge]] = value;
  else stats.block(HEALTH_CHECK, prefix)[HEALTH_CHECK.at[gauge]] = value;
}

function add(block: Float64Array, at: number, amount: number): void {
  block[at] = (block[at] as number) + amount;
}
