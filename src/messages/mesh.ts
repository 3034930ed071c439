// What the mesh actor accepts and emits. With the judge of active checks it talks over a port of their own (checking.ts).
import type { MessagePort } from "node:worker_threads";
import type { MeshPlan, NodeRole } from "../config/plan/mesh.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import type { LogLine } from "./log.ts";

/** What this node is to others. */
export interface Membership {
  readonly mesh: MeshPlan;
  readonly roles: readonly NodeRole[];
  /** Of its locality; empty: none is said. */
  readonly zone: string;
  /** `192.0.2.1:9901`, where peers find its admin pages; empty: none. */
  readonly adminAddress: string;
}

/** To the mesh actor. */
export type MeshOrder =
  /** Once, first. */
  | { readonly type: "join-mesh"; readonly membership: Membership }
  /** The judge is at the other end of this port; it replaces one that died. */
  | { readonly type: "serve-judge"; readonly port: MessagePort }
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
  | { readonly type: "stats-announced"; readonly notices: readonly StatsNotice[] }
  | { readonly type: "log-written"; readonly line: LogLine }
  | { readonly type: "stopped" };
