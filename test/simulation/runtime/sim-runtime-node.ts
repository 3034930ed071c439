// One simulated node of runtime-world.ts: the real behaviour, its timers by its own clock, and traffic that it counts.
import { sharedRuntime } from "../../../src/control/mesh/runtime/runtime-behaviour.ts";
import type { RuntimeEffect, RuntimeInput } from "../../../src/control/mesh/runtime/runtime-effects.ts";
import type { RuntimeMessage } from "../../../src/control/mesh/runtime/runtime-messages.ts";
import { emptyRuntimeState, type RuntimeState } from "../../../src/control/mesh/runtime/runtime-state.ts";
import type { Happening } from "../mesh/virtual-time.ts";
import type { RuntimeWorld } from "./runtime-world.ts";

/** One node. */
export class SimRuntimeNode {
  readonly self: { readonly node: string; readonly instance: string };
  readonly state: RuntimeState;
  isDead = false;
  isStopped = false;
  private readonly world: RuntimeWorld;
  private readonly rate: number;
  private readonly bornMs: number;
  private readonly timers = new Map<string, Happening>();
  private readonly waiting: RuntimeInput[] = [];
  private readonly counts = new Map<string, { requests: number; errors: number }>();
  private answer: RuntimeMessage | null = null;
  private asks = 0;

  constructor(world: RuntimeWorld, self: SimRuntimeNode["self"], rate: number) {
    this.world = world;
    this.self = self;
    this.rate = rate;
    this.bornMs = world.time.nowMs;
    this.state = emptyRuntimeState(self, () => world.time.nowMs);
    this.tell({
      type: "knowledge-assigned",
      knowledge: {
        keys: KEYS.map((key) => ({ key, kind: "share", present: "0", grows: ["v2"], falls: ["v1"] })),
        clusters: ["v1", "v2"],
      },
    });
    this.count();
  }

  tell(input: RuntimeInput): void {
    if (this.isDead) return;
    if (this.isStopped) this.waiting.push(input);
    else this.step(input);
  }

  /** A request: answered at once. */
  ask(message: RuntimeMessage): RuntimeMessage | null {
    this.answer = null;
    this.step({ type: "runtime-asked", ask: ++this.asks, message });
    return this.answer;
  }

  /** The process stands still, or goes on with all that has come meanwhile. */
  setStopped(isStopped: boolean): void {
    this.isStopped = isStopped;
    if (!isStopped) for (const input of this.waiting.splice(0)) this.tell(input);
  }

  die(): void {
    this.isDead = true;
    for (const timer of this.timers.values()) timer.run = null;
  }

  private step(input: RuntimeInput): void {
    const before = new Map([...this.state.records].map(([key, { record }]) => [key, record]));
    const nowMs = (this.world.time.nowMs - this.bornMs) * this.rate;
    const effects = sharedRuntime.step(this.state, input, nowMs);
    for (const { record } of this.state.records.values()) this.world.watch(this, before.get(record.key), record);
    for (const effect of effects) this.perform(effect);
  }

  private perform(effect: RuntimeEffect): void {
    const { world, self } = this;
    switch (effect.type) {
      case "arm-timer": {
        this.cancel(effect.timer);
        const fire = (): void => this.tell({ type: "timer-fired", timer: effect.timer });
        this.timers.set(effect.timer, world.time.after(effect.delayMs / this.rate, fire));
        return;
      }
      case "disarm-timer":
        this.cancel(effect.timer);
        return;
      case "publish-runtime":
        world.publish(this, { ...effect.word, ...self });
        return;
      case "pull":
        world.pull(this, effect.from, { type: "pull", after: effect.after, ...self }, (message) =>
          this.tell({ type: "pulled", from: effect.from, message }),
        );
        return;
      case "answer":
        this.answer = { ...effect.word, ...self };
        return;
      case "publish-news":
        world.note(effect.news.what);
        return;
      case "count":
        world.note(effect.counter);
        return;
      case "caught-up":
      case "values-changed":
      case "watch-clusters":
        return;
    }
  }

  /** Twice a second the main thread says what was counted, when somebody wants it. */
  private count(): void {
    if (this.isDead) return;
    this.world.time.after(500 / this.rate, () => this.count());
    if (this.isStopped) return;
    for (const cluster of this.state.watched) {
      const counted = this.counts.get(cluster) ?? { requests: 0, errors: 0 };
      this.counts.set(cluster, counted);
      counted.requests += 10;
      for (let i = 0; i < 10; i++)
        if (this.world.chance((this.world.failing.get(cluster) ?? 0) / 1_000)) counted.errors++;
      this.tell({ type: "figures-told", cluster, figures: { ...counted, latencies: [] } });
    }
  }

  private cancel(name: string): void {
    const timer = this.timers.get(name);
    if (timer !== undefined) timer.run = null;
    this.timers.delete(name);
  }
}

/** Keys that the configuration of every node knows. */
export const KEYS: readonly string[] = ["routing.a", "routing.b", "routing.c"];
