// Active checks without a thread, a network or real time: the judge under a virtual clock, its endpoints scripted by the test.
import { ActorHost } from "../../../src/actor/actor-host.ts";
import type { TimerEffect } from "../../../src/actor/behaviour.ts";
import { SeededRandom } from "../../../src/base/random.ts";
import { Timer } from "../../../src/base/timer-wheel.ts";
import type { ClusterPlan, EndpointPlan } from "../../../src/config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetUpdate } from "../../../src/config/plan/endpoint-set.ts";
import type { HealthCheckPlan } from "../../../src/config/plan/health-check.ts";
import type { HealthEffect } from "../../../src/control/health/health-effects.ts";
import { emptyHealthState, type HealthState } from "../../../src/control/health/health-state.ts";
import { meshHealthCheck } from "../../../src/control/health/mesh/mesh-behaviour.ts";
import type { JudgeMessage } from "../../../src/control/health/mesh/mesh-checks.ts";
import type { ProbeOutcome, ProbeTarget } from "../../../src/control/health/probe.ts";
import type { CheckReport } from "../../../src/messages/checking.ts";
import { createDoubtMemory, DoubtTable } from "../../../src/telemetry/doubt-table.ts";
import { HealthFlag, healthText } from "../../../src/telemetry/health-table.ts";
import { httpCheck as defaultCheck } from "../../support/check-plans.ts";
import { clusterPlan } from "../../support/cluster-plans.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

/** How a scripted endpoint answers one probe; `hang`: never, so that the probe's timeout decides. */
export type Answer = ProbeOutcome | "hang";

/** The judge and what it did. */
export class HealthSimulation {
  readonly clock: VirtualClock;
  readonly host: ActorHost<HealthState, JudgeMessage, OwnEffect>;
  /** By slot, as in the shared table. */
  readonly flags: Uint16Array = new Uint16Array(65_536);
  /** Rows of clusters that had an upstream connection. */
  readonly traffic: Set<number> = new Set();
  /** By full name. */
  readonly stats: Map<string, number> = new Map();
  /** Lines by path. */
  readonly events: Map<string, string[]> = new Map();
  readonly logs: string[] = [];
  /** What workers saw against endpoints. */
  readonly doubts: DoubtTable = new DoubtTable(createDoubtMemory(65_536, 16));
  /** To the mesh, in order; not those that somebody else takes. */
  readonly reports: CheckReport[] = [];
  /** Takes each report. */
  onReport: (report: CheckReport) => void = (report) => this.reports.push(report);
  /** `cluster version` in order. */
  readonly warmed: string[] = [];
  readonly missed: (readonly string[])[] = [];
  /** Milliseconds at which probes were started, by slot and name of the check. */
  readonly starts: Map<string, number[]> = new Map();
  /** Open probes by number. */
  readonly probes: Map<number, ScriptedProbe> = new Map();
  /** Every change of a stat, by its full name, and of flags, by `flags <slot>`. */
  readonly history: { readonly atMs: number; readonly name: string; readonly value: number }[] = [];
  /** By slot, and by slot and name of a check. */
  private readonly answers = new Map<string, ScriptedAnswer>();
  private versions = new Map<string, number>();

  /** `hasTraffic`: default what `traffic` holds. With a clock of its own unless it is one of several. */
  constructor(
    hasTraffic: (row: number) => boolean = (row) => this.traffic.has(row),
    clock: VirtualClock = new VirtualClock(1),
  ) {
    this.clock = clock;
    const senses = {
      random: new SeededRandom(1),
      runtime: new Map<string, string>(),
      wallMs: () => this.clock.wallMs(),
      flagsOf: (slot: number) => this.flags[slot] as number,
      hasTraffic,
    };
    const judge = meshHealthCheck({ doubts: this.doubts, network: "here" });
    this.host = new ActorHost(judge, emptyHealthState(senses), {
      clock: this.clock,
      wheel: this.clock.wheel,
      perform: (effect) => this.perform(effect),
    });
  }

  /** Assigns a plan; endpoints come apart from it. */
  assign(version: number, ...clusters: readonly ClusterPlan[]): void {
    this.host.tell({
      type: "plan-assigned",
      version,
      clusters,
      removed: [],
      outlierLogPath: "",
    });
  }

  /** Gives updates to the judge as they are. */
  update(...updates: readonly EndpointSetUpdate[]): void {
    this.host.tell({ type: "endpoints-changed", updates });
  }

  /** A full set, its endpoints new: the flag is raised before anybody hears of them. */
  enter(plan: ClusterPlan, row: number, endpoints: readonly EndpointFacts[]): void {
    for (const { slot, check } of endpoints) {
      if (!check.disabled) this.setFlags(slot, (this.flags[slot] as number) | HealthFlag.FailedActiveHc);
    }
    const version = (this.versions.get(plan.name) ?? 0) + 1;
    this.versions.set(plan.name, version);
    this.update({ kind: "full", cluster: plan.name, row, version, endpoints });
  }

  /** From now on the endpoint of this slot answers so; unscripted ones pass. */
  script(slot: number, answer: Answer, latencyMs: number = 1): void {
    this.answers.set(String(slot), { answer, latencyMs });
  }

  /** The same of one check only. */
  scriptCheck(slot: number, check: string, answer: Answer): void {
    this.answers.set(`${slot} ${check}`, { answer, latencyMs: 1 });
  }

  /** `healthy` or the flags as /clusters shows them. */
  text(slot: number): string {
    return healthText(this.flags[slot] as number);
  }

  /** The eight of a prefix, without its zeros. */
  counts(prefix: string): Record<string, number> {
    const named = [...this.stats].filter(([name, value]) => name.startsWith(prefix) && value !== 0);
    return Object.fromEntries(
      named
        .map(([name, value]): [string, number] => [name.slice(prefix.length), value])
        .filter(([n]) => !n.includes(".")),
    );
  }

  /** What happened according to one event log, without what is the same in every line. */
  eventKinds(path: string): string[] {
    return (this.events.get(path) ?? []).map((line) => eventKindOf(JSON.parse(line) as Record<string, object>));
  }

  private perform(effect: OwnEffect): void {
    switch (effect.type) {
      case "open-probe":
        this.probes.set(effect.probe, new ScriptedProbe(effect.target));
        return;
      case "start-probe":
        this.start(effect.probe);
        return;
      case "close-probe":
        this.probes.get(effect.probe)?.close(this.clock);
        this.probes.delete(effect.probe);
        return;
      case "change-flags":
        this.setFlags(effect.slot, ((this.flags[effect.slot] as number) | effect.raise) & ~effect.lower);
        return;
      case "count": {
        const name = effect.prefix + effect.counter;
        this.setStat(name, (this.stats.get(name) ?? 0) + 1);
        return;
      }
      case "set-gauge":
        this.setStat(effect.prefix + effect.gauge, effect.value);
        return;
      case "write-event":
        append(this.events, effect.path, effect.text);
        return;
      case "log":
        this.logs.push(effect.line.text);
        return;
      case "report-warmed":
        this.warmed.push(`${effect.cluster} ${effect.version}`);
        return;
      case "answer-endpoints":
        this.missed.push(effect.missed);
        return;
      case "report-check":
        this.onReport(effect.report);
        return;
    }
  }

  private setFlags(slot: number, value: number): void {
    this.flags[slot] = value;
    this.history.push({ atMs: this.clock.nowMs(), name: `flags ${slot}`, value });
  }

  private setStat(name: string, value: number): void {
    this.stats.set(name, value);
    this.history.push({ atMs: this.clock.nowMs(), name, value });
  }

  private start(id: number): void {
    const probe = this.probes.get(id);
    if (probe === undefined) throw new Error(`probe ${id} is not open`);
    const { endpoint, check } = probe.target;
    const one = `${endpoint.slot} ${check.name}`.trimEnd();
    append(this.starts, one, this.clock.nowMs());
    const { answer, latencyMs } = this.answers.get(one) ?? this.answers.get(String(endpoint.slot)) ?? PASSES;
    const ended = answer === "hang" ? outcome("timeout") : answer;
    const delayMs = answer === "hang" ? check.timeoutMs : latencyMs;
    probe.run(this.clock, delayMs, () => this.host.tell({ type: "probe-finished", probe: id, outcome: ended }));
  }
}

interface ScriptedAnswer {
  readonly answer: Answer;
  readonly latencyMs: number;
}

type OwnEffect = Exclude<HealthEffect, TimerEffect>;

/** One probe: at most one run at a time. */
class ScriptedProbe {
  readonly target: ProbeTarget;
  private timer: Timer | null = null;

  /** It was started and has not ended. */
  get isRunning(): boolean {
    return this.timer !== null;
  }

  constructor(target: ProbeTarget) {
    this.target = target;
  }

  run(clock: VirtualClock, delayMs: number, ended: () => void): void {
    if (this.timer !== null) throw new Error("a probe was started twice");
    this.timer = new Timer(() => {
      this.timer = null;
      ended();
    });
    clock.wheel.arm(this.timer, delayMs);
  }

  close(clock: VirtualClock): void {
    if (this.timer !== null) clock.wheel.remove(this.timer);
    this.timer = null;
  }
}

/** An outcome with what its kind usually says. */
export function outcome(kind: ProbeOutcome["kind"], more: Partial<ProbeOutcome> = {}): ProbeOutcome {
  return { kind, reason: kind, httpStatus: 0, verifiedCluster: false, ...more };
}

/** An HTTP check of path /hc every second: timeout 500 ms, 3 failures, 2 passes. */
export function httpCheck(more: Partial<HealthCheckPlan> = {}): HealthCheckPlan {
  return defaultCheck({ path: "/hc" }, { timeoutMs: 500, unhealthyThreshold: 3, ...more });
}

/** A cluster under these checks. */
export function checkedCluster(
  name: string,
  checks: readonly HealthCheckPlan[],
  more: Partial<ClusterPlan> = {},
): ClusterPlan {
  return clusterPlan(name, [], { healthChecks: checks, ...more });
}

/** An endpoint with its number. */
export function numbered(plan: EndpointPlan, slot: number): EndpointFacts {
  return { ...plan, slot };
}

const PASSES: ScriptedAnswer = { answer: outcome("success"), latencyMs: 1 };

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key) ?? [];
  list.push(value);
  map.set(key, list);
}

function eventKindOf(event: Record<string, object>): string {
  const kind = Object.keys(event).find((name) => /_event$|_host$/.test(name));
  return kind === undefined ? "nothing" : `${kind} ${JSON.stringify(event[kind])}`;
}
