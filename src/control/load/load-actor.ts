// Runs the load reports of a node on its thread: performs the client's effects with a stream to the server, the counters of all threads and
// the link to the supervisor.

import { ActorHost } from "../../actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../actor/behaviour.ts";
import { misbehave } from "../../actor/misbehave.ts";
import { type Link, ThreadLink } from "../../actor/thread-link.ts";
import { type Random, systemRandom } from "../../base/random.ts";
import { addressText } from "../../config/plan/address.ts";
import type { FollowedClusters, LoadMerge, LoadOrder, LoadOutput } from "../../messages/load.ts";
import type { LoadNews, LoadWord } from "../../messages/load-mesh.ts";
import type { LogLevel } from "../../messages/log.ts";
import type { NetContext } from "../../net/net-context.ts";
import type { HealthTable } from "../../telemetry/health-table.ts";
import { LOAD_REPORTER } from "../../telemetry/load-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { ServerStream } from "../grpc/server-stream.ts";
import { chooseServer } from "../grpc/server-target.ts";
import { StreamAccount } from "../grpc/stream-account.ts";
import { emptyLrsState, type LrsState, loadReportClient } from "./client/lrs-behaviour.ts";
import type { LrsEffect, LrsMessage } from "./client/lrs-effects.ts";
import type { LoadAsk } from "./client/lrs-messages.ts";
import { readAsk, writeReport } from "./client/wire.ts";
import { LoadReader } from "./load-reader.ts";
import { MergeHost } from "./merge/merge-host.ts";

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
  /** Null: another node reports for the mesh. */
  private client: Client | null = null;
  /** Number of the last report: it goes on when this node is the reporter again. */
  private sequence = 0;
  /** Null: this node reports for itself. */
  private merge: MergeHost | null = null;
  private readonly reader: LoadReader = new LoadReader();
  private readonly block: Float64Array;
  private readonly random: Random = systemRandom();
  private readonly accounts = new Map<string, StreamAccount>();
  private plan: Extract<LoadOrder, { type: "plan-assigned" }> | null = null;
  private stream: ServerStream | null = null;
  private streams = 0;
  private isStarted = false;
  /** The mesh, before there are endpoints. */
  private early: ThreadLink<LoadNews, LoadWord> | null = null;

  constructor(parts: LoadActorParts) {
    this.parts = parts;
    this.block = parts.stats.block(LOAD_REPORTER, "load_reporter.");
  }

  receive(message: LoadOrder): void {
    switch (message.type) {
      case "plan-assigned":
        this.plan = message;
        this.reader.assign(message.clusters, message.connectionClusters);
        if (message.merge !== null) this.merge ??= this.mergeHost(message.merge);
        return;
      case "serve-mesh": {
        const link = new ThreadLink<LoadNews, LoadWord>(message.port);
        if (this.isStarted) this.merge?.serve(link);
        else this.early = link;
        return;
      }
      case "endpoints-changed":
        this.parts.link.send({ type: "endpoints-applied", missed: this.reader.applyEndpoints(message.updates) });
        if (!this.isStarted) this.start();
        return;
      case "stats-told":
        this.reader.notice(message.writer, message.notices);
        return;
      case "stop":
        if (this.merge !== null) this.merge.stop();
        else if (this.client !== null) this.client.tell({ type: "stop" });
        else this.finish();
        return;
      case "misbehave":
        misbehave(message.how);
        return;
    }
  }

  /** There are endpoints to be found. */
  private start(): void {
    this.isStarted = true;
    if (this.merge === null) this.openClient();
    else if (this.early !== null) this.merge.serve(this.early);
    this.early = null;
  }

  private openClient(): void {
    const { clock, wheel } = this.parts.net;
    const client: Client = new ActorHost(loadReportClient, emptyLrsState(this.sequence), {
      clock,
      wheel,
      perform: (effect) => {
        if (this.client === client) this.perform(effect, client);
      },
    });
    this.client = client;
    client.tell({ type: "start" });
  }

  private closeClient(): void {
    const { client, stream } = this;
    this.client = null;
    this.stream = null;
    this.sequence = client?.state.sequence ?? this.sequence;
    client?.stop();
    stream?.close();
  }

  private mergeHost({ node }: LoadMerge): MergeHost {
    const { parts, reader } = this;
    return new MergeHost({
      clock: parts.net.clock,
      wheel: parts.net.wheel,
      self: { node, instance: parts.instance },
      counters: { follow: (clusters) => this.countFrom(clusters), take: (granularity) => reader.take(granularity) },
      lead: () => {
        this.log("info", "this node reports load for the mesh");
        this.openClient();
      },
      resign: () => {
        this.log("info", "this node reports load for the mesh no more");
        this.closeClient();
      },
      report: (taken) => this.client?.tell({ type: "taken", ...taken }),
      hurry: () => this.client?.tell({ type: "hurry" }),
      onMalformed: () => count(this.block, LOAD_REPORTER.at.letters_malformed),
      onStopped: (left) => {
        if (left > 0)
          this.log("warning", `load reports: ${left} batches of counts reached no reporter before this node ended`);
        this.finish();
      },
    });
  }

  private perform(effect: OwnEffect, client: Client): void {
    switch (effect.type) {
      case "open-stream":
        this.open(client);
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
        this.follow(effect.clusters, client);
        return;
      case "take":
        if (this.merge !== null) this.merge.tell({ type: "report-due" });
        else client.tell({ type: "taken", loads: this.reader.take(effect.granularity), shares: [], mayRepeat: false });
        return;
      case "settled":
        this.merge?.tell({ type: "report-settled" });
        return;
      case "returned":
        this.merge?.tell({ type: "report-returned" });
        return;
      case "count":
        count(this.block, LOAD_REPORTER.at[effect.stat]);
        return;
      case "log":
        this.log(effect.level, effect.text);
        return;
      case "finish":
        this.finish();
        return;
    }
  }

  private follow(clusters: FollowedClusters, client: Client): void {
    const { subscription } = client.state;
    if (this.merge === null || subscription === null) {
      this.countFrom(clusters);
      return;
    }
    const { ask, intervalMs } = subscription;
    this.merge.tell({ type: "subscribed", clusters, intervalMs, hasEndpoints: ask.byEndpoint });
  }

  private countFrom(clusters: FollowedClusters): void {
    this.reader.follow(clusters);
    const all = this.plan?.clusters.length ?? 0;
    this.block[LOAD_REPORTER.at.clusters_followed] = clusters === "all" ? all : clusters.length;
  }

  private open(host: Client): void {
    const { plan, parts } = this;
    const cluster = plan?.clusters.find(({ name }) => name === plan.load.cluster);
    if (plan === null || cluster === undefined) throw new Error("load reports: no plan, or none with their cluster");
    const flagsOf = (slot: number): number => Atomics.load(parts.health.flags, slot);
    const endpoint = chooseServer(this.reader.endpointsOf(cluster.name), flagsOf, this.streams++);
    if (endpoint === null) {
      host.tell({ type: "stream-ended", status: UNAVAILABLE, text: "no healthy upstream" });
      return;
    }
    const account = this.account(cluster.name, cluster.statName, addressText(endpoint.address));
    const stream = new ServerStream({
      net: parts.net,
      random: this.random,
      service: plan.load,
      method: METHOD,
      cluster,
      endpoint,
      account,
      owner: {
        onOpen: () => host.tell({ type: "stream-opened" }),
        onAnswered: (acknowledges) => host.tell({ type: "stream-answered", acknowledges }),
        onMessage: (bytes) => host.tell({ type: "asked", ask: askOf(bytes) }),
        onWritable: () => host.tell({ type: "writable" }),
        onEnd: (status, text) => {
          if (this.stream === stream) this.stream = null;
          host.tell({ type: "stream-ended", status, text });
        },
      },
    });
    this.stream = stream;
  }

  private send(report: Extract<LrsEffect, { type: "send" }>["report"]): void {
    const { plan, parts, stream } = this;
    if (plan === null || stream === null) return;
    const { merge, node: own, version } = plan;
    const node = merge === null ? own : { ...own, id: merge.mesh, region: "", zone: "", subZone: "" };
    // Numbers of a mesh's reports are others than those of this node's batches.
    const instance = merge === null ? parts.instance : `${parts.instance}-stream`;
    stream.send(writeReport({ node, version, instance }, report));
    if (stream.isBackedUp) this.client?.tell({ type: "backed-up" });
  }

  private account(cluster: string, statName: string, endpoint: string): StreamAccount {
    const key = `${cluster} ${endpoint}`;
    let account = this.accounts.get(key);
    if (account === undefined) {
      account = new StreamAccount(this.parts.stats, { cluster, statName, endpoint });
      this.accounts.set(key, account);
    }
    return account;
  }

  private log(level: LogLevel, text: string): void {
    this.parts.link.send({ type: "log-written", line: { level, component: "upstream", text } });
  }

  private finish(): void {
    const { parts } = this;
    this.closeClient();
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

type Client = ActorHost<LrsState, Exclude<LrsMessage, TimerFired>, OwnEffect>;
type OwnEffect = Exclude<LrsEffect, TimerEffect>;

const UNAVAILABLE = 14;

const METHOD = "/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats";
