// The client of a load-report server in virtual time: counters that a test moves, and a server that it plays.
import { ActorHost } from "../../../../src/actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../../../src/actor/behaviour.ts";
import { emptyLrsState, type LrsState, loadReportClient } from "../../../../src/control/load/client/lrs-behaviour.ts";
import type { LrsEffect, LrsMessage } from "../../../../src/control/load/client/lrs-effects.ts";
import type { LoadAsk, LoadReport } from "../../../../src/control/load/client/lrs-messages.ts";
import { LoadReader } from "../../../../src/control/load/load-reader.ts";
import { HOST } from "../../../../src/telemetry/host-stats.ts";
import { StatsWriter } from "../../../../src/telemetry/stats-memory.ts";
import { endpoint } from "../../../support/cluster-plans.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

/** The client, its counters and its server. */
export class LrsWorld {
  readonly clock: VirtualClock = new VirtualClock(1);
  /** What the client sent, in order. */
  readonly sent: LoadReport[] = [];
  readonly counts: Record<string, number> = {};
  readonly lines: string[] = [];
  /** Streams that the client wished for. */
  streams: number = 0;
  isFinished: boolean = false;
  hasEndedRequests: boolean = false;
  /** Reports that are in the hands of the server. */
  settled = 0;
  private readonly host: ActorHost<LrsState, Exclude<LrsMessage, TimerFired>, OwnEffect>;
  private readonly reader = new LoadReader();
  private readonly writer: StatsWriter;
  private readonly blocks = new Map<string, Float64Array>();

  /** Clusters of these names with an endpoint each. */
  constructor(...clusters: readonly string[]) {
    const { clock } = this;
    this.reader.assign(clusters.map((name) => ({ name, dropOverload: null })));
    this.writer = new StatsWriter((notice) => this.reader.notice("w", [notice]));
    for (const [row, cluster] of clusters.entries()) {
      const endpoints = [{ ...endpoint(80), slot: row }];
      this.reader.applyEndpoints([{ kind: "full", cluster, row, version: 1, endpoints }]);
      this.blocks.set(cluster, this.writer.block(HOST, `host.${cluster}.127.0.0.1:80.`));
    }
    const parts = { clock, wheel: clock.wheel, perform: (effect: OwnEffect) => this.perform(effect) };
    this.host = new ActorHost(loadReportClient, emptyLrsState(), parts);
  }

  /** So many requests of a cluster succeed. */
  serve(cluster: string, requests: number): void {
    const block = this.blocks.get(cluster) as Float64Array;
    block[HOST.at.rq_total] = (block[HOST.at.rq_total] as number) + requests;
    block[HOST.at.rq_success] = (block[HOST.at.rq_success] as number) + requests;
  }

  tell(message: Exclude<LrsMessage, TimerFired>): void {
    this.host.tell(message);
  }

  /** The stream that the client wished for is open, and the server asks, if it is to. */
  open(how: { acknowledges?: boolean; ask?: Partial<LoadAsk> } = {}): void {
    this.tell({ type: "stream-opened" });
    if (how.acknowledges !== undefined) this.tell({ type: "stream-answered", acknowledges: how.acknowledges });
    if (how.ask !== undefined) this.ask(how.ask);
  }

  ask(ask: Partial<LoadAsk>): void {
    this.tell({ type: "asked", ask: { clusters: [], sendAll: false, intervalMs: 1_000, byEndpoint: false, ...ask } });
  }

  /** So much time passes, and the few ticks that timers may take. */
  pass(ms: number): void {
    this.clock.advanceMs(ms + 4);
  }

  /** Messages since the last call: their clusters with successes and tenths of seconds, in ms; `node` for one without. */
  seen(): string[] {
    return this.sent.splice(0).map(({ clusters }) => {
      const texts = clusters.map(({ load, intervalMs }) => {
        const sum = load.localities.reduce((total, one) => total + one.success, 0);
        return `${load.cluster} ${sum} in ${Math.round(intervalMs / 100) * 100}`;
      });
      return texts.length === 0 ? "node" : texts.join(", ");
    });
  }

  private perform(effect: OwnEffect): void {
    switch (effect.type) {
      case "open-stream":
        this.streams++;
        return;
      case "end-stream":
        return;
      case "end-requests":
        this.hasEndedRequests = true;
        return;
      case "finish":
        this.isFinished = true;
        this.host.stop();
        return;
      case "send":
        this.sent.push(effect.report);
        return;
      case "follow":
        this.reader.follow(effect.clusters);
        return;
      case "take":
        this.tell({ type: "taken", loads: this.reader.take(effect.granularity), shares: [], mayRepeat: false });
        return;
      case "settled":
        this.settled++;
        return;
      case "returned":
        throw new Error("a report without a stream");
      case "count":
        this.counts[effect.stat] = (this.counts[effect.stat] ?? 0) + 1;
        return;
      case "log":
        this.lines.push(`${effect.level} ${effect.text}`);
        return;
    }
  }
}

type OwnEffect = Exclude<LrsEffect, TimerEffect>;
