// Owns the listener workers for the supervisor: their pool, what is known of each, and what each says. What a new one must be told comes from
// the supervisor.

import type { WorkerView } from "../control/admin/view.ts";
import type { HealthInput } from "../messages/health.ts";
import type { ListenerInput, ListenerOutput } from "../messages/listener.ts";
import type { LogFlush } from "../telemetry/access-log.ts";
import type { ExportBatch } from "../telemetry/line-batches.ts";
import { clearWorker, type NodeMemory } from "../telemetry/node-memory.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import type { OwnerParts } from "./background-thread.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";
import { ListenerPool, type ListenerPoolOwner } from "./listener-pool.ts";
import { countListeners } from "./node-stats.ts";
import type { WatchedRequests } from "./watched-requests.ts";
import { WorkerBook } from "./worker-book.ts";
import type { WorkerNews } from "./worker-news.ts";

/** What it stands on. */
export interface ListenerOwnerParts extends OwnerParts {
  /** What the workers share. */
  readonly memory: NodeMemory;
  readonly endpoints: EndpointRollOut;
  /** The main thread's own counters. */
  readonly ownStats: StatsWriter;
  /** Workers of the node; 0: it serves no listeners. */
  readonly workers: number;
  /** Heap of each in MiB; 0: V8's default. */
  readonly heapMb: number;
  readonly logFlush: LogFlush;
  news(): WorkerNews;
  /** Orders for a worker that begins: first those before it gets endpoints, then those after. */
  firstOrders(): readonly [before: readonly ListenerInput[], after: readonly ListenerInput[]];
  /** For the health-check actor. */
  tellHealth(message: HealthInput): void;
  /** For the telemetry thread. */
  exports(): { takeExport(batch: ExportBatch): void; loseSpans(writer: string): void };
  /** For whoever looks at requests. */
  readonly requests: WatchedRequests;
  /** A worker took a plan or endpoints, or died. */
  onProgress(): void;
  /** Every worker listens for the first time; without workers: they could. */
  onLive(): void;
}

/** The listener workers, seen from the main thread. */
export class ListenerOwner {
  private readonly parts: ListenerOwnerParts;
  private readonly pool: ListenerPool;
  private readonly book: WorkerBook;
  private readonly slots: readonly number[];
  /** Addresses that a worker could not listen on. */
  private readonly unbound = new Set<string>();
  private isLive = false;

  constructor(parts: ListenerOwnerParts) {
    const { clock, wheel, policy, heapMb, logFlush, workers } = parts;
    this.parts = parts;
    this.book = new WorkerBook(workers);
    this.slots = Array.from({ length: workers }, (_, slot) => slot);
    this.pool = new ListenerPool(
      { clock, wheel, owner: this.poolOwner() },
      { slots: workers, policy, heapMb, logFlush },
    );
    for (const slot of this.slots) parts.readiness.awaits(waitName(slot), `worker ${slot} is starting`);
  }

  /** Starts every worker; none listens before `open`. */
  start(): void {
    this.pool.start();
  }

  /** Every worker listens on what it does not listen on yet. */
  open(): void {
    for (const address of this.unbound) this.parts.readiness.recovered(address);
    this.unbound.clear();
    this.order({ type: "start-listening" });
    if (this.slots.length === 0) this.oneListens();
  }

  /** Ends them; they have `deadlineMs` to write their logs. */
  stop(deadlineMs: number): Promise<void> {
    return this.pool.stop(deadlineMs);
  }

  /** Sends an order to every worker. */
  order(message: ListenerInput): void {
    this.pool.broadcast(message);
  }

  /** Sends an order to one worker. */
  orderOne(slot: number, message: ListenerInput): void {
    this.pool.send(slot, message);
  }

  /** Ends a worker that stands still, for this reason. */
  kill(slot: number, reason: string): void {
    this.pool.kill(slot, reason);
  }

  /** The workers as admin pages show them. */
  views(): readonly WorkerView[] {
    return this.book.views();
  }

  /** Whether every living worker has taken this plan. */
  haveApplied(version: number): boolean {
    return this.book.haveApplied(version);
  }

  /** Whether every living worker goes by this runtime. */
  haveRuntime(version: number): boolean {
    return this.book.haveRuntime(version);
  }

  /** Whether every living worker holds the newest endpoints. */
  haveEndpoints(): boolean {
    return this.slots.every((slot) => this.parts.endpoints.isUpToDate(slot));
  }

  private poolOwner(): ListenerPoolOwner {
    return {
      memory: this.parts.memory,
      restoredFor: (slot) => this.parts.stats.noticesOf(writerOf(slot)),
      onOpened: (slot) => this.workerOpened(slot),
      onMessage: (slot, message) => this.fromWorker(slot, message),
      onStable: (slot) => this.parts.readiness.recovered(waitName(slot)),
      onDied: (slot, error, delayMs, tooMany) => this.workerDied(slot, error, delayMs, tooMany),
    };
  }

  /** Everything a new worker must know, in the order in which it needs it. */
  private workerOpened(slot: number): void {
    const send = (message: ListenerInput): void => this.pool.send(slot, message);
    const [before, after] = this.parts.firstOrders();
    this.book.opened(slot);
    for (const order of before) send(order);
    this.parts.endpoints.openReader(slot, {
      send: (updates) => send({ type: "endpoints-changed", updates }),
      wants: () => true,
    });
    for (const order of after) send(order);
  }

  private workerDied(slot: number, error: Error, delayMs: number, tooMany: boolean): void {
    this.book.died(slot);
    this.parts.endpoints.closeReader(slot);
    this.parts.exports().loseSpans(writerOf(slot));
    this.parts.stats.zeroGauges(writerOf(slot));
    clearWorker(this.parts.memory, slot);
    this.parts.log.error("main", `listener worker ${slot} died: ${error.message}; it restarts in ${delayMs} ms`);
    this.parts.news().died(writerOf(slot), error);
    if (tooMany) this.parts.readiness.fails(waitName(slot), `worker ${slot} keeps dying: ${error.message}`);
    // Its siblings still serve: one death alone does not make the node unready, but nobody left does.
    if (this.book.isNone("listening")) this.parts.readiness.awaits(waitName(slot), `worker ${slot} died and restarts`);
    this.parts.onProgress();
  }

  private fromWorker(slot: number, message: ListenerOutput): void {
    switch (message.type) {
      case "started":
      case "stopped":
        return;
      case "plan-applied":
        this.book.applied(slot, message.version);
        this.parts.onProgress();
        return;
      case "runtime-applied":
        this.book.appliedRuntime(slot, message.version);
        this.parts.onProgress();
        return;
      case "endpoints-applied":
        this.parts.endpoints.applied(slot, message.missed);
        this.parts.onProgress();
        return;
      case "passive-failure-seen":
      case "outlier-suspected":
        this.parts.tellHealth(message);
        return;
      case "listening":
        this.book.listens(slot);
        this.parts.news().lives(writerOf(slot));
        countListeners(this.parts.ownStats, "success", message.opened);
        this.oneListens();
        return;
      case "listening-failed":
        countListeners(this.parts.ownStats, "failure", 1);
        this.parts.log.error(
          "config",
          `listener '${message.listener}' failed to bind to ${message.address}: ${message.text}`,
        );
        this.unbound.add(message.address);
        this.parts.readiness.fails(message.address, `cannot listen on ${message.address}: ${message.text}`);
        return;
      case "stats-announced":
        this.parts.stats.add(writerOf(slot), message.notices);
        return;
      case "export-asked":
        this.parts.exports().takeExport(message.batch);
        return;
      case "requests-watched":
        this.parts.requests.told(slot, message.told);
        return;
      case "log-written":
        this.parts.log.write(message.line);
        return;
      case "bug-found":
        this.parts.log.error("main", `bug in worker ${slot}: ${message.text}`);
        return;
    }
  }

  private oneListens(): void {
    const { readiness, onLive } = this.parts;
    for (const { slot, state } of this.views()) if (state === "listening") readiness.arrived(waitName(slot));
    if (this.isLive || !this.book.areAll("listening")) return;
    this.isLive = true;
    onLive();
  }
}

function writerOf(slot: number): string {
  return `listener-${slot}`;
}

function waitName(slot: number): string {
  return `worker-${slot}`;
}
