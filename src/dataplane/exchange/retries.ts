// What the attempts of one request may need besides a stream: whether another one follows a failure, and how long each may take. Most
// requests have none of it: it is made for the first that does, and kept for later ones. Asked by attempts.ts.
import type { HeaderList } from "../../protocol/header-list.ts";
import type { Cluster } from "../upstream/upstream.ts";
import { type AttemptTime, AttemptTimers, type AttemptTimes, hasEnd } from "./attempt-timers.ts";
import type { AttemptFault } from "./local-reply.ts";
import type { RequestGroups } from "./request-groups.ts";
import type { RetryRules } from "./retry-rules.ts";
import { type RetryServices, RetryState, Verdict } from "./retry-state.ts";

/** Who makes the attempts. */
export interface RetryOwner {
  /** The back-off is over. */
  onBackOffEnd(): void;
  /** The attempt took too long. */
  onTryTimeout(which: AttemptTime): void;
}

/** The retries and times of one request's attempts. */
export class Retries {
  private readonly owner: RetryOwner;
  /** Null: a failure is final. */
  private retries: RetryState | null = null;
  /** Of an earlier request. */
  private spare: RetryState | null = null;
  private timers: AttemptTimers | null = null;

  constructor(owner: RetryOwner) {
    this.owner = owner;
  }

  /** Whether a failure may be followed by another attempt. */
  get mayFollow(): boolean {
    return this.retries !== null;
  }

  /** Failures of this request may be followed by another attempt. */
  allow(
    services: RetryServices,
    rules: RetryRules,
    cluster: Cluster,
    priority: "default" | "high",
    groups: RequestGroups | null,
  ): void {
    this.spare ??= new RetryState(services, () => this.owner.onBackOffEnd());
    this.retries = this.spare;
    this.retries.begin(rules, cluster, priority, groups);
  }

  /** What the head of an answer leads to. */
  afterHead(head: HeaderList, request: HeaderList): Verdict {
    return this.retries === null ? Verdict.Final : this.retries.afterHead(head, request);
  }

  /** What a failure leads to. `wasSent`: the head of the request had been written. */
  afterFault(fault: AttemptFault["class"], wasSent: boolean): Verdict {
    return this.retries === null ? Verdict.Final : this.retries.afterFault(fault, wasSent);
  }

  /** From now on a failure is final. */
  forbid(): void {
    this.retries?.end();
    this.retries = null;
  }

  /** The attempt has a stream; `hasAll`: and the whole request. */
  onOpen(services: RetryServices, times: AttemptTimes, hasAll: boolean): void {
    if (!hasEnd(times)) return;
    this.timers ??= new AttemptTimers(services.wheel, (which) => this.owner.onTryTimeout(which));
    this.timers.open(times);
    if (hasAll) this.timers.start(times);
  }

  /** The attempt that has a stream has the whole request. */
  onRequestEnd(times: AttemptTimes): void {
    if (hasEnd(times)) this.timers?.start(times);
  }

  /** The final answer's head came. */
  onHead(): void {
    this.timers?.onHead();
    this.forbid();
  }

  /** Something of the answer came. */
  touch(): void {
    this.timers?.touch();
  }

  /** The attempt is over. */
  stopTimers(): void {
    this.timers?.stop();
  }

  /** The request is answered or given up. */
  end(): void {
    this.stopTimers();
    this.forbid();
  }
}
