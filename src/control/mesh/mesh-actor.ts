// Runs one node's part in the mesh on its thread: performs the effects of meshState with a bus, a port to the judge of active checks, a
// statistics writer and the link to the supervisor. When its thread ends, the judge's port closes and the judge checks for itself.
import { ActorHost } from "../../actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../actor/behaviour.ts";
import { misbehave } from "../../actor/misbehave.ts";
import { type Link, ThreadLink } from "../../actor/thread-link.ts";
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";
import type { MeshPlan } from "../../config/plan/mesh.ts";
import type { CheckReport } from "../../messages/checking.ts";
import type { LogLevel } from "../../messages/log.ts";
import type { Membership, MeshOrder, MeshOutput } from "../../messages/mesh.ts";
import type { MeshView, MeshViewAsk } from "../../messages/mesh-view.ts";
import type { MeshStat } from "../../telemetry/mesh-stats.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import type { AnnounceHost } from "./announce/announce-host.ts";
import type { Bus, BusEvent } from "./bus/bus.ts";
import { busWords } from "./bus-words.ts";
import { EventHistory } from "./events/event-history.ts";
import { OwnNews } from "./events/own-news.ts";
import { printable, type ReadEvent } from "./events/read-event.ts";
import { JudgeLine } from "./judge-line.ts";
import { LoadLine } from "./load-line.ts";
import { announceHost, runtimePart } from "./mesh-parts.ts";
import { MeshPost } from "./mesh-post.ts";
import { MeshTotals } from "./mesh-totals.ts";
import type { RuntimePart } from "./runtime/runtime-part.ts";
import { loadReporter } from "./state/load-reporter.ts";
import { meshState } from "./state/mesh-behaviour.ts";
import type { MeshEffect, MeshInput } from "./state/mesh-effects.ts";
import { ALL_RULES, emptyMeshState, type MeshState } from "./state/mesh-state.ts";
import { meshSubjects } from "./subjects.ts";
import { meshView } from "./view/mesh-view.ts";
import type { SyncPage } from "./wire/messages.ts";

/** What the actor stands on. */
export interface MeshActorParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly stats: StatsWriter;
  readonly link: Link<MeshOrder, MeshOutput>;
  /** 128 random bits in hex: no other process, nor this thread's predecessor, has them. */
  readonly instance: string;
  openBus(mesh: MeshPlan, onEvent: (event: BusEvent) => void): Bus;
  /** Called after the actor has ended. */
  onStopped(): void;
}

/** Starts the actor; it lives until it is told to stop. */
export function runMeshActor(parts: MeshActorParts): void {
  let actor: MeshActor | null = null;
  parts.link.receive((message) => {
    switch (message.type) {
      case "join-mesh":
        actor = new MeshActor(parts, message.membership);
        return;
      case "assign-announcements":
        actor?.announce.assign(message.clusters, message.announce);
        return;
      case "assign-runtime":
        actor?.runtime.know(message.knowledge);
        return;
      case "tell-figures":
        actor?.runtime.figuresTold(message.cluster, message.figures);
        return;
      case "serve-judge":
        actor?.judge.serve(new ThreadLink(message.port));
        return;
      case "serve-load":
        actor?.load.serve(new ThreadLink(message.port));
        return;
      case "tell-news":
        actor?.news.tell(message.news, message.wallMs);
        return;
      case "view-mesh":
        if (actor !== null) parts.link.send({ type: "mesh-viewed", ask: message.ask, view: actor.view(message.what) });
        return;
      case "stop":
        if (actor === null) end(parts);
        else actor.stop();
        return;
      case "misbehave":
        misbehave(message.how);
        return;
    }
  });
  parts.link.send({ type: "started" });
}

/** One node's part. */
export class MeshActor {
  /** Of this node itself. */
  readonly news: OwnNews;
  /** What it announces, and whose endpoints it wants to know. */
  readonly announce: AnnounceHost;
  /** To this node's load reports, and to the judge of its active checks. */
  readonly load: LoadLine;
  readonly judge: JudgeLine;
  /** The layer of the runtime that the mesh shares. */
  readonly runtime: RuntimePart;
  private readonly parts: MeshActorParts;
  private readonly host: ActorHost<MeshState, Exclude<MeshInput, TimerFired>, OwnEffect>;
  private readonly bus: Bus;
  private readonly post: MeshPost;
  private readonly totals: MeshTotals;
  private readonly history: EventHistory;
  /** Requests of peers that await their answer: no longer than a step. */
  private readonly replies = new Map<number, (page: SyncPage) => void>();
  private asks = 0;
  private ejections = 0;
  private readonly second: Timer = new Timer(() => this.onSecond());

  /** Joins. */
  constructor(parts: MeshActorParts, membership: Membership) {
    const { mesh, roles, reportsLoad, zone, adminAddress } = membership;
    const { clock, wheel, instance, stats } = parts;
    const { flapDamping, name, node, owners } = mesh;
    this.parts = parts;
    this.history = new EventHistory(clock);
    this.totals = new MeshTotals(stats);
    const rules = { owners, flapDamping, rules: ALL_RULES };
    const state = emptyMeshState({ node, instance, roles, reportsLoad, zone, adminAddress, ...rules }, parts.random);
    this.host = new ActorHost(meshState, state, { clock, wheel, perform: (effect) => this.perform(effect) });
    this.judge = new JudgeLine((reports) => this.takeReports(reports));
    this.bus = parts.openBus(mesh, (event) => this.onBusEvent(event));
    this.post = new MeshPost(this.bus, { mesh: name, node }, this.reader());
    this.post.open();
    this.load = new LoadLine({
      bus: this.bus,
      node,
      subjectOf: meshSubjects(name).load,
      onLead: (before) => this.news.tell({ type: "reporter-changed", before }, clock.wallMs()),
      onStepDown: () => {
        this.host.tell({ type: "step-down" });
        this.nameReporter();
      },
    });
    this.news = new OwnNews(instance, (event, wallMs) => this.post.tell(event, wallMs));
    const ground = { ...parts, bus: this.bus, totals: this.totals, post: this.post };
    this.runtime = runtimePart(ground, membership);
    this.announce = announceHost(ground, membership);
    this.announce.assign(membership.clusters, mesh.announce);
    this.host.tell({ type: "started" });
    this.onSecond();
  }

  /** The mesh as this node sees it now. */
  view(what: MeshViewAsk): MeshView {
    return meshView(this.host.state, this.parts.clock.nowMs(), what, this.runtime.view(), this.history.recent());
  }

  /** Hands over, and ends. */
  stop(): void {
    this.announce.leave();
    this.host.tell({ type: "stop" });
  }

  private takeReports(reports: readonly CheckReport[]): void {
    for (const report of reports) if (report.type === "ejection-changed") this.tellEjection(report);
    this.host.tell({ type: "reported", reports });
  }

  private tellEjection({ cluster, address, isEjected, kind, ejections }: EjectionChanged): void {
    const id = `${this.parts.instance}.${++this.ejections}`;
    const what = { cluster, endpoint: address, change: isEjected ? "ejected" : "returned", reason: kind } as const;
    this.post.tell({ type: "outlier-changed", id, ...what, ejections }, this.parts.clock.wallMs());
  }

  private nameReporter(): void {
    this.load.name(loadReporter(this.host.state, this.load.named));
  }

  private reader() {
    const { host, replies } = this;
    return {
      hear: (message: Heard) => {
        this.announce.heard(message);
        // Whoever only announces is no node that others reckon with.
        if (message.type !== "beat" || message.roles.length > 0) host.tell({ type: "heard", message });
        if (message.node === this.load.named) this.nameReporter();
      },
      asked: (message: Asked, reply: (page: SyncPage) => void) => {
        const ask = ++this.asks;
        replies.set(ask, reply);
        host.tell({ type: "asked", ask, message });
        replies.delete(ask);
      },
      eventSeen: (event: ReadEvent) => this.seeEvent(event),
      count: (stat: MeshStat) => this.totals.add(stat, 1),
    };
  }

  /** Two nodes may publish the same: it is logged once, and only what happened to nodes; verdicts are in the judge's log. */
  private seeEvent(event: ReadEvent): void {
    const { id, type, data } = event;
    const change = NODE_EVENT.exec(type)?.[1];
    this.history.take(event);
    if (change !== undefined && !this.host.state.seen.has(id)) {
      this.log("info", `the mesh's node ${printable(String(data["node"]))}: ${change}`);
    }
    this.host.tell({ type: "event-seen", id });
  }

  private perform(effect: OwnEffect): void {
    const { post, parts } = this;
    switch (effect.type) {
      case "order-checks":
        this.judge.order(effect.orders);
        return;
      case "publish":
        post.publish(effect.message);
        if (effect.message.type === "beat" && effect.message.phase === "serving") this.announce.joined();
        return;
      case "request":
        post.request(effect.to, effect.message, effect.timeoutMs, (message) =>
          this.host.tell({ type: "answered", ask: effect.ask, message }),
        );
        return;
      case "answer":
        this.replies.get(effect.ask)?.(effect.message);
        return;
      case "publish-health": {
        const { group: _group, target: _target, address: endpoint, ...changed } = effect.event;
        post.tell({ type: "health-changed", endpoint, ...changed }, parts.clock.wallMs());
        return;
      }
      case "publish-node": {
        const { id, node, what } = effect.event;
        post.tell({ type: "node-changed", id, node, change: what }, parts.clock.wallMs());
        return;
      }
      case "count":
        this.totals.add(effect.counter, effect.by);
        return;
      case "report-ready":
        this.runtime.tellReady(effect.isReady && this.host.state.members.size > 0, () =>
          parts.link.send({ ...effect, type: "readiness-changed" }),
        );
        return;
      case "refuse-name":
        this.announce.leave();
        parts.link.send({ type: "name-refused", reason: effect.reason });
        return;
      case "stopped":
        // What is left of load goes over the bus, and the load reports end when it has.
        this.load.onceGone(() => void this.end());
        return;
    }
  }

  private onBusEvent(event: BusEvent): void {
    this.log(...busWords(event));
    if (event.type !== "connected" && event.type !== "disconnected") return;
    const isUp = event.type === "connected";
    this.host.tell({ type: "bus-changed", isUp });
    this.news.busChanged(isUp);
    this.announce.busChanged(isUp);
    this.runtime.busChanged(isUp);
  }

  private async end(): Promise<void> {
    const { announce, host, bus, judge, load, parts } = this;
    host.stop();
    announce.stop();
    this.runtime.stop();
    parts.wheel.remove(this.second);
    load.close();
    await bus.close();
    // Last, since a judge without a mesh checks everything: this node is about to end.
    judge.close();
    end(parts);
  }

  private onSecond(): void {
    this.judge.sayAlive();
    this.nameReporter();
    this.totals.show(this.bus, this.host.state);
    this.runtime.show();
    this.parts.wheel.arm(this.second, 1_000);
  }

  private log(level: LogLevel, text: string): void {
    this.parts.link.send({ type: "log-written", line: { level, component: "main", text } });
  }
}

function end({ link, onStopped }: MeshActorParts): void {
  link.send({ type: "stopped" });
  link.close();
  onStopped();
}

type OwnEffect = Exclude<MeshEffect, TimerEffect>;
type EjectionChanged = Extract<CheckReport, { readonly type: "ejection-changed" }>;
type Heard = Extract<MeshInput, { readonly type: "heard" }>["message"];
type Asked = Extract<MeshInput, { readonly type: "asked" }>["message"];

const NODE_EVENT = /^dev\.starling\.node\.([a-z]+)\.v1$/;
