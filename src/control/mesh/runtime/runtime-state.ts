// What one node knows of the mesh's runtime. Changed by runtime-behaviour.ts and its parts only.
import type { RuntimeKnowledge } from "../../../config/plan/runtime-keys.ts";
import type { ClusterFigures, RuntimeRecord } from "../../../messages/mesh-runtime.ts";
import { type Hash64, hashText } from "../state/hash64.ts";
import { runtimeText } from "./runtime-record.ts";

/** A node as this one hears it. */
export interface RuntimePeer {
  readonly node: string;
  readonly instance: string;
  heardMs: number;
}

/** What a node had counted at a time. */
export interface Sample {
  readonly atMs: number;
  readonly figures: ClusterFigures;
}

/** Of one node and cluster: what was counted when it was first heard in this watch, and lately. */
export interface FigureLine {
  readonly instance: string;
  sequence: number;
  readonly first: Sample;
  /** Oldest first. */
  readonly recent: Sample[];
}

/** A record with the time, on this node's clock, when it became what it is. */
export interface HeldRecord {
  record: RuntimeRecord;
  sinceMs: number;
}

/** The state. */
export interface RuntimeState {
  readonly self: { readonly node: string; readonly instance: string; readonly seed: Hash64 };
  /** For people. */
  readonly wallMs: () => number;
  knowledge: RuntimeKnowledge;
  readonly records: Map<string, HeldRecord>;
  /** XOR of the hashes of all records. */
  digest: Hash64;
  /** The greatest version heard. */
  version: number;
  readonly peers: Map<string, RuntimePeer>;
  /** By cluster and node. */
  readonly lines: Map<string, Map<string, FigureLine>>;
  /** Of this node's own figures. */
  sequence: number;
  /** Who is asked for what it holds; null: nobody. */
  pulling: string | null;
  isConnected: boolean;
  /** From when on it takes changes and drives ramps: before, it may not know what there is. */
  settledMs: number;
  /** It has once held what a peer held. */
  isCaughtUp: boolean;
  /** When it told its digest last. */
  toldMs: number;
  steppedMs: number;
  /** Something runs. */
  isMoving: boolean;
  /** What it told its host last. */
  watched: readonly string[];
  values: Readonly<Record<string, string>>;
}

/** A node that knows nothing. */
export function emptyRuntimeState(
  self: { readonly node: string; readonly instance: string },
  wallMs: () => number,
): RuntimeState {
  return {
    self: { ...self, seed: hashText(self.node) },
    wallMs,
    knowledge: { keys: [], clusters: [] },
    records: new Map(),
    digest: { high: 0, low: 0 },
    version: 0,
    peers: new Map(),
    lines: new Map(),
    sequence: 0,
    pulling: null,
    isConnected: false,
    settledMs: Number.POSITIVE_INFINITY,
    isCaughtUp: false,
    toldMs: Number.NEGATIVE_INFINITY,
    steppedMs: Number.NEGATIVE_INFINITY,
    isMoving: false,
    watched: [],
    values: {},
  };
}

/** What the layer says. */
export function layerValues(records: Iterable<RuntimeRecord>): Record<string, string> {
  const set = [...records]
    .map((record) => [record.key, runtimeText(record)] as const)
    .filter(([, text]) => text !== "");
  return Object.fromEntries(set.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Peers that are heard. */
export function livingPeers(state: RuntimeState, nowMs: number): RuntimePeer[] {
  return [...state.peers.values()].filter(({ heardMs }) => nowMs - heardMs < PEER_MS);
}

/** Three words of a peer that are missed, and a little. */
export const PEER_MS = 3_200;
