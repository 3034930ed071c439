// Owns the mesh thread for the supervisor: starts it when the node is in a mesh, and gives it and the health thread the two ends of a way
// of their own; when one of them dies the way closes, and the judge checks everything by itself. Nothing that serves waits for the mesh but
// the first opening of listeners, and that for a second.
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { Timer } from "../base/timer-wheel.ts";
import type { AnnouncedCluster } from "../config/plan/announcement.ts";
import type { Plan } from "../config/plan/plan.ts";
import { runtimeKnowledge } from "../config/plan/runtime-keys.ts";
import type { Membership, MeshOrder, MeshOutput, NodeNews } from "../messages/mesh.ts";
import type { MeshView, MeshViewAsk } from "../messages/mesh-view.ts";
import type { ActorThread } from "./actor-thread.ts";
import { backgroundThread, type CommonOutput, type OwnerParts } from "./background-thread.ts";
import { type ClusterFigureSource, FigureWatch } from "./cluster-figures.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";
import type { LeaseBook } from "./lease-book.ts";
import { MeshViews } from "./mesh-views.ts";

/** What it stands on. */
export interface MeshOwnerParts extends OwnerParts {
  /** Gets the endpoints that are announced. */
  readonly endpoints: Pick<EndpointRollOut, "resolved" | "moved">;
  readonly leases: LeaseBook;
  /** Counts what the mesh asks for. */
  readonly figures: ClusterFigureSource;
  /** The layer of the runtime that the mesh shares has these values. */
  onRuntime(values: Readonly<Record<string, string>>): void;
  /** The process before this one may have its name until it ends. */
  readonly takeover: boolean;
  /** The judge of the health thread follows what is ordered over this port until it closes. */
  serveMesh(port: MessagePort): void;
  /** The load reports give their counts away over this port until it closes. */
  serveLoad(port: MessagePort): void;
  /** Its entry in workers/; tests have another. Default `mesh`. */
  readonly thread?: string;
  /** The node has joined, or goes on alone; once. At once when there is no mesh. */
  onSettled(): void;
  /** The node may not join under the name it was given, and is not serving yet. */
  onRefused(reason: string): void;
}

/** The mesh thread, seen from the main thread. */
export class MeshOwner {
  private readonly parts: MeshOwnerParts;
  private readonly thread: ActorThread<MeshOrder, MeshOutput>;
  private readonly views: MeshViews;
  private readonly watch: FigureWatch;
  /** Orders that wait for the thread. */
  private readonly news: MeshOrder[] = [];
  private readonly deadline: Timer = new Timer(() => this.settle());
  /** A name that was taken is tried again by a new thread. */
  private readonly retry: Timer = new Timer(() => this.thread.send({ type: "stop" }));
  private isNameTaken = false;
  private joining: Membership | null = null;
  private hasOpened = false;
  /** Its name was chosen by an operator, who can choose another. */
  private isNamed = false;
  private isAlive = false;
  private isJudgeAlive = false;
  private isLoadAlive = false;
  private isSettled = false;

  constructor(parts: MeshOwnerParts) {
    this.parts = parts;
    this.thread = backgroundThread<MeshOrder, Own>(parts, {
      name: NAME,
      entry: parts.thread ?? NAME,
      title: "",
      onOpened: () => this.opened(),
      onStarted: () => {
        if (!this.isSettled) parts.wheel.arm(this.deadline, JOIN_MS_MAX);
      },
      receive: (message) => this.receive(message),
      onDied: (error, delayMs) => this.died(error, delayMs),
    });
    this.watch = new FigureWatch(parts.wheel, parts.figures, (order) => this.thread.send(order));
    this.views = new MeshViews(parts.wheel, (order) => this.thread.send(order));
  }

  /** Whether the plan has one. */
  get isMember(): boolean {
    return this.joining !== null;
  }

  /** Joins the plan's mesh, if it has one. `adminAddress`: empty: no admin pages. */
  start(plan: Plan, adminAddress: string): void {
    const { mesh, roles, node, load } = plan;
    if (mesh === null) {
      this.settle();
      return;
    }
    const clusters = announcedClusters(plan);
    const reportsLoad = load !== null && mesh.load === "merged" && roles.includes("load");
    const runtime = { hasLayer: mesh.hasRuntimeLayer, knowledge: runtimeKnowledge(plan), records: [] };
    this.joining = { mesh, roles, reportsLoad, zone: node.zone, adminAddress, clusters, runtime, isSuccessor: false };
    this.isNamed = mesh.isNodeNamed;
    this.parts.readiness.awaits(NAME, `joining the mesh '${mesh.name}'`);
    this.parts.wheel.arm(this.deadline, START_MS_MAX);
    this.thread.start();
  }

  /** Another plan of the same mesh: what is announced, and what is balanced over. */
  assign(plan: Plan): void {
    if (this.joining === null || plan.mesh === null) return;
    const clusters = announcedClusters(plan);
    const { announce } = plan.mesh;
    const knowledge = runtimeKnowledge(plan);
    const runtime = { ...this.joining.runtime, knowledge };
    this.joining = { ...this.joining, clusters, runtime, mesh: { ...this.joining.mesh, announce } };
    this.thread.send({ type: "assign-announcements", clusters, announce });
    this.thread.send({ type: "assign-runtime", knowledge });
  }

  /** A health thread has started: before anything else it hears whether it follows a mesh. */
  judgeOpened(): void {
    this.isJudgeAlive = true;
    this.connect();
  }

  /** The health thread died. */
  judgeDied(): void {
    this.isJudgeAlive = false;
  }

  /** A thread of load reports has started that merges them with those of the mesh; it died. */
  loadOpened(): void {
    this.isLoadAlive = true;
    this.connectLoad();
  }

  loadDied(): void {
    this.isLoadAlive = false;
  }

  /** Something happened to this node: the mesh's events tell of it, when the thread lives again at the latest. */
  tell(news: NodeNews): void {
    if (this.joining === null) return;
    const order = { type: "tell-news", news, wallMs: this.parts.clock.wallMs() } as const;
    if (this.isAlive) this.thread.send(order);
    else if (this.news.length < NEWS_MAX) this.news.push(order);
  }

  /** The mesh as its thread sees it now; null: it does not answer. */
  view(what: MeshViewAsk): Promise<MeshView | null> {
    return this.isAlive ? this.views.ask(what) : Promise.resolve(null);
  }

  /** Leaves the mesh and ends the thread, within `deadlineMs`. The judge should live that long. */
  stop(deadlineMs: number): Promise<void> {
    this.parts.wheel.remove(this.deadline);
    this.parts.wheel.remove(this.retry);
    this.watch.follow([]);
    return this.thread.stop({ order: { type: "stop" }, deadlineMs });
  }

  /** Makes it die: for crash tests. */
  misbehave(how: "throw" | "exit"): void {
    this.thread.send({ type: "misbehave", how });
  }

  private died(error: Error, delayMs: number): void {
    this.isAlive = false;
    this.watch.follow([]);
    this.views.dropAll();
    this.parts.leases.hold();
    this.parts.wheel.remove(this.retry);
    if (!this.isNameTaken) this.crashed(error, delayMs);
  }

  private crashed(error: Error, delayMs: number): void {
    this.tell({ type: "worker-changed", worker: NAME, change: "crashed", reason: error.message });
    const says = `the mesh thread died: ${error.message}; this node checks for itself`;
    this.parts.log.error("main", `${says}, and joins again in ${delayMs} ms`);
    this.parts.readiness.remarks(NAME, says);
    this.settle();
  }

  private opened(): void {
    this.isAlive = true;
    if (this.joining !== null) {
      this.thread.send({ type: "join-mesh", membership: { ...this.joining, isSuccessor: this.hasOpened } });
      for (const order of this.news.splice(0)) this.thread.send(order);
      if (this.hasOpened) this.tell({ type: "worker-changed", worker: NAME, change: "restarted", reason: "" });
      this.hasOpened = true;
    }
    this.connect();
    this.connectLoad();
  }

  /** As with the judge. */
  private connectLoad(): void {
    if (!this.isAlive || !this.isLoadAlive) return;
    const { port1, port2 } = new MessageChannel();
    this.thread.send({ type: "serve-load", port: port1 }, [port1]);
    this.parts.serveLoad(port2);
  }

  /** Both live: each gets an end of a new way. */
  private connect(): void {
    if (!this.isAlive || !this.isJudgeAlive) return;
    const { port1, port2 } = new MessageChannel();
    this.thread.send({ type: "serve-judge", port: port1 }, [port1]);
    this.parts.serveMesh(port2);
  }

  private receive(message: Own): void {
    const { endpoints, readiness } = this.parts;
    switch (message.type) {
      case "readiness-changed":
        if (message.isReady) this.isNameTaken = false;
        if (!this.isNameTaken) readiness.remarks(NAME, message.isReady ? message.reason : "");
        if (message.isReady) this.settle();
        else if (!this.isSettled) readiness.awaits(NAME, message.reason);
        return;
      case "name-refused":
        this.refused(message.reason);
        return;
      case "endpoints-found":
        if (!this.takes(message.cluster)) return;
        endpoints.resolved(message.cluster, message.endpoints);
        return;
      case "endpoints-moved":
        if (!this.takes(message.cluster)) return;
        endpoints.moved(message.cluster, message.removed, message.added);
        return;
      case "leases-told":
        this.parts.leases.told(message.leases, message.isHeld);
        return;
      case "runtime-changed":
        // A thread that follows this one begins with what is known.
        if (this.joining !== null) {
          this.joining = { ...this.joining, runtime: { ...this.joining.runtime, records: message.records } };
        }
        this.parts.onRuntime(message.values);
        return;
      case "watch-clusters":
        this.watch.follow(message.clusters);
        return;
      case "mesh-viewed":
        this.views.settle(message.ask, message.view);
        return;
    }
  }

  /** What was under way when a plan gave the cluster another kind of endpoints is nobody's. */
  private takes(cluster: string): boolean {
    return this.joining?.clusters.some((one) => one.cluster === cluster) === true;
  }

  private refused(reason: string): void {
    const { log, onRefused, readiness, takeover, wheel } = this.parts;
    if (!this.isSettled && this.isNamed && !takeover) {
      onRefused(reason);
      return;
    }
    // It serves, the other one is about to end, or two made-up names are equal: that goes before its place in the mesh.
    if (!this.isNameTaken) log.warning("main", `${reason}; until the name is free this node checks for itself`);
    this.isNameTaken = true;
    readiness.remarks(NAME, reason);
    wheel.arm(this.retry, RETRY_MS);
    this.settle();
  }

  private settle(): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.parts.wheel.remove(this.deadline);
    this.parts.readiness.arrived(NAME);
    this.parts.onSettled();
  }
}

function announcedClusters({ clusters }: Plan): AnnouncedCluster[] {
  return clusters.flatMap(({ name, discovery }) =>
    discovery.kind === "mesh" ? [{ cluster: name, service: discovery.service }] : [],
  );
}

type Own = Exclude<MeshOutput, CommonOutput>;

const NAME = "mesh";
const NEWS_MAX = 32;
/** After which a name that was taken is tried again, beside the thread's back-off. */
const RETRY_MS = 2_000;
/** A thread that has not begun by then is not waited for. */
const START_MS_MAX = 5_000;
/** Listeners wait no longer for the answers of peers. */
const JOIN_MS_MAX = 1_000;
