// The listener threads: a fixed piscina pool with one never-ending task per slot. A task that fails is given again after a back-off;
// the slot's number, its statistics and its siblings stay. Knows threads and links, not what is said over them.
import { Piscina } from "piscina";
import { afterFailure, NO_FAILURES, type RestartHistory, type RestartPolicy } from "../actor/restart-policy.ts";
import { type ThreadLink, threadLink } from "../actor/thread-link.ts";
import type { Clock } from "../base/clock.ts";
import { workerUrl } from "../base/location.ts";
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { ListenerInput, ListenerOutput, ListenerTask } from "../messages/listener.ts";
import type { LogFlush } from "../telemetry/access-log.ts";
import type { NodeMemory } from "../telemetry/node-memory.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";

/** Hears of the slots' lives. */
export interface ListenerPoolOwner {
  /** What the workers of the node share in memory. */
  readonly memory: NodeMemory;
  /** The notices a new thread of this slot goes on with. */
  restoredFor(slot: number): readonly StatsNotice[];
  /** A thread was asked for; messages sent now are its first. */
  onOpened(slot: number): void;
  onMessage(slot: number, message: ListenerOutput): void;
  /** The slot's thread has lived for the policy's stable time. */
  onStable(slot: number): void;
  /** The slot's thread died; it comes back after `delayMs`. */
  onDied(slot: number, error: Error, delayMs: number, tooMany: boolean): void;
}

/** How the pool runs. */
export interface ListenerPoolOptions {
  readonly slots: number;
  readonly policy: RestartPolicy;
  /** JavaScript heap of a worker in MiB; 0: V8's default. */
  readonly heapMb: number;
  readonly logFlush: LogFlush;
}

interface Slot {
  link: ThreadLink<ListenerOutput, ListenerInput> | null;
  /** Ends the thread at once. */
  killer: AbortController;
  history: RestartHistory;
  openedMs: number;
  readonly restart: Timer;
  readonly stable: Timer;
}

/** All listener workers of a node. */
export class ListenerPool {
  private readonly pool: Piscina<ListenerTask, void>;
  private readonly clock: Clock;
  private readonly wheel: TimerWheel;
  private readonly owner: ListenerPoolOwner;
  private readonly options: ListenerPoolOptions;
  private readonly slots: readonly Slot[];
  private stopping = false;
  private running = 0;
  private idle: () => void = () => {};

  constructor(parts: { clock: Clock; wheel: TimerWheel; owner: ListenerPoolOwner }, options: ListenerPoolOptions) {
    this.clock = parts.clock;
    this.wheel = parts.wheel;
    this.owner = parts.owner;
    this.options = options;
    this.slots = Array.from({ length: options.slots }, (_, slot) => ({
      link: null,
      killer: new AbortController(),
      history: NO_FAILURES,
      openedMs: 0,
      restart: new Timer(() => this.open(slot)),
      stable: new Timer(() => this.owner.onStable(slot)),
    }));
    this.pool = new Piscina<ListenerTask, void>({
      filename: workerUrl("listener").href,
      name: "listenerTask",
      minThreads: options.slots,
      // Without slots nothing is ever run, but the pool wants room for a thread.
      maxThreads: Math.max(1, options.slots),
      concurrentTasksPerWorker: 1,
      atomics: "disabled",
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
        ...(options.heapMb > 0 ? { maxOldGenerationSizeMb: options.heapMb } : {}),
      },
    });
    // A thread that dies without a task (while its slot backs off) is replaced by the pool itself.
    this.pool.on("error", () => {});
  }

  /** Gives every slot its task. */
  start(): void {
    for (let slot = 0; slot < this.slots.length; slot++) this.open(slot);
  }

  /** Sends to one worker; a message to a dead one is lost, as its successor is told everything anew. */
  send(slot: number, message: ListenerInput): void {
    this.slots[slot]?.link?.send(message);
  }

  /** Sends to every living worker. */
  broadcast(message: ListenerInput): void {
    for (let slot = 0; slot < this.slots.length; slot++) this.send(slot, message);
  }

  /** Ends a worker at once, for this reason; it comes back as after any death. */
  kill(slot: number, reason: string): void {
    this.slots[slot]?.killer.abort(new Error(reason));
  }

  /** Asks every worker to stop and waits for it; the threads are ended after `deadlineMs` at the latest. */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping = true;
    for (const { restart, stable } of this.slots) {
      this.wheel.remove(restart);
      this.wheel.remove(stable);
    }
    this.broadcast({ type: "stop" });
    if (this.running > 0) await this.untilIdle(deadlineMs);
    await this.pool.destroy();
  }

  private untilIdle(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const deadline = new Timer(resolve);
      this.wheel.arm(deadline, deadlineMs);
      this.idle = () => {
        this.wheel.remove(deadline);
        resolve();
      };
    });
  }

  private open(slot: number): void {
    const held = this.slots[slot] as Slot;
    const { link, port } = threadLink<ListenerOutput, ListenerInput>();
    held.link = link;
    held.killer = new AbortController();
    held.openedMs = this.clock.nowMs();
    link.receive((message) => this.owner.onMessage(slot, message));
    const task = {
      slot,
      slots: this.slots.length,
      port,
      restored: this.owner.restoredFor(slot),
      memory: this.owner.memory,
      logFlush: this.options.logFlush,
    };
    this.running++;
    const { signal } = held.killer;
    this.pool.run(task, { transferList: [port], signal }).then(
      () => this.closed(slot, null),
      (error: Error) => this.closed(slot, signal.aborted ? (signal.reason as Error) : error),
    );
    this.wheel.arm(held.stable, this.options.policy.stableMs);
    this.owner.onOpened(slot);
  }

  private closed(slot: number, error: Error | null): void {
    const held = this.slots[slot] as Slot;
    held.link?.drain();
    held.link?.close();
    held.link = null;
    this.running--;
    if (this.stopping) {
      if (this.running === 0) this.idle();
      return;
    }
    const nowMs = this.clock.nowMs();
    const verdict = afterFailure(this.options.policy, held.history, nowMs, nowMs - held.openedMs);
    held.history = verdict.history;
    this.wheel.remove(held.stable);
    this.wheel.arm(held.restart, verdict.delayMs);
    this.owner.onDied(slot, error ?? new Error("the worker returned"), verdict.delayMs, verdict.tooMany);
  }
}

/**
 * Young generation of a listener thread, three semi-spaces of 2 MiB. Little of a request lives on, so that collections are short, and what
 * is allocated stays in the processor's cache: with V8's 48 MiB the CPU per request is the same (h2c 5.0 to 5.1 µs), a pause twice as
 * long (0.15 to 0.3 ms), and an idle connection costs 3 KiB more.
 */
const YOUNG_GENERATION_MB = 6;
