// What all exchanges of one worker share: the date, the memory budget, the exchanges that wait for their next request, and the
// counters of each cluster's answers.
import { HttpDate } from "../../base/http-date.ts";
import { MAINTENANCE_PREFIX } from "../../config/plan/runtime-keys.ts";
import type { Cluster } from "../upstream/upstream.ts";
import type { WorkerServices } from "../worker-services.ts";
import { ClusterAnswers } from "./cluster-answers.ts";
import type { Exchange } from "./exchange.ts";
import { MemoryBudget } from "./memory-budget.ts";
import type { RequestWatch } from "./request-watch.ts";
import { type RetryRules, retryRules } from "./retry-rules.ts";

/** One per worker; made for the first listener. */
export class WorkerContext {
  readonly services: WorkerServices;
  readonly date: HttpDate;
  readonly budget: MemoryBudget;
  /** Exchanges without a request. */
  readonly free: Exchange[] = [];
  /** Whether this node was told to fail its health checks. */
  isFailing: boolean = false;
  /** Null: nobody looks at requests. */
  watch: RequestWatch | null = null;
  private connectionId = 0;
  private runtimeVersion = -1;
  private hasMaintenance = false;
  private readonly retries = new WeakMap<Cluster, RetryRules>();
  private readonly answers = new WeakMap<Cluster, ClusterAnswers>();

  constructor(services: WorkerServices) {
    this.services = services;
    this.date = new HttpDate(services.clock);
    this.budget = new MemoryBudget(services.memoryBytesMax);
  }

  /** A number for a new connection, for logs. */
  nextConnectionId(): number {
    this.connectionId++;
    return this.connectionId;
  }

  /** What a cluster retries where its routes say nothing; null: nothing. */
  retryOf(cluster: Cluster): RetryRules | null {
    if (cluster.plan.retry === null) return null;
    let rules = this.retries.get(cluster);
    if (rules === undefined) {
      rules = retryRules(cluster.plan.retry) as RetryRules;
      this.retries.set(cluster, rules);
    }
    return rules;
  }

  /** Whether the runtime says of any cluster that it is in maintenance: asked of every request. */
  mayBeInMaintenance(): boolean {
    const { runtime } = this.services;
    if (runtime.version !== this.runtimeVersion || runtime.version === undefined) {
      this.runtimeVersion = runtime.version ?? 0;
      this.hasMaintenance = runtime.hasAny?.(MAINTENANCE_PREFIX) ?? true;
    }
    return this.hasMaintenance;
  }

  /** Counters of a cluster's answers. */
  answersOf(cluster: Cluster): ClusterAnswers {
    let answers = this.answers.get(cluster);
    if (answers === undefined) {
      answers = new ClusterAnswers(this.services.stats, `cluster.${cluster.plan.statName}.`);
      this.answers.set(cluster, answers);
    }
    return answers;
  }
}

/** Exchanges that a worker keeps for reuse. */
export const FREE_EXCHANGES_MAX: number = 1024;
