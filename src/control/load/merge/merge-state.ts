// What one node remembers of the merging of load: as one that gives (handing.ts) and, while it is the reporter, as one that is given to
// (collecting.ts). Changed by these and merge-behaviour.ts only.
import type { ClusterLoad } from "../../../messages/load.ts";
import type { LoadBatch } from "./batch.ts";
import type { Contributor, MergeEffect } from "./merge-messages.ts";
import type { Subscription } from "./subscription.ts";

/** One life of one node's load reporter, as the mesh's reporter knows it. */
export interface Giver extends Contributor {
  /** Its batches up to this one are reported. */
  settled: number;
  /** Those after that were given, without a gap. */
  held: HeldBatch[];
  /** What was under way when it last took its counts. */
  gauges: readonly ClusterLoad[];
  heardMs: number;
}

/** A batch that awaits its report. */
export interface HeldBatch extends LoadBatch {
  readonly mayRepeat: boolean;
  readonly bytes: number;
}

/** A batch on its way from one reporter to the next. */
export interface Relay extends Contributor {
  /** As its node would say: all before are reported. */
  readonly floor: number;
  readonly batch: LoadBatch;
}

/** All of it. */
export interface MergeState {
  readonly self: Contributor;
  /** Of the last step: a gap means that this node itself stood still. */
  steppedMs: number;
  isStopping: boolean;
  hasStopped: boolean;
  asks: number;
  /** What this node counts; kept when reporters change. */
  subscription: Subscription | null;

  /** Who reports; null: not known. */
  reporter: string | null;
  /** Its life, as its last reply said; empty: it has not answered yet. */
  reporterInstance: string;
  /** Its last answer came. */
  isAnswering: boolean;
  /** Of the last batch that was cut. */
  sequence: number;
  /** Batches that are not reported yet, oldest first. */
  queue: LoadBatch[];
  /** The reporter holds or has reported those up to this one. */
  accepted: number;
  /** The one in the last request; 0: none was. */
  asked: number;
  /** Those up to this one were offered to the reporter; and to one before it. */
  offered: number;
  offeredBefore: number;
  /** The request that awaits its answer; 0: none. */
  openAsk: number;
  /** A page of a subscription that is not whole. */
  gathered: { readonly id: string; readonly names: readonly string[] } | null;
  /** Counts are not taken before. */
  takeAtMs: number;
  /** What was under way when counts were last cut for this life of the reporter, as text; null: never. */
  toldGauges: string | null;
  /** `take` was not answered yet. */
  isTaking: boolean;

  leads: boolean;
  /** By instance; the one longest without a report first. */
  readonly givers: Map<string, Giver>;
  heldBytes: number;
  /** What is under way upstream. */
  report: readonly { readonly instance: string; readonly sequence: number }[] | null;
  /** This node stood still while it was the reporter: before it reports it hears what its nodes gave to others meanwhile. */
  quietUntilMs: number;
  /** Batches of others that it held when it ceased to be the reporter: for the next one, since their nodes may have ended. */
  relays: Relay[];
  /** The request that gives one away; 0: none. */
  relayAsk: number;
  /** A report is made as soon as this node's own counts are taken. */
  isReportDue: boolean;
  /** Clusters that this node knows of. */
  known: readonly ClusterLoad[];
}

/** One step: what it reads and changes. */
export interface Turn {
  readonly state: MergeState;
  readonly nowMs: number;
  readonly effects: MergeEffect[];
}

/** A node that has counted nothing and knows of no reporter. */
export function emptyMergeState(self: Contributor): MergeState {
  return {
    self,
    steppedMs: Number.NaN,
    isStopping: false,
    hasStopped: false,
    asks: 0,
    subscription: null,
    reporter: null,
    reporterInstance: "",
    isAnswering: false,
    sequence: 0,
    queue: [],
    accepted: 0,
    asked: 0,
    offered: 0,
    offeredBefore: 0,
    openAsk: 0,
    gathered: null,
    takeAtMs: Number.NEGATIVE_INFINITY,
    toldGauges: null,
    isTaking: false,
    leads: false,
    givers: new Map(),
    heldBytes: 0,
    report: null,
    quietUntilMs: Number.NEGATIVE_INFINITY,
    relays: [],
    relayAsk: 0,
    isReportDue: false,
    known: [],
  };
}
