// The real judge of active checks in a simulated world: its behaviour in mesh mode, its probes and timers those of the world.
import type { TimerEffect } from "../../../src/actor/behaviour.ts";
import { SeededRandom } from "../../../src/base/random.ts";
import type { EndpointFacts } from "../../../src/config/plan/endpoint-set.ts";
import type { HealthEffect } from "../../../src/control/health/health-effects.ts";
import { emptyHealthState, type HealthState } from "../../../src/control/health/health-state.ts";
import { meshHealthCheck } from "../../../src/control/health/mesh/mesh-behaviour.ts";
import type { JudgeMessage } from "../../../src/control/health/mesh/mesh-checks.ts";
import type { CheckGroupFacts, CheckOrder, CheckReport, EndpointStanding } from "../../../src/messages/checking.ts";
import { createDoubtMemory, DoubtTable } from "../../../src/telemetry/doubt-table.ts";
import { HealthFlag } from "../../../src/telemetry/health-table.ts";
import { checkedCluster, httpCheck, outcome } from "../../control/health/health-simulation.ts";
import { endpoint as endpointPlan } from "../../support/cluster-plans.ts";
import type { SimEndpoint } from "./endpoints.ts";
import type { Judge, JudgeWorld } from "./judge-model.ts";
import type { Happening } from "./virtual-time.ts";

/** One judge. */
export class RealJudge implements Judge {
  isHung = false;
  wasHung = false;
  private readonly world: JudgeWorld;
  private readonly state: HealthState;
  private readonly behaviour: ReturnType<typeof meshHealthCheck>;
  private readonly endpoints = new Map<number, SimEndpoint>();
  /** Those that are gone, too: it may not know yet. */
  private readonly known = new Map<number, SimEndpoint>();
  private readonly flags = new Uint16Array(64);
  private readonly timers = new Map<string, Happening>();
  private readonly probes = new Map<number, { readonly slot: number; readonly isScheduled: boolean }>();
  /** What it was told while it hung. */
  private readonly waiting: JudgeMessage[] = [];
  private isMuted = true;
  private version = 1;
  private readonly cluster: string;

  constructor(world: JudgeWorld, facts: CheckGroupFacts, endpoints: ReadonlyMap<number, SimEndpoint>) {
    this.world = world;
    this.cluster = facts.cluster;
    this.state = emptyHealthState({
      random: new SeededRandom(1),
      runtime: new Map(),
      wallMs: () => 0,
      flagsOf: (slot) => this.flags[slot] ?? 0,
      hasTraffic: () => true,
    });
    this.behaviour = meshHealthCheck({ doubts: new DoubtTable(createDoubtMemory(64, 4)), network: "here" });
    const { intervalMs, timeoutMs, healthyThreshold, unhealthyThreshold } = facts;
    const check = httpCheck({ intervalMs, timeoutMs, healthyThreshold, unhealthyThreshold });
    const plan = checkedCluster(facts.cluster, [check]);
    this.tell({ type: "follow-mesh" });
    this.tell({
      type: "plan-assigned",
      version: 1,
      clusters: [plan],
      removed: [],
      outlierLogPath: "",
    });
    for (const [slot, endpoint] of endpoints) this.enter(slot, endpoint);
    this.tell({
      type: "endpoints-changed",
      updates: [
        { kind: "full", cluster: facts.cluster, row: 0, version: 1, endpoints: [...endpoints.keys()].map(factsOf) },
      ],
    });
    this.isMuted = false;
  }

  standings(): Map<string, EndpointStanding | null> {
    const text = (slot: number): EndpointStanding =>
      ((this.flags[slot] ?? 0) & HealthFlag.FailedActiveHc) === 0 ? "healthy" : "unhealthy";
    return new Map([...this.endpoints].map(([slot, { target }]) => [target, text(slot)]));
  }

  ordered(): string[] {
    const targets = this.state.mesh?.targets ?? new Map();
    return [...this.endpoints]
      .filter(([slot]) => (targets.get(slot)?.duty.length ?? 0) > 0)
      .map(([, { target }]) => target);
  }

  /** It says by itself that it lives, as long as it hears so of the mesh. */
  live(): void {
    this.tell({ type: "mesh-alive" });
    this.world.after(1_000, () => this.live());
  }

  hang(): void {
    this.isHung = true;
    this.wasHung = true;
  }

  goOn(): void {
    if (!this.isHung) return;
    this.isHung = false;
    for (const message of this.waiting.splice(0)) this.tell(message);
  }

  has(slot: number): boolean {
    return this.endpoints.has(slot);
  }

  remove(slot: number): void {
    if (this.endpoints.delete(slot)) this.change([], [slot]);
  }

  add(slot: number, endpoint: SimEndpoint): void {
    this.enter(slot, endpoint);
    this.change([factsOf(slot)], []);
  }

  take(orders: readonly CheckOrder[]): void {
    for (const order of orders) if (order.type !== "end-ejection") this.tell(order);
  }

  private enter(slot: number, endpoint: SimEndpoint): void {
    this.endpoints.set(slot, endpoint);
    this.known.set(slot, endpoint);
    this.flags[slot] = HealthFlag.FailedActiveHc;
  }

  private change(changed: readonly EndpointFacts[], removed: readonly number[]): void {
    const version = ++this.version;
    const update = {
      kind: "delta",
      cluster: this.cluster,
      row: 0,
      baseVersion: version - 1,
      version,
      changed,
      removed,
    } as const;
    this.tell({ type: "endpoints-changed", updates: [update] });
  }

  private tell(message: JudgeMessage): void {
    if (this.isHung) {
      this.waiting.push(message);
      return;
    }
    // A probe that is opened by an order out of turn is one, whatever it is called.
    const isExtra =
      message.type === "check-once" || (message.type === "timer-fired" && message.timer.startsWith("second"));
    for (const effect of this.behaviour.step(this.state, message, this.world.clockMs())) this.perform(effect, isExtra);
  }

  private perform(effect: HealthEffect | TimerEffect, isExtra: boolean): void {
    switch (effect.type) {
      case "arm-timer":
      case "disarm-timer": {
        const held = this.timers.get(effect.timer);
        if (held !== undefined) held.run = null;
        this.timers.delete(effect.timer);
        if (effect.type === "disarm-timer") return;
        const fire = (): void => this.tell({ type: "timer-fired", timer: effect.timer });
        this.timers.set(effect.timer, this.world.after(effect.delayMs, fire));
        return;
      }
      case "open-probe":
        this.probes.set(effect.probe, { slot: effect.target.endpoint.slot, isScheduled: !isExtra });
        return;
      case "start-probe":
        this.start(effect.probe);
        return;
      case "close-probe":
        this.probes.delete(effect.probe);
        return;
      case "change-flags":
        this.flags[effect.slot] = ((this.flags[effect.slot] ?? 0) | effect.raise) & ~effect.lower;
        return;
      case "report-check":
        this.report(effect.report);
        return;
      case "count":
      case "set-gauge":
      case "write-event":
      case "log":
      case "report-warmed":
      case "answer-endpoints":
        return;
    }
  }

  private start(probe: number): void {
    const held = this.probes.get(probe);
    const endpoint = held === undefined ? undefined : this.known.get(held.slot);
    if (held === undefined || endpoint === undefined) throw new Error(`address invented: probe ${probe}`);
    const { afterMs, passes } = this.world.probe(endpoint, held.isScheduled ? "scheduled" : "extra");
    const timedOut = afterMs > this.world.timeoutMs;
    const result = outcome(timedOut ? "timeout" : passes ? "success" : "network");
    this.world.after(timedOut ? this.world.timeoutMs : afterMs, () => {
      if (this.probes.get(probe) === held) this.tell({ type: "probe-finished", probe, outcome: result });
    });
  }

  /** Endpoints of the world learn how nodes call them. */
  private report(report: CheckReport): void {
    if (report.type === "group-added") this.world.name(report.facts);
    if (report.type === "targets-added") {
      for (const { slot, target } of report.targets) {
        const endpoint = this.endpoints.get(slot);
        if (endpoint !== undefined) endpoint.target = target;
      }
    }
    if (!this.isMuted) this.world.report([report]);
  }
}

function factsOf(slot: number): EndpointFacts {
  return { ...endpointPlan(80 + slot), slot };
}
