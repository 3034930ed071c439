// Runs the load reports of a node on its thread: performs the client's effects with a stream to the server, the counters of all threads and
// the link to the supervisor.
import { ActorHost } from "../../actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../actor/behaviour.ts";
import { misbehave } from "../../actor/misbehave.ts";
import type { Link } from "../../actor/thread-link.ts";
import { addressText } from "../../config/plan/address.ts";
import type { LoadOrder, LoadOutput } from "../../messages/load.ts";
import type { NetContext } from "../../net/net-context.ts";
import type { HealthTable } from "../../telemetry/health-table.ts";
import { LOAD_REPORTER } from "../../telemetry/load-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { emptyLrsState, type LrsState, loadReportClient } from "./client/lrs-behaviour.ts";
import type { LrsEffect, LrsMessage } from "./client/lrs-effects.ts";
import type { LoadAsk } from "./client/lrs-messages.ts";
import { LrsStream } from "./client/lrs-stream.ts";
import { chooseServer } from "./client/server-target.ts";
import { StreamAccount } from "./client/stream-account.ts";
import { readAsk, writeReport } from "./client/wire.ts";
import { LoadReader } from "./load-reader.ts";

/** What the actor stands on. */
export interface LoadActorParts {
  readonly net: NetContext;
  readonly stats: StatsWriter;
  readonly health: HealthTable;
  readonly link: Link<LoadOrder, LoadOutput>;
  /** Tells this life of the thread from any other: random. */
  readonly instance: string;
  /** Called after the actor has ended. */
  onStopped(): void;
}

/** Starts the actor; it lives until it is told to stop. */
export function runLoadActor(parts: LoadActorParts): void {
  const actor = new LoadActor(parts);
  parts.link.receive((message) => actor.receive(message));
  parts.link.send({ type: "started" });
}

class LoadActor {
  private readonly parts: LoadActorParts;
  private readonly host: ActorHost<LrsState, Exclude<LrsMessage, TimerFired>, OwnEffect>;
  private readonly reader: LoadReader = new LoadReader();
  private readonly block: Float64Array;
  private readonly accounts = new Map<string, StreamAccount>();
  private plan: Extract<LoadOrder, { type: "plan-assigned" }> | null = null;
  private stream: LrsStream | null = null;
  private streams = 0;
  private isStarted = false;

  constructor(parts: LoadActorParts) {
    const { clock, wheel } = parts.net;
    this.parts = parts;
    this.block = parts.stats.block(LOAD_REPORTER, "load_reporter.");
    this.host = new ActorHost(loadReportClient, emptyLrsState(), {
      clock,
      wheel,
      perform: (effect) => this.perform(effect),
    });
  }

  receive(message: LoadOrder): void {
    switch (message.type) {
      case "plan-assigned":
        this.plan = message;
        this.reader.assign(message.clusters);
        return;
      case "endpoints-changed":
        this.parts.link.send({ type: "endpoints-applied", missed: this.reader.applyEndpoints(message.updates) });
        if (!this.isStarted) this.host.tell({ type: "start" });
        this.isStarted = true;
        return;
      case "stats-told":
        this.reader.notice(message.writer, message.notices);
        return;
      case "stop":
        this.host.tell({ type: "stop" });
        return;
      case "misbehave":
        misbehave(message.how);
        return;
    }
  }

  private perform(effect: OwnEffect): void {
    switch (effect.type) {
      case "open-stream":
        this.open();
        return;
      case "end-stream":
        this.stream?.close();
        this.stream = null;
        return;
      case "end-requests":
        this.stream?.endRequests();
        return;
      case "send":
        this.send(effect.report);
        return;
      case "follow":
        this.reader.follow(effect.clusters);
        return;
      case "take":
        this.host.tell({ type: "taken", loads: this.reader.take(effect.granularity) });
        return;
      case "count":
        count(this.block, LOAD_REPORTER.at[effect.stat]);
        return;
      case "log": {
        const { level, text } = effect;
        this.parts.link.send({ type: "log-written", line: { level, component: "upstream", text } });
        return;
      }
      case "finish":
        this.finish();
        return;
    }
  }

  private open(): void {
    const { plan, parts } = this;
    const cluster = plan?.clusters.find(({ name }) => name === plan.load.cluster);
    if (plan === null || cluster === undefined) throw new Error("load reports: no plan, or none with their cluster");
    const flagsOf = (slot: number): number => Atomics.load(parts.health.flags, slot);
    const endpoint = chooseServer(this.reader.endpointsOf(cluster.name), flagsOf, this.streams++);
    if (endpoint === null) {
      this.host.tell({ type: "stream-ended", status: UNAVAILABLE, text: "no healthy upstream" });
      return;
    }
    const account = this.account(cluster.name, cluster.statName, addressText(endpoint.address));
    const { host } = this;
    this.stream = new LrsStream({
      net: parts.net,
      load: plan.load,
      cluster,
      endpoint,
      account,
      owner: {
        onOpen: () => host.tell({ type: "stream-opened" }),
        onAnswered: (acknowledges) => host.tell({ type: "stream-answered", acknowledges }),
        onMessage: (bytes) => host.tell({ type: "asked", ask: askOf(bytes) }),
        onWritable: () => host.tell({ type: "writable" }),
        onEnd: (status, text) => {
          this.stream = null;
          host.tell({ type: "stream-ended", status, text });
        },
      },
    });
  }

  private send(report: Extract<LrsEffect, { type: "send" }>["report"]): void {
    const { plan, parts, stream } = this;
    if (plan === null || stream === null) return;
    const { node, version } = plan;
    stream.send(writeReport({ node, version, instance: parts.instance }, report));
    if (stream.isBackedUp) this.host.tell({ type: "backed-up" });
  }

  private account(cluster: string, statName: string, endpoint: string): StreamAccount {
    let account = this.accounts.get(endpoint);
    if (account === undefined) {
      account = new StreamAccount(this.parts.stats, { cluster, statName, endpoint });
      this.accounts.set(endpoint, account);
    }
    return account;
  }

  private finish(): void {
    const { parts } = this;
    this.stream?.close();
    this.host.stop();
    parts.link.send({ type: "stopped" });
    parts.link.close();
    parts.onStopped();
  }
}

function askOf(bytes: Uint8Array): LoadAsk | null {
  try {
    return readAsk(bytes);
  } catch {
    return null;
  }
}

type OwnEffect = Exclude<LrsEffect, TimerEffect>;

const UNAVAILABLE = 14;
