// One actor on a worker thread of its own, restarted with back-off when it dies. For every actor that is not a listener.
import { type MessagePort, Worker } from "node:worker_threads";
import { afterFailure, NO_FAILURES, type RestartHistory, type RestartPolicy } from "../actor/restart-policy.ts";
import { type ThreadLink, threadLink } from "../actor/thread-link.ts";
import type { Clock } from "../base/clock.ts";
import { workerUrl } from "../base/location.ts";
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { NodeMemory } from "../telemetry/node-memory.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import { ThreadPulse } from "./thread-pulse.ts";

/** Hears of the thread's life. */
export interface ActorThreadOwner<Output> {
  restored(): readonly StatsNotice[];
  /** A thread was started; messages sent now are its first. */
  onOpened(): void;
  onMessage(message: Output): void;
  /** The thread has lived for the policy's stable time. */
  onStable(): void;
  /** Its loop has stood still for `SILENT_S`; it turns again, after so many seconds. */
  onSilent(): void;
  onAnswering(silentS: number): void;
  onDied(error: Error, delayMs: number, tooMany: boolean): void;
}

/** The thread of one actor: `name` is its entry in workers/; `memory`: it sees what the workers share. */
export class ActorThread<Input, Output> {
  private readonly name: string;
  private readonly clock: Clock;
  private readonly wheel: TimerWheel;
  private readonly owner: ActorThreadOwner<Output>;
  private readonly policy: RestartPolicy;
  private readonly memory: NodeMemory | null;
  private readonly timer: Timer = new Timer(() => this.start());
  private readonly stable: Timer = new Timer(() => this.owner.onStable());
  private history: RestartHistory = NO_FAILURES;
  private link: ThreadLink<Output, Input> | null = null;
  private worker: Worker | null = null;
  private stopping = false;
  private readonly pulse: ThreadPulse;

  constructor(
    parts: { clock: Clock; wheel: TimerWheel; owner: ActorThreadOwner<Output> },
    options: { name: string; policy: RestartPolicy; memory?: NodeMemory },
  ) {
    this.clock = parts.clock;
    this.wheel = parts.wheel;
    this.owner = parts.owner;
    this.name = options.name;
    this.policy = options.policy;
    this.memory = options.memory ?? null;
    this.pulse = new ThreadPulse({ ...parts, ask: (onSign) => this.link?.ask(onSign), owner: parts.owner });
  }

  /** Starts the thread. */
  start(): void {
    const { link, port } = threadLink<Output, Input>();
    const openedMs = this.clock.nowMs();
    const worker = new Worker(workerUrl(this.name), {
      name: this.name,
      workerData: { port, restored: this.owner.restored(), memory: this.memory },
      transferList: [port],
    });
    let failure: Error | null = null;
    worker.on("error", (error: Error) => {
      failure = error;
    });
    worker.on("exit", (code) => this.ended(failure ?? new Error(`exit code ${code}`), openedMs));
    link.receive((message) => this.owner.onMessage(message));
    this.link = link;
    this.worker = worker;
    this.wheel.arm(this.stable, this.policy.stableMs);
    this.owner.onOpened();
  }

  /** The actor lives: whether its loop turns is watched from now on, until it ends. */
  watch(): void {
    if (!this.stopping) this.pulse.begin();
  }

  /** Sends to the actor, with the ports and the memory that are in the message; lost while it is dead, as its successor is told everything anew. */
  send(message: Input, transfer: readonly (MessagePort | ArrayBuffer)[] = []): void {
    this.link?.send(message, transfer);
  }

  /** Ends the thread. With a last order it may end by itself within `deadlineMs`. */
  async stop(last: { readonly order: Input; readonly deadlineMs: number } | null = null): Promise<void> {
    this.stopping = true;
    this.pulse.end();
    this.wheel.remove(this.timer);
    this.wheel.remove(this.stable);
    const { worker } = this;
    if (worker === null) return;
    if (last !== null) {
      this.link?.send(last.order);
      await this.untilGone(worker, last.deadlineMs);
    }
    this.link?.close();
    await worker.terminate();
  }

  private untilGone(worker: Worker, deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const deadline = new Timer(resolve);
      this.wheel.arm(deadline, deadlineMs);
      worker.once("exit", () => {
        this.wheel.remove(deadline);
        resolve();
      });
    });
  }

  private ended(error: Error, openedMs: number): void {
    this.pulse.end();
    this.link?.drain();
    this.link?.close();
    this.link = null;
    this.worker = null;
    if (this.stopping) return;
    const nowMs = this.clock.nowMs();
    const verdict = afterFailure(this.policy, this.history, nowMs, nowMs - openedMs);
    this.history = verdict.history;
    this.wheel.remove(this.stable);
    this.wheel.arm(this.timer, verdict.delayMs);
    this.owner.onDied(error, verdict.delayMs, verdict.tooMany);
  }
}
