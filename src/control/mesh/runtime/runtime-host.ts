// Runs the runtime behaviour on a bus: which subject, which bytes. Made by the mesh actor of a node whose configuration has the layer; of another node
// `RuntimeBystander` only notices that there is something.
import { ActorHost } from "../../../actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { Clock } from "../../../base/clock.ts";
import type { TimerWheel } from "../../../base/timer-wheel.ts";
import type { RuntimeKnowledge } from "../../../config/plan/runtime-keys.ts";
import type { ClusterFigures, MeshRuntimeView, RuntimeRecord } from "../../../messages/mesh-runtime.ts";
import type { Bus, BusMessage } from "../bus/bus.ts";
import type { MeshSubjects } from "../subjects.ts";
import { decodeRuntime, encodeRuntime } from "../wire/runtime-message.ts";
import { sharedRuntime } from "./runtime-behaviour.ts";
import type { RuntimeCounter, RuntimeEffect, RuntimeInput, RuntimeNews } from "./runtime-effects.ts";
import type { RuntimeMessage, RuntimeWord } from "./runtime-messages.ts";
import { emptyRuntimeState, type RuntimeState } from "./runtime-state.ts";
import { runtimeView } from "./runtime-view.ts";

/** What it stands on. */
export interface RuntimeHostParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly bus: Bus;
  readonly subjects: MeshSubjects;
  readonly self: { readonly node: string; readonly instance: string };
  /** The layer is this now, from these records. */
  changed(values: Readonly<Record<string, string>>, records: readonly RuntimeRecord[]): void;
  watch(clusters: readonly string[]): void;
  /** It holds what its peers hold, or nobody is there; once. */
  caughtUp(): void;
  tell(news: RuntimeNews): void;
  count(counter: RuntimeCounter): void;
}

/** One node's part. */
export class RuntimeHost {
  private readonly parts: RuntimeHostParts;
  private readonly host: ActorHost<RuntimeState, Exclude<RuntimeInput, TimerFired>, OwnEffect>;
  private readonly letters = new Map<number, BusMessage>();
  private asks = 0;

  constructor(parts: RuntimeHostParts, records: readonly RuntimeRecord[]) {
    const { clock, wheel, self, bus, subjects } = parts;
    this.parts = parts;
    const state = emptyRuntimeState(self, () => clock.wallMs());
    this.host = new ActorHost(sharedRuntime, state, { clock, wheel, perform: (effect) => this.perform(effect) });
    if (records.length > 0) this.host.tell({ type: "records-restored", records });
    const { runtimeRecord, runtimeDigest, runtimeFigures, runtimeGet, runtimeSet } = subjects;
    for (const subject of [runtimeRecord, runtimeDigest, runtimeFigures])
      bus.subscribe(subject, (one) => this.hear(one));
    for (const subject of [runtimeGet, runtimeSet]) bus.subscribe(subject, (one) => this.ask(one), QUEUE);
    bus.subscribe(subjects.runtimeSync(self.node), (one) => this.ask(one));
  }

  /** What this node's configuration says of keys. */
  know(knowledge: RuntimeKnowledge): void {
    this.host.tell({ type: "knowledge-assigned", knowledge });
  }

  busChanged(isUp: boolean): void {
    this.host.tell({ type: isUp ? "bus-connected" : "bus-lost" });
  }

  /** What this node has counted of a watched cluster. */
  figuresTold(cluster: string, figures: ClusterFigures): void {
    this.host.tell({ type: "figures-told", cluster, figures });
  }

  get isCaughtUp(): boolean {
    return this.host.state.isCaughtUp;
  }

  /** For those who look. */
  view(): MeshRuntimeView {
    return runtimeView(this.host.state, this.parts.clock.nowMs());
  }

  /** Ends; nothing is told any more. */
  stop(): void {
    this.host.stop();
  }

  private hear({ payload }: BusMessage): void {
    const message = decodeRuntime(payload);
    this.host.tell(message === null ? { type: "runtime-garbled" } : { type: "runtime-heard", message });
  }

  private ask(letter: BusMessage): void {
    const message = decodeRuntime(letter.payload);
    if (message === null) {
      this.host.tell({ type: "runtime-garbled" });
      return;
    }
    const ask = ++this.asks;
    this.letters.set(ask, letter);
    this.host.tell({ type: "runtime-asked", ask, message });
    this.letters.delete(ask);
  }

  private perform(effect: OwnEffect): void {
    const { bus, subjects } = this.parts;
    switch (effect.type) {
      case "publish-runtime":
        bus.publish(this.subjectOf(effect.word.type), this.written(effect.word));
        return;
      case "pull": {
        const word = { type: "pull", after: effect.after } as const;
        bus.request(subjects.runtimeSync(effect.from), this.written(word), PULL_MS, (outcome) => {
          const message = outcome.kind === "answer" ? decodeRuntime(outcome.message.payload) : null;
          this.host.tell({ type: "pulled", from: effect.from, message });
        });
        return;
      }
      case "answer":
        this.letters.get(effect.ask)?.respond(this.written(effect.word));
        return;
      case "values-changed":
        this.parts.changed(
          effect.values,
          [...this.host.state.records.values()].map(({ record }) => record),
        );
        return;
      case "watch-clusters":
        this.parts.watch(effect.clusters);
        return;
      case "caught-up":
        this.parts.caughtUp();
        return;
      case "publish-news":
        this.parts.tell(effect.news);
        return;
      case "count":
        this.parts.count(effect.counter);
        return;
    }
  }

  private subjectOf(type: "records" | "digest" | "figures"): string {
    const { runtimeRecord, runtimeDigest, runtimeFigures } = this.parts.subjects;
    return { records: runtimeRecord, digest: runtimeDigest, figures: runtimeFigures }[type];
  }

  private written(word: RuntimeWord): Uint8Array {
    return encodeRuntime({ ...word, ...this.parts.self } as RuntimeMessage);
  }
}

type OwnEffect = Exclude<RuntimeEffect, TimerEffect>;

/** One of the nodes takes each change. */
const QUEUE = "runtime";
const PULL_MS = 2_000;
