// Brings a plan into the place of the one that serves. Clusters that are new come first, beside those that serve: listeners and routes follow
// when workers hold their endpoints and these have had their first checks, or when the time for that is over. Made by the supervisor.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { Plan } from "../config/plan/plan.ts";

/** What it stands on. */
export interface PlanRollOutParts {
  readonly wheel: TimerWheel;
  /** The plan that serves. */
  plan(): Plan;
  /** Gives every actor this plan; answers its version. */
  assign(plan: Plan): number;
  /** Whether every living worker has taken this version. */
  haveApplied(version: number): boolean;
  /** Whether every living worker holds the newest endpoints. */
  haveEndpoints(): boolean;
  /** The names of these clusters had their time: what is known of them is checked. */
  onNamesOver(clusters: readonly string[]): void;
}

/** The roll-out of a node's plans, one at a time. */
export class PlanRollOut {
  private readonly parts: PlanRollOutParts;
  /** New clusters some of whose names have had no answer, or whose endpoints have had no first check. */
  private readonly unnamed = new Set<string>();
  private readonly unchecked = new Set<string>();
  private readonly timer: Timer = new Timer(() => this.settle());
  private isMet: () => boolean = () => true;
  private resolve: () => void = () => {};

  constructor(parts: PlanRollOutParts) {
    this.parts = parts;
  }

  /** Resolves when every living worker serves by the plan. */
  async take(plan: Plan): Promise<void> {
    const { parts } = this;
    const before = parts.plan();
    const added = without(plan.clusters, before.clusters);
    if (added.length > 0) await this.warm(added, { before, plan });
    const version = parts.assign(plan);
    await this.until(() => parts.haveApplied(version), APPLY_MS_MAX);
  }

  /** Every name of a cluster has had its first answer. */
  named(cluster: string): void {
    if (this.unnamed.delete(cluster)) this.look();
  }

  /** Every endpoint of a cluster has had its first check. */
  checked(cluster: string): void {
    if (this.unchecked.delete(cluster)) this.look();
  }

  /** A worker answered, or died. */
  look(): void {
    if (this.isMet()) this.settle();
  }

  /** Waits for nothing any more. */
  stop(): void {
    this.settle();
  }

  private async warm(added: readonly ClusterPlan[], { before, plan }: { before: Plan; plan: Plan }): Promise<void> {
    const { parts, unnamed, unchecked } = this;
    for (const { name, discovery, healthChecks } of added) {
      if (discovery.kind === "strict_dns" || discovery.kind === "logical_dns") unnamed.add(name);
      if (healthChecks.length > 0) unchecked.add(name);
    }
    const clusters = [...plan.clusters, ...without(before.clusters, plan.clusters)];
    const version = parts.assign({ ...before, clusters, mesh: plan.mesh, outlierLogPath: plan.outlierLogPath });
    const isWarm = (): boolean =>
      unnamed.size === 0 && unchecked.size === 0 && parts.haveApplied(version) && parts.haveEndpoints();
    await this.until(isWarm, WARM_MS_MAX);
    parts.onNamesOver([...unnamed]);
    unnamed.clear();
    unchecked.clear();
  }

  private until(isMet: () => boolean, boundMs: number): Promise<void> {
    if (isMet()) return Promise.resolve();
    this.isMet = isMet;
    this.parts.wheel.arm(this.timer, boundMs);
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  private settle(): void {
    const { resolve } = this;
    this.isMet = () => true;
    this.resolve = () => {};
    this.parts.wheel.remove(this.timer);
    resolve();
  }
}

function without(plans: readonly ClusterPlan[], others: readonly ClusterPlan[]): ClusterPlan[] {
  const names = new Set(others.map(({ name }) => name));
  return plans.filter(({ name }) => !names.has(name));
}

/** A new plan serves within 2.5 s: routes do not wait longer for a cluster whose names or endpoints do not answer. */
const WARM_MS_MAX = 2_000;
/** A worker that takes no message is not waited for. */
const APPLY_MS_MAX = 2_000;
