// One process of a simulated world: the real merging behaviour, its counters, and a model of what the mesh tells it of its peers.
import { ActorHost } from "../../../src/actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../../src/actor/behaviour.ts";
import { merging } from "../../../src/control/load/merge/merge-behaviour.ts";
import type {
  LoadReply,
  LoadRequest,
  MergeEffect,
  MergeMessage,
} from "../../../src/control/load/merge/merge-messages.ts";
import { emptyMergeState, type MergeState } from "../../../src/control/load/merge/merge-state.ts";
import { hashPair, hashText } from "../../../src/control/mesh/state/hash64.ts";
import type { LoadNetwork } from "./load-network.ts";
import { SimCounters } from "./sim-counters.ts";
import { SimLrsStream } from "./sim-server.ts";

/** What a node is made of. */
export interface LoadNodeParts {
  readonly name: string;
  readonly instance: string;
  readonly network: LoadNetwork;
  readonly clusters: readonly string[];
  /** How fast its clock goes, and how far it is off. */
  readonly clockRate: number;
  readonly clockOffsetMs: number;
  saw(node: SimLoadNode, effect: MergeEffect): void;
  /** After each step. */
  stepped(node: SimLoadNode): void;
}

/** One process. */
export class SimLoadNode {
  readonly name: string;
  readonly instance: string;
  readonly counters: SimCounters;
  readonly state: MergeState;
  isDead = false;
  isPaused = false;
  /** Broken streams, and reports, that may have lost or repeated something at a server that does not look. */
  uncertain = 0;
  /** What it could not give away when it stopped. */
  left = 0;
  private readonly parts: LoadNodeParts;
  private readonly backlog: (() => void)[] = [];
  private readonly timers = new Map<string, number>();
  private timerCount = 0;
  private readonly heard = new Map<string, { atMs: number; isLeaving: boolean }>();
  private readonly host: { tell(message: MergeMessage): void };
  private stream: SimLrsStream | null = null;
  private isLeaving = false;
  private asks = 0;
  private readonly replies = new Map<number, (reply: LoadReply) => void>();

  constructor(parts: LoadNodeParts) {
    const { name, instance } = parts;
    this.parts = parts;
    this.name = name;
    this.instance = instance;
    this.counters = new SimCounters(parts.clusters);
    this.state = emptyMergeState({ node: name, instance });
    this.host = new ActorHost<MergeState, Exclude<MergeMessage, TimerFired>, Exclude<MergeEffect, TimerEffect>>(
      { ...merging, step: (state, message, nowMs) => this.stepped(merging.step(state, message, nowMs)) },
      this.state,
      // Timers are performed here, in virtual time: the wheel is never armed.
      {
        clock: { nowMs: () => this.nowMs(), wallMs: () => 0 },
        wheel: NO_WHEEL,
        perform: (effect) => this.perform(effect),
      },
    ) as unknown as { tell(message: MergeMessage): void };
  }

  /** Its clock. */
  nowMs(): number {
    return this.parts.network.time.nowMs * this.parts.clockRate + this.parts.clockOffsetMs;
  }

  /** Begins: beats once a second, and looks who reports. */
  start(): void {
    this.parts.network.nodes.add(this);
    this.every(1_000, () => this.parts.network.beat(this, this.isLeaving));
    this.parts.network.time.after(1_000, () => this.every(250, () => this.lookWhoReports()));
  }

  /** SIGKILL. */
  crash(): void {
    this.isDead = true;
    this.stream?.close();
    this.parts.network.nodes.delete(this);
  }

  /** SIGTERM: its traffic has ended. */
  stop(): void {
    this.tell({ type: "stop" });
  }

  /** SIGSTOP, SIGCONT. */
  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (isPaused) return;
    for (const run of this.backlog.splice(0)) if (!this.isDead) run();
  }

  /** A message to its behaviour; waits while it stands still. */
  tell(message: MergeMessage): void {
    this.run(() => this.host.tell(message));
  }

  /** A request of a peer. */
  beAsked(request: LoadRequest, reply: (reply: LoadReply) => void): void {
    this.run(() => {
      const ask = ++this.asks;
      this.replies.set(ask, reply);
      this.host.tell({ type: "asked", ask, request });
    });
  }

  /** A peer lives. */
  hearBeat(from: string, isLeaving: boolean): void {
    this.run(() => this.heard.set(from, { atMs: this.nowMs(), isLeaving }));
  }

  private run(what: () => void): void {
    if (this.isDead) return;
    if (this.isPaused) this.backlog.push(what);
    else what();
  }

  private stepped<Effect extends { readonly type: string }>(effects: readonly Effect[]): readonly Effect[] {
    this.parts.stepped(this);
    for (const effect of effects) this.parts.saw(this, effect as unknown as MergeEffect);
    // The host would give timers to a wheel.
    return effects.filter((effect) => !this.performTimer(effect as unknown as MergeEffect));
  }

  private performTimer(effect: MergeEffect): boolean {
    if (effect.type !== "arm-timer" && effect.type !== "disarm-timer") return false;
    const { timer } = effect;
    const number = ++this.timerCount;
    this.timers.set(timer, number);
    if (effect.type === "disarm-timer") return true;
    this.parts.network.time.after(effect.delayMs / this.parts.clockRate, () => {
      this.run(() => {
        if (this.timers.get(timer) === number) this.host.tell({ type: "timer-fired", timer });
      });
    });
    return true;
  }

  private perform(effect: Exclude<MergeEffect, TimerEffect>): void {
    const { network } = this.parts;
    switch (effect.type) {
      case "follow-clusters":
        this.counters.follow(effect.clusters);
        return;
      case "take":
        this.host.tell({ type: "taken", loads: this.counters.take() });
        return;
      case "ask-reporter":
        network.request(this, effect, (reply) => this.tell({ type: "answered", ask: effect.ask, reply }));
        return;
      case "answer":
        this.replies.get(effect.ask)?.(effect.reply);
        this.replies.delete(effect.ask);
        return;
      case "note":
        network.note(this, effect.to, effect.note);
        return;
      case "lead":
        this.stream = new SimLrsStream(network, this);
        return;
      case "resign":
        this.stream?.close();
        this.stream = null;
        return;
      case "report":
        this.stream?.send(effect.report);
        return;
      case "hurry":
        this.stream?.hurry();
        return;
      case "step-down":
        this.isLeaving = true;
        network.beat(this, true);
        this.lookWhoReports();
        return;
      case "stopped":
        this.left = effect.left;
        this.crash();
        return;
    }
  }

  /** As the mesh does: the first by rendezvous hashing of those that are heard, and one that is about to end only when there is no other. */
  private lookWhoReports(): void {
    const nowMs = this.nowMs();
    const living = [...this.heard].filter(([, { atMs }]) => nowMs - atMs < GONE_MS);
    const all = [
      [this.name, this.isLeaving] as const,
      ...living.map(([name, { isLeaving }]) => [name, isLeaving] as const),
    ];
    const staying = all.filter(([, isLeaving]) => !isLeaving);
    const key = hashText("load");
    const rank = ([name]: readonly [string, boolean]): number => hashPair(key, hashText(name)).high;
    const [first] = (staying.length > 0 ? staying : all).sort((one, other) => rank(other) - rank(one));
    this.host.tell({ type: "reporter-named", node: first?.[0] ?? null });
  }

  private every(ms: number, what: () => void): void {
    this.parts.network.time.after(ms / this.parts.clockRate, () => {
      if (this.isDead) return;
      if (!this.isPaused) what();
      this.every(ms, what);
    });
  }
}

const NO_WHEEL = {} as ConstructorParameters<typeof ActorHost>[2]["wheel"];
const GONE_MS = 5_200;
