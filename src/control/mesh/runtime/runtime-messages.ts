// Everything that is said about the runtime of a mesh, as plain data: by nodes among themselves, and between a node and who wants to change or
// read a key. The codec is wire/runtime-message.ts, which checks every limit in both directions.
import type { ClusterFigures, GuardPlan, RuntimeRecord } from "../../../messages/mesh-runtime.ts";

/** One message with its sender. */
export type RuntimeMessage = RuntimeSpeaker & RuntimeWord;

/** Who says it: a node, or a command. */
export interface RuntimeSpeaker {
  readonly node: string;
  /** 128 random bits of its process, in hex. */
  readonly instance: string;
}

/** One message. */
export type RuntimeWord =
  /** News of some keys: everybody takes what is newer. To `runtime.record`. */
  | { readonly type: "records"; readonly records: readonly RuntimeRecord[] }
  /** Once a second from every node that has the layer, and when somebody `asks`. To `runtime.digest`. */
  | { readonly type: "digest"; readonly count: number; readonly digest: string; readonly asks: boolean }
  /** Request for all that a node holds, in the order of the keys: those after this one. To `runtime.sync.<node>`, or to `runtime.get`. */
  | { readonly type: "pull"; readonly after: string }
  /** The answer. */
  | { readonly type: "page"; readonly records: readonly RuntimeRecord[]; readonly isLast: boolean }
  /** Request for a change, taken by any one node. To `runtime.set`. */
  | ({ readonly type: "change" } & RuntimeChange)
  /** The answer; empty reason: it was taken. Only then there is a record. */
  | { readonly type: "outcome"; readonly reason: string; readonly records: readonly RuntimeRecord[] }
  /** What one node has counted of a cluster so far; while some guard asks. To `runtime.figures`. */
  | ({ readonly type: "figures"; readonly cluster: string; readonly sequence: number } & ClusterFigures);

/** What somebody wants. */
export interface RuntimeChange {
  /** 128 random bits in hex: asked twice it is one change. */
  readonly change: string;
  readonly action: RuntimeAction;
  readonly key: string;
  /** Of `set`. */
  readonly value: string;
  readonly writer: string;
  /** How long the way to the value takes; 0: none. */
  readonly rampMs: number;
  /** 0: as many as are of use. */
  readonly steps: number;
  /** Where the way begins; empty: at the present value. */
  readonly from: string;
  /** An empty cluster: the one that the key sends more to. */
  readonly guards: readonly GuardPlan[];
  readonly windowMs: number;
  readonly requestsMin: number;
  /** Also a key that the node's configuration does not know. */
  readonly anyKey: boolean;
}

/** `stop`: a ramp stays where it is. `abort`: the key is again what it was before the ramp. */
export const RUNTIME_ACTIONS = ["set", "unset", "stop", "abort"] as const;
export type RuntimeAction = (typeof RUNTIME_ACTIONS)[number];
