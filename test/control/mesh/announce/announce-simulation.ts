// Announcements without threads, bus or real time: nodes under one virtual clock that hear each other's beats and announcements as the
// test lets them.
import { ActorHost } from "../../../../src/actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../../../src/actor/behaviour.ts";
import { addressText } from "../../../../src/config/plan/address.ts";
import type { AnnouncedCluster, AnnouncedEndpoint } from "../../../../src/config/plan/announcement.ts";
import type { EndpointPlan } from "../../../../src/config/plan/cluster.ts";
import { announcing } from "../../../../src/control/mesh/announce/announce-behaviour.ts";
import type {
  AnnounceCounter,
  AnnounceEffect,
  AnnounceMessage,
} from "../../../../src/control/mesh/announce/announce-effects.ts";
import { type AnnounceState, emptyAnnounceState } from "../../../../src/control/mesh/announce/announce-state.ts";
import {
  type Announcement,
  decodeAnnouncement,
  encodeAnnouncement,
} from "../../../../src/control/mesh/wire/announcement.ts";
import type { LeaseFacts } from "../../../../src/messages/mesh.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

/** The mesh: whoever is in it hears what the others publish, at once. */
export class AnnounceSimulation {
  readonly clock: VirtualClock = new VirtualClock();
  readonly nodes: SimulatedNode[] = [];
  /** Whether a message reaches a node; default always. */
  reaches: (from: SimulatedNode, to: SimulatedNode) => boolean = () => true;

  /** A node that is connected and has joined, and beats once a second from now on. */
  join(name: string, shape: NodeShape = {}): SimulatedNode {
    const node = this.start(name, shape);
    node.tell({ type: "bus-connected" });
    for (const other of this.living()) if (other !== node) other.tell({ type: "peer-arrived" });
    node.tell({ type: "mesh-joined" });
    return node;
  }

  /** A node that has heard nothing yet. */
  start(name: string, shape: NodeShape = {}): SimulatedNode {
    const instance = this.nodes.length.toString(16).padStart(32, "0");
    const node = new SimulatedNode(this, { node: name, instance }, shape);
    this.nodes.push(node);
    return node;
  }

  /** Lets time pass: living nodes beat once a second. */
  passMs(ms: number): void {
    for (let leftMs = ms; leftMs > 0; leftMs -= BEAT_STEP_MS) {
      this.clock.advanceMs(Math.min(BEAT_STEP_MS, leftMs));
      if (this.clock.nowMs() % 1_000 !== 0) continue;
      for (const node of this.living()) this.deliver(node, { type: "beat-heard", member: node.id });
    }
  }

  /** Gives a node's words to all others that they reach. */
  deliver(from: SimulatedNode, message: Exclude<AnnounceMessage, TimerFired>): void {
    for (const node of this.living()) if (node !== from && this.reaches(from, node)) node.tell(message);
  }

  private living(): SimulatedNode[] {
    return this.nodes.filter(({ isAlive }) => isAlive);
  }
}

/** What a node takes and announces. */
export interface NodeShape {
  readonly clusters?: readonly AnnouncedCluster[];
  readonly announce?: Readonly<Record<string, readonly AnnouncedEndpoint[]>>;
  readonly isSuccessor?: boolean;
  /** Default true. */
  readonly takesLoopback?: boolean;
}

/** One node. */
export class SimulatedNode {
  readonly id: { readonly node: string; readonly instance: string };
  isAlive = true;
  /** Announcements that it published. */
  readonly published: Announcement[] = [];
  /** What each word about a cluster was. */
  readonly told: ("found" | "moved")[] = [];
  leases: readonly LeaseFacts[] = [];
  isHeld = false;
  readonly logs: string[] = [];
  private readonly simulation: AnnounceSimulation;
  private readonly counted = new Map<AnnounceCounter, number>();
  private readonly sets = new Map<string, Map<string, EndpointPlan>>();
  private readonly host: ActorHost<AnnounceState, Exclude<AnnounceMessage, TimerFired>, OwnEffect>;

  constructor(simulation: AnnounceSimulation, id: SimulatedNode["id"], shape: NodeShape) {
    const { clock } = simulation;
    this.simulation = simulation;
    this.id = id;
    this.host = new ActorHost(
      announcing,
      emptyAnnounceState({
        self: id,
        wallMs: () => clock.wallMs(),
        takesLoopback: shape.takesLoopback ?? true,
        isSuccessor: shape.isSuccessor ?? false,
      }),
      { clock, wheel: clock.wheel, perform: (effect) => this.perform(effect) },
    );
    this.assign(shape);
  }

  assign(shape: NodeShape): void {
    const announce = Object.entries(shape.announce ?? {}).map(([service, endpoints]) => ({ service, endpoints }));
    this.tell({ type: "plan-assigned", clusters: shape.clusters ?? [], announce });
  }

  tell(message: Exclude<AnnounceMessage, TimerFired>): void {
    this.host.tell(message);
  }

  /** Its process ends without a word. */
  die(): void {
    this.isAlive = false;
    this.host.stop();
  }

  /** It leaves as it should. */
  leave(): void {
    this.tell({ type: "leave" });
    this.simulation.deliver(this, { type: "member-left", member: this.id });
    this.die();
  }

  /** Addresses of a cluster's endpoints, sorted; null: nothing was ever said of it. */
  hosts(cluster: string): string[] | null {
    const set = this.sets.get(cluster);
    return set === undefined ? null : [...set.keys()].sort();
  }

  endpoint(cluster: string, address: string): EndpointPlan | undefined {
    return this.sets.get(cluster)?.get(address);
  }

  counters(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counted);
  }

  /** Endpoints that it holds, as it counts them for its limit. */
  get held(): number {
    return this.host.state.held;
  }

  private perform(effect: OwnEffect): void {
    switch (effect.type) {
      case "publish-announcement": {
        this.published.push(effect.announcement);
        const announcement = decodeAnnouncement(encodeAnnouncement(effect.announcement));
        if (announcement === null) throw new Error("an announcement of ours is none");
        this.simulation.deliver(this, { type: "announcement-heard", announcement });
        return;
      }
      case "endpoints-found":
        this.told.push("found");
        this.sets.set(effect.cluster, new Map(effect.endpoints.map((plan) => [addressText(plan.address), plan])));
        return;
      case "endpoints-moved": {
        this.told.push("moved");
        const set = this.sets.get(effect.cluster);
        if (set === undefined) throw new Error("moved before it was found");
        for (const plan of effect.removed) {
          const address = addressText(plan.address);
          if (set.get(address) !== plan) throw new Error(`${address} went otherwise than it came`);
          set.delete(address);
        }
        for (const plan of effect.added) {
          const address = addressText(plan.address);
          if (set.has(address)) throw new Error(`${address} came twice`);
          set.set(address, plan);
        }
        return;
      }
      case "tell-leases":
        this.leases = effect.leases;
        this.isHeld = effect.isHeld;
        return;
      case "count":
        this.counted.set(effect.counter, (this.counted.get(effect.counter) ?? 0) + 1);
        return;
      case "log":
        this.logs.push(effect.line.text);
        return;
    }
  }
}

/** An endpoint on this port of loopback. */
export function announced(port: number, more: Partial<AnnouncedEndpoint> = {}): AnnouncedEndpoint {
  const locality = { region: "", zone: "", subZone: "" };
  return { host: "127.0.0.1", port, weight: 1, locality, metadata: {}, ...more };
}

/** A word of a process that is not simulated, as a node hears it. */
export function word(more: Partial<Announcement> = {}): {
  readonly type: "announcement-heard";
  readonly announcement: Announcement;
} {
  const plain = { node: "stranger", instance: "f".repeat(32), sequence: 1, service: "shop.orders" };
  return { type: "announcement-heard", announcement: { ...plain, endpoints: [announced(9090)], ...more } };
}

type OwnEffect = Exclude<AnnounceEffect, TimerEffect>;

const BEAT_STEP_MS = 50;
