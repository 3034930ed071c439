// What the mesh actor accepts and emits. With the judge of active checks it talks over a port of their own (checking.ts).
import type { MessagePort } from "node:worker_threads";
import type { AnnouncedCluster, AnnouncementPlan } from "../config/plan/announcement.ts";
import type { EndpointPlan } from "../config/plan/cluster.ts";
import type { MeshPlan, NodeRole } from "../config/plan/mesh.ts";
import type { RuntimeKnowledge } from "../config/plan/runtime-keys.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import type { LogLine } from "./log.ts";
import type { ClusterFigures, RuntimeRecord } from "./mesh-runtime.ts";
import type { MeshView, MeshViewAsk } from "./mesh-view.ts";

/** What this node is to others. */
export interface Membership {
  readonly mesh: MeshPlan;
  readonly roles: readonly NodeRole[];
  /** It can report the load of the mesh: it has the role, and a server to report to. */
  readonly reportsLoad: boolean;
  /** Of its locality; empty: none is said. */
  readonly zone: string;
  /** `192.0.2.1:9901`, where peers find its admin pages; empty: none. */
  readonly adminAddress: string;
  /** Clusters whose endpoints others announce. */
  readonly clusters: readonly AnnouncedCluster[];
  readonly runtime: RuntimeMembership;
  /** The actor's thread died before: what it told of endpoints stands until its successor knows better. */
  readonly isSuccessor: boolean;
}

/** This node and the runtime layer that a mesh shares. */
export interface RuntimeMembership {
  /** Its configuration has a place for it. */
  readonly hasLayer: boolean;
  readonly knowledge: RuntimeKnowledge;
  /** What the thread before this one held. */
  readonly records: readonly RuntimeRecord[];
}

/** How long an announcer's endpoints stay without another word from it. */
export interface LeaseFacts {
  readonly node: string;
  readonly remainingMs: number;
}

/** What happened to this node. */
export type NodeNews =
  /** One of its threads crashed or runs again: `listener-0`, `health-check`. */
  | {
      readonly type: "worker-changed";
      readonly worker: string;
      readonly change: "crashed" | "restarted";
      readonly reason: string;
    }
  /** It took a plan, or refused one because of these errors. */
  | {
      readonly type: "config-changed";
      readonly change: "applied" | "refused";
      readonly version: string;
      readonly errors: readonly string[];
    }
  /** It reports the load of the mesh from now on. `before`: who did; empty: nobody that it knows of. */
  | { readonly type: "reporter-changed"; readonly before: string };

/** To the mesh actor. */
export type MeshOrder =
  /** Once, first. */
  | { readonly type: "join-mesh"; readonly membership: Membership }
  /** Another plan: whose endpoints it wants to know, and what it announces, from now on. */
  | {
      readonly type: "assign-announcements";
      readonly clusters: readonly AnnouncedCluster[];
      readonly announce: readonly AnnouncementPlan[];
    }
  /** Another plan: what it says of runtime keys. */
  | { readonly type: "assign-runtime"; readonly knowledge: RuntimeKnowledge }
  /** What this node has counted so far of a cluster that it was asked to watch. */
  | { readonly type: "tell-figures"; readonly cluster: string; readonly figures: ClusterFigures }
  /** The judge is at the other end of this port; it replaces one that died. */
  | { readonly type: "serve-judge"; readonly port: MessagePort }
  /** Load reports are at the other end of this port; they replace those that died. */
  | { readonly type: "serve-load"; readonly port: MessagePort }
  /** Something happened to this node itself: an event for the world. */
  | { readonly type: "tell-news"; readonly news: NodeNews; readonly wallMs: number }
  /** Answered by `mesh-viewed` with this `ask`, once it has joined. */
  | { readonly type: "view-mesh"; readonly ask: number; readonly what: MeshViewAsk }
  /** Hand over, say so, and end: answered by `stopped`, after some seconds when peers are there. */
  | { readonly type: "stop" }
  /** For crash tests. */
  | { readonly type: "misbehave"; readonly how: "throw" | "exit" };

/** From the mesh actor. */
export type MeshOutput =
  | { readonly type: "started" }
  /** Whether listeners may open, as far as the mesh goes, and why not; or what is wrong although they may. */
  | { readonly type: "readiness-changed"; readonly isReady: boolean; readonly reason: string }
  /** Another living node has this node's name: it is in no mesh, and says what to do. */
  | { readonly type: "name-refused"; readonly reason: string }
  /** The whole endpoint set of a cluster. */
  | { readonly type: "endpoints-found"; readonly cluster: string; readonly endpoints: readonly EndpointPlan[] }
  /** After the first word: what went, told as it was when it came, and what came. */
  | {
      readonly type: "endpoints-moved";
      readonly cluster: string;
      readonly removed: readonly EndpointPlan[];
      readonly added: readonly EndpointPlan[];
    }
  /** Once a second while somebody announces. `isHeld`: the bus is lost, and no lease ends until it is back. */
  | { readonly type: "leases-told"; readonly leases: readonly LeaseFacts[]; readonly isHeld: boolean }
  /** The mesh's layer of the runtime is this from now on, and comes from these records. */
  | {
      readonly type: "runtime-changed";
      readonly values: Readonly<Record<string, string>>;
      readonly records: readonly RuntimeRecord[];
    }
  /** Answer by `tell-figures` for each of these clusters, twice a second, until there are others. */
  | { readonly type: "watch-clusters"; readonly clusters: readonly string[] }
  | { readonly type: "mesh-viewed"; readonly ask: number; readonly view: MeshView }
  | { readonly type: "stats-announced"; readonly notices: readonly StatsNotice[] }
  | { readonly type: "log-written"; readonly line: LogLine }
  | { readonly type: "stopped" };
