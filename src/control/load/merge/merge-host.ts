// Runs the merging behaviour of a node on its load-report thread: its letters go over the mesh thread, its reports to the stream that the
// load-report actor opens while this node is the reporter. Made by load-actor.ts.
import { ActorHost } from "../../../actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { ThreadLink } from "../../../actor/thread-link.ts";
import type { Clock } from "../../../base/clock.ts";
import type { TimerWheel } from "../../../base/timer-wheel.ts";
import type { LoadNews, LoadWord } from "../../../messages/load-mesh.ts";
import type { TakenLoads } from "../client/lrs-effects.ts";
import type { LoadReader } from "../load-reader.ts";
import { merging } from "./merge-behaviour.ts";
import type { Contributor, MergeEffect, MergeMessage } from "./merge-messages.ts";
import { emptyMergeState, type MergeState } from "./merge-state.ts";
import { decodeLoad, encodeLoad } from "./wire.ts";

/** What it stands on. */
export interface MergeHostParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly self: Contributor;
  readonly counters: Pick<LoadReader, "follow" | "take">;
  /** This node reports for the mesh from now on, and no more. */
  lead(): void;
  resign(): void;
  /** Goes upstream. */
  report(taken: TakenLoads): void;
  /** The stream should ask for a report at once. */
  hurry(): void;
  /** Bytes came that are no message. */
  onMalformed(): void;
  /** `left`: batches that nobody else has. */
  onStopped(left: number): void;
}

/** One node's part. */
export class MergeHost {
  private readonly parts: MergeHostParts;
  private readonly host: ActorHost<MergeState, Exclude<MergeMessage, TimerFired>, OwnEffect>;
  private link: ThreadLink<LoadNews, LoadWord> | null = null;

  constructor(parts: MergeHostParts) {
    const { clock, wheel, self } = parts;
    this.parts = parts;
    this.host = new ActorHost(merging, emptyMergeState(self), {
      clock,
      wheel,
      perform: (effect) => this.perform(effect),
    });
  }

  /** The mesh thread is at the other end, or a new one after it died. */
  serve(link: ThreadLink<LoadNews, LoadWord>): void {
    this.link?.close();
    this.link = link;
    link.receive((news) => {
      if (this.link === link) this.hear(news);
    });
    link.onGone(() => {
      if (this.link !== link) return;
      this.link = null;
      this.host.tell({ type: "reporter-named", node: null });
    });
  }

  /** Of the stream. */
  tell(
    message: Extract<
      MergeMessage,
      { readonly type: "subscribed" | "report-due" | "report-settled" | "report-returned" }
    >,
  ): void {
    this.host.tell(message);
  }

  /** Gives away what there is, and ends. */
  stop(): void {
    this.host.tell({ type: "stop" });
  }

  private hear(news: LoadNews): void {
    switch (news.type) {
      case "reporter-named":
        this.host.tell(news);
        return;
      case "load-asked": {
        const message = this.read(news.payload);
        if (message?.type === "load-request") this.host.tell({ type: "asked", ask: news.ask, request: message });
        else if (message?.type === "load-note") this.host.tell({ type: "noted", note: message });
        return;
      }
      case "load-answered": {
        const message = news.payload === null ? null : this.read(news.payload);
        const reply = message?.type === "load-reply" ? message : null;
        this.host.tell({ type: "answered", ask: news.ask, reply });
        return;
      }
    }
  }

  private read(payload: Uint8Array): ReturnType<typeof decodeLoad> {
    const message = decodeLoad(payload);
    if (message === null) this.parts.onMalformed();
    return message;
  }

  private perform(effect: OwnEffect): void {
    const { parts } = this;
    switch (effect.type) {
      case "follow-clusters":
        parts.counters.follow(effect.clusters);
        return;
      case "take":
        this.host.tell({ type: "taken", loads: parts.counters.take(effect.hasEndpoints ? "endpoints" : "localities") });
        return;
      case "ask-reporter": {
        const { ask, to, timeoutMs, request } = effect;
        const payload = encodeLoad({ type: "load-request", ...request });
        this.say({ type: "ask-load", ask, to, timeoutMs, payload });
        return;
      }
      case "answer":
        this.say({
          type: "answer-load",
          ask: effect.ask,
          payload: encodeLoad({ type: "load-reply", ...effect.reply }),
        });
        return;
      case "note":
        this.say({ type: "note-load", to: effect.to, payload: encodeLoad({ type: "load-note", ...effect.note }) });
        return;
      case "lead":
        parts.lead();
        this.say({ type: "reporter-changed", before: effect.before });
        return;
      case "resign":
        parts.resign();
        return;
      case "report": {
        const { clusters, nodes, mayRepeat } = effect.report;
        parts.report({ loads: clusters, shares: nodes, mayRepeat });
        return;
      }
      case "hurry":
        parts.hurry();
        return;
      case "step-down":
        this.say({ type: "step-down" });
        return;
      case "stopped":
        this.host.stop();
        this.link?.close();
        this.link = null;
        parts.onStopped(effect.left);
        return;
    }
  }

  private say(word: LoadWord): void {
    this.link?.send(word);
  }
}

type OwnEffect = Exclude<MergeEffect, TimerEffect>;
