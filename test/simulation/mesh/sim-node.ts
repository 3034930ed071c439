// One node of a simulated world: the real meshState, a judge, its own clock, and a host that does what both ask for.
import { SeededRandom } from "../../../src/base/random.ts";
import { meshState } from "../../../src/control/mesh/state/mesh-behaviour.ts";
import type { HealthEvent, MeshEffect, MeshInput, NodeEvent } from "../../../src/control/mesh/state/mesh-effects.ts";
import { emptyMeshState, type MeshOptions, type MeshState } from "../../../src/control/mesh/state/mesh-state.ts";
import type { SyncPage } from "../../../src/control/mesh/wire/messages.ts";
import type { CheckGroupFacts } from "../../../src/messages/checking.ts";
import type { SimEndpoint } from "./endpoints.ts";
import { type Judge, JudgeModel } from "./judge-model.ts";
import type { SimNetwork } from "./network.ts";
import { RealJudge } from "./real-judge.ts";
import { SimAnnouncer } from "./sim-announcer.ts";
import type { Happening } from "./virtual-time.ts";

/** What a node is made of. */
export interface NodeParts {
  readonly options: MeshOptions;
  readonly network: SimNetwork;
  /** All nodes of the world have these; the real judge changes the group's name in them. */
  readonly facts: { -readonly [Fact in keyof CheckGroupFacts]: CheckGroupFacts[Fact] };
  readonly judge: "model" | "real";
  readonly endpoints: ReadonlyMap<number, SimEndpoint>;
  /** Of its clock against the world's. */
  readonly clockRate: number;
  readonly clockOffsetMs: number;
  readonly seed: number;
  /** It tells the world. */
  saw?(event: NodeSaw): void;
}

/** What a node lets the world see. */
export type NodeSaw =
  | { readonly type: "health"; readonly node: SimNode; readonly event: HealthEvent }
  | { readonly type: "node"; readonly node: SimNode; readonly event: NodeEvent }
  | { readonly type: "effect"; readonly node: SimNode; readonly effect: MeshEffect }
  | { readonly type: "stopped"; readonly node: SimNode };

/** A node that runs. */
export class SimNode {
  readonly name: string;
  readonly state: MeshState;
  readonly judge: Judge;
  readonly announcer: SimAnnouncer;
  readonly parts: NodeParts;
  readonly counters: Map<string, number> = new Map();
  isDead = false;
  endedMs: number = Number.POSITIVE_INFINITY;
  wasAlwaysAwake = true;
  isReady = false;
  reason = "";
  refusal = "";
  startedMs = 0;
  readyMs: number = Number.POSITIVE_INFINITY;
  /** Stands still until then. */
  pausedUntilMs = 0;
  /** When it last went on. */
  resumedMs = 0;
  private readonly timers = new Map<string, Happening>();
  private readonly waiting: (() => void)[] = [];

  constructor(parts: NodeParts) {
    this.parts = parts;
    this.name = parts.options.node;
    this.state = emptyMeshState(parts.options, new SeededRandom(parts.seed));
    const JudgeKind = parts.judge === "real" ? RealJudge : JudgeModel;
    this.judge = new JudgeKind(
      {
        timeoutMs: parts.facts.timeoutMs,
        clockMs: () => this.clockMs(),
        name: ({ group }) => {
          parts.facts.group = group;
        },
        after: (delayMs, run) => this.after(delayMs, run),
        probe: (endpoint, kind) => {
          const isPrivate = this.state.targets.get(this.keyOf(endpoint))?.isPrivate === true;
          return parts.network.probe(this, endpoint, isPrivate && kind === "scheduled" ? "private" : kind);
        },
        report: (reports) => this.tell({ type: "reported", reports }),
      },
      parts.facts,
      parts.endpoints,
    );
    this.announcer = new SimAnnouncer(parts.options, {
      clockMs: () => this.clockMs(),
      after: (delayMs, run) => this.after(delayMs, run),
      publish: (announcement) => parts.network.announce(this, announcement),
    });
  }

  /** Its own clock. */
  clockMs(): number {
    return this.parts.network.time.nowMs * this.parts.clockRate + this.parts.clockOffsetMs;
  }

  /** Begins. */
  start(): void {
    this.startedMs = this.parts.network.time.nowMs;
    this.parts.network.join(this);
    this.tell({ type: "started" });
    this.judge.live();
  }

  /** Ends without a word. */
  crash(): void {
    this.isDead = true;
    this.endedMs = this.parts.network.time.nowMs;
    this.parts.network.part(this);
    for (const timer of this.timers.values()) timer.run = null;
    this.announcer.stop();
  }

  /** Stands still; what comes meanwhile waits. */
  pause(forMs: number): void {
    const { time } = this.parts.network;
    this.wasAlwaysAwake = false;
    this.pausedUntilMs = Math.max(this.pausedUntilMs, time.nowMs + forMs);
    time.after(forMs, () => this.resume());
  }

  /** Gives it something, now or when it goes on. */
  tell(input: MeshInput): void {
    this.awake(() => {
      this.tellAnnouncer(input);
      for (const effect of meshState.step(this.state, input, this.clockMs())) this.perform(effect);
    });
  }

  /** Runs it now, or when the node goes on; never when it is dead. */
  awake(run: () => void): void {
    if (this.isDead) return;
    if (this.pausedUntilMs > this.parts.network.time.nowMs) this.waiting.push(run);
    else run();
  }

  /** Goes on before its time, if it stands still for exactly so long and not for longer by now. */
  resumeIf(pausedUntilMs: number): void {
    if (this.pausedUntilMs !== pausedUntilMs) return;
    this.pausedUntilMs = this.parts.network.time.nowMs;
    this.resume();
  }

  private resume(): void {
    if (this.pausedUntilMs > this.parts.network.time.nowMs) return;
    this.resumedMs = this.parts.network.time.nowMs;
    for (const run of this.waiting.splice(0)) this.awake(run);
  }

  private after(delayMs: number, run: () => void): Happening {
    const happening = this.parts.network.time.after(delayMs / this.parts.clockRate, () =>
      this.awake(() => own.run?.()),
    );
    // Cancelling works while it waits for the node, too.
    const own: Happening = { atMs: happening.atMs, order: happening.order, run };
    return own;
  }

  /** As the actor of the real mesh does: announcements hear first. */
  private tellAnnouncer(input: MeshInput): void {
    if (input.type === "heard") this.announcer.heard(input.message);
    else if (input.type === "bus-changed") this.announcer.tell({ type: input.isUp ? "bus-connected" : "bus-lost" });
    else if (input.type === "stop") this.announcer.tell({ type: "leave" });
  }

  private keyOf({ target }: SimEndpoint): string {
    return this.parts.facts.group + target;
  }

  private perform(effect: MeshEffect): void {
    const { network, saw } = this.parts;
    saw?.({ type: "effect", node: this, effect });
    switch (effect.type) {
      case "arm-timer": {
        const held = this.timers.get(effect.timer);
        if (held !== undefined) held.run = null;
        const fire = (): void => this.tell({ type: "timer-fired", timer: effect.timer });
        this.timers.set(effect.timer, this.after(effect.delayMs, fire));
        return;
      }
      case "disarm-timer": {
        const held = this.timers.get(effect.timer);
        if (held !== undefined) held.run = null;
        return;
      }
      case "order-checks":
        this.judge.take(effect.orders);
        return;
      case "publish":
        network.publish(this, effect.message);
        if (effect.message.type === "beat" && effect.message.phase === "serving") {
          this.announcer.tell({ type: "mesh-joined" });
        }
        return;
      case "request":
        network.request(this, effect.to, effect.message, effect.timeoutMs, (page: SyncPage | null) =>
          this.tell({ type: "answered", ask: effect.ask, message: page }),
        );
        return;
      case "answer":
        network.answer(effect.ask, effect.message);
        return;
      case "publish-health":
        saw?.({ type: "health", node: this, event: effect.event });
        network.publishEvent(this, effect.event.id);
        return;
      case "publish-node":
        saw?.({ type: "node", node: this, event: effect.event });
        network.publishEvent(this, effect.event.id);
        return;
      case "count":
        this.counters.set(effect.counter, (this.counters.get(effect.counter) ?? 0) + effect.by);
        return;
      case "report-ready":
        if (effect.isReady && !this.isReady) this.readyMs = network.time.nowMs;
        this.isReady = effect.isReady;
        this.reason = effect.reason;
        return;
      case "refuse-name":
        this.refusal = effect.reason;
        return;
      case "stopped":
        saw?.({ type: "stopped", node: this });
        this.crash();
        return;
    }
  }
}
