// What a node's mesh actor tells of its mesh when somebody looks: /mesh and `starling top` show it. Plain data, ages up to that moment.
import type { EndpointStanding } from "./checking.ts";
import type { MeshRuntimeView } from "./mesh-runtime.ts";

/** What is asked for. */
export interface MeshViewAsk {
  /** Only this cluster's endpoints; empty: all. */
  readonly cluster: string;
  /** More endpoints are counted and left out. */
  readonly endpointsMax: number;
}

/** The mesh as one node sees it. */
export interface MeshView {
  readonly node: string;
  /** 128 bits in hex. */
  readonly instance: string;
  readonly epoch: number;
  readonly phase: "silent" | "joining" | "serving" | "leaving";
  readonly isReady: boolean;
  /** Why it is not as it should be; empty: it is. */
  readonly reason: string;
  /** Without the broker for too long: it checks everything itself. */
  readonly isAlone: boolean;
  readonly isBusUp: boolean;
  /** Since the bus came or went. */
  readonly busAgeMs: number;
  /** How many nodes check each endpoint. */
  readonly owners: number;
  /** Who reports the load of the mesh, as this node sees it; null: nobody. */
  readonly loadReporter: string | null;
  /** This node first, the others by name. */
  readonly members: readonly MemberView[];
  readonly groups: readonly GroupView[];
  /** Endpoints that were asked for and are not shown. */
  readonly endpointsLeftOut: number;
  /** The layer that all nodes share; null: this node's configuration has no place for it. */
  readonly runtime: MeshRuntimeView | null;
  /** What was published since its mesh actor began, the newest of it, oldest first. */
  readonly events: readonly HeardEvent[];
}

/** An event of the mesh. */
export interface HeardEvent {
  /** Grows by one with each. */
  readonly number: number;
  /** When it was heard. */
  readonly wallMs: number;
  /** `health`, `outlier`, `node`, `worker`, `config`, `runtime`; `event`: another one. */
  readonly about: string;
  readonly text: string;
}

/** One node. */
export interface MemberView {
  readonly node: string;
  readonly life: "self" | "live" | "suspect" | "gone" | "left";
  readonly phase: string;
  readonly roles: readonly string[];
  readonly zone: string;
  /** `192.0.2.1:9901`; empty: it has none. */
  readonly adminAddress: string;
  readonly instance: string;
  readonly epoch: number;
  /** Null: this node itself, or none was heard. */
  readonly beatAgeMs: number | null;
  /** Of the last step of its judge; null: none was told of. */
  readonly judgeAgeMs: number | null;
  /** What it claims counts. */
  readonly isCovering: boolean;
  readonly isResigned: boolean;
  /** Its newest change that is known. */
  readonly changeNumber: number;
  /** Of what it says of itself. */
  readonly digest: string;
  /** No change of it is missing. */
  readonly isComplete: boolean;
  readonly groups: number;
  readonly entries: number;
}

/** Endpoints that nodes divide among them. */
export interface GroupView {
  readonly group: string;
  readonly cluster: string;
  /** The one in force: without traffic another. */
  readonly intervalMs: number;
  readonly hasTraffic: boolean;
  /** Who may check it. */
  readonly candidates: readonly string[];
  readonly standings: Readonly<Record<EndpointStanding | "unknown", number>>;
  /** Those that are probed by this node's schedule. */
  readonly probedHere: number;
  readonly endpoints: readonly EndpointView[];
}

/** One endpoint. */
export interface EndpointView {
  readonly address: string;
  /** 64 bits in hex. */
  readonly target: string;
  /** What this node's data path acts on. */
  readonly standing: EndpointStanding | "unknown";
  /** What nodes conclude that do not probe it. */
  readonly meshStanding: EndpointStanding | "unknown";
  /** Who is to check it, by rank. */
  readonly owners: readonly string[];
  /** Who does. */
  readonly probers: readonly string[];
  /** What this node's last probe said; empty: all well, or it does not probe. */
  readonly reason: string;
  /** How many times its threshold of recovery is raised for flapping; 1: it is not. */
  readonly damping: number;
  readonly observations: readonly ObservationView[];
}

/** What one node says of one endpoint. */
export interface ObservationView {
  readonly node: string;
  readonly hold: string;
  readonly standing: EndpointStanding | "none";
  readonly cause: string;
  /** It is this node's own. */
  readonly isOwn: boolean;
  /** Of its last probe that this node knows of: peers tell of changes only. Null: it knows of none. */
  readonly ageMs: number | null;
  /** The verdict takes it into account. */
  readonly counts: boolean;
}
