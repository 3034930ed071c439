// What the runtime behaviour hears and what it asks its host to do. Plain data.
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { RuntimeKnowledge } from "../../../config/plan/runtime-keys.ts";
import type { ClusterFigures, RuntimeRecord } from "../../../messages/mesh-runtime.ts";
import type { RuntimeMessage, RuntimeWord } from "./runtime-messages.ts";

/** One message. */
export type RuntimeInput =
  /** What this node's configuration says of keys, from now on. */
  | { readonly type: "knowledge-assigned"; readonly knowledge: RuntimeKnowledge }
  /** What this thread's predecessor held. */
  | { readonly type: "records-restored"; readonly records: readonly RuntimeRecord[] }
  | { readonly type: "bus-connected" }
  | { readonly type: "bus-lost" }
  | { readonly type: "runtime-heard"; readonly message: RuntimeMessage }
  /** Bytes that are no message came where one was expected. */
  | { readonly type: "runtime-garbled" }
  /** A request: answered by `answer` in the same step. */
  | { readonly type: "runtime-asked"; readonly ask: number; readonly message: RuntimeMessage }
  /** The answer to `pull`; null: none came. */
  | { readonly type: "pulled"; readonly from: string; readonly message: RuntimeMessage | null }
  /** What this node has counted of a watched cluster. */
  | { readonly type: "figures-told"; readonly cluster: string; readonly figures: ClusterFigures }
  | TimerFired;

/** What is counted. */
export type RuntimeCounter =
  /** Changes that this node took in, or refused. */
  | "runtime_changes"
  | "runtime_refused"
  /** Records that were newer than what was known. */
  | "runtime_records"
  /** No message, or over a limit. */
  | "runtime_malformed"
  /** For one key too many. */
  | "runtime_over_limit"
  /** Asked a peer for what it holds. */
  | "runtime_pulls"
  /** By this node. */
  | "runtime_steps"
  | "runtime_rollbacks";

/** What happened to a key, for the world. */
export interface RuntimeNews {
  /** The same from whichever node tells it. */
  readonly id: string;
  readonly what: "changed" | "step" | "held" | "done" | "rolled_back" | "refused";
  readonly key: string;
  /** What it is now; empty: the layer does not set it. */
  readonly value: string;
  /** Where it is to go, and what it was before. */
  readonly to: string;
  readonly before: string;
  readonly step: number;
  readonly steps: number;
  readonly writer: string;
  readonly version: number;
  readonly reason: string;
}

/** One effect. */
export type RuntimeEffect =
  | TimerEffect
  | {
      readonly type: "publish-runtime";
      readonly word: Extract<RuntimeWord, { type: "records" | "digest" | "figures" }>;
    }
  /** Ask this node for what it holds: answered by `pulled`. */
  | { readonly type: "pull"; readonly from: string; readonly after: string }
  | { readonly type: "answer"; readonly ask: number; readonly word: Extract<RuntimeWord, { type: "page" | "outcome" }> }
  /** The layer is this now, all of it. */
  | { readonly type: "values-changed"; readonly values: Readonly<Record<string, string>> }
  /** Tell what is counted of these clusters, twice a second, from now on. */
  | { readonly type: "watch-clusters"; readonly clusters: readonly string[] }
  /** It holds what its peers hold, or nobody is there; once. */
  | { readonly type: "caught-up" }
  | { readonly type: "publish-news"; readonly news: RuntimeNews }
  | { readonly type: "count"; readonly counter: RuntimeCounter };
