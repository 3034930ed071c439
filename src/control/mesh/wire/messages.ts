// Everything nodes say to each other, as plain data, with the limits that the codec checks in both directions. meshState makes and takes
// these; nothing else does. Numbers are whole, 0 or more and at most `COUNT_MAX` unless said; ages are milliseconds up to the moment of sending.
import type { EndpointStanding } from "../../../messages/checking.ts";

/** One message of the mesh. */
export type MeshMessage = Hello | Beat | Left | Changes | SyncRequest | SyncPage;

/** What every message says of its sender. */
export interface Speaker {
  /** Its name: 1 to `NODE_BYTES_MAX` bytes of UTF-8, any characters. */
  readonly node: string;
  /** 128 random bits of its process: 32 lower-case hex digits. */
  readonly instance: string;
  /** 1 or more; of two instances of one name the greater was told last. */
  readonly epoch: number;
}

/** A node has come: every other one answers by a beat, at once. To `hello`. */
export interface Hello extends Speaker {
  readonly type: "hello";
}

/** `joining`: it listens only; `leaving`: it hands over what it checks. */
export type NodePhase = "joining" | "serving" | "leaving";

/** What a node does in the mesh; each at most once. */
export type NodeRole = "proxy" | "health" | "load" | "eds";

/** Once a second, and after a hello. To `beat.<node>`. */
export interface Beat extends Speaker {
  readonly type: "beat";
  /** Of this instance: 1, 2, 3 …: of two beats the greater is the newer. */
  readonly sequence: number;
  readonly phase: NodePhase;
  readonly roles: readonly NodeRole[];
  /** Its locality's zone; empty, or up to `HINT_BYTES_MAX` bytes. */
  readonly zone: string;
  /** `192.0.2.1:9901`; empty, or up to `HINT_BYTES_MAX` bytes. For people and forwarding between members, never dialled by meshState. */
  readonly adminAddress: string;
  /** Since its judge of active checks made a step. */
  readonly judgeAgeMs: number;
  /** It doubts its own network and ranks last. */
  readonly isResigned: boolean;
  /** It can report the load of the mesh. */
  readonly reportsLoad: boolean;
  /** Of its newest change; 0 before the first. */
  readonly number: number;
  /** XOR over all its own entries: 16 lower-case hex digits. */
  readonly digest: string;
  /** Its newest changes, up to `number` without a gap: those of the last 3 s, at most `BEAT_CHANGES_MAX`. */
  readonly changes: readonly Change[];
  /** The greatest epochs heard for names, in turns: at most `BEAT_EPOCHS_MAX`. */
  readonly epochs: readonly HeardEpoch[];
}

/** The greatest epoch that was heard for a name. */
export interface HeardEpoch {
  readonly node: string;
  readonly epoch: number;
}

/** The node is gone for good: its last word. To `beat.<node>`. */
export interface Left extends Speaker {
  readonly type: "left";
}

/** Changes numbered `first`, `first` + 1, …: one turn of the sender. To `observe.<group>`. */
export interface Changes extends Speaker {
  readonly type: "changes";
  /** The group of all of them, as in a change; empty: of several. For the subject. */
  readonly group: string;
  /** 1 or more. */
  readonly first: number;
  /** 1 to `CHANGES_MAX`. */
  readonly changes: readonly Change[];
}

/** What an entry is for. `claim`: its node probes the target; `kept`: it does not any more, and others take over; `confirm`: one probe of another's transition. */
export type Hold = "claim" | "kept" | "confirm";

/** Which probe an observation comes from. `started`: of none: the new owner began with the mesh's verdict. */
export type Cause = "first" | "scheduled" | "confirm" | "doubt" | "started";

/** One change of a node's own log. `group` and `target` are 16 lower-case hex digits. */
export type Change =
  /** All that the node says of one target: replaces what it said before. */
  | {
      readonly type: "entry";
      readonly group: string;
      readonly target: string;
      readonly hold: Hold;
      /** Null: claimed, and not probed since. Only a claim may have null. */
      readonly standing: EndpointStanding | null;
      /** Of the last change of `standing`, counted over all targets of the instance: 0 for null. */
      readonly transition: number;
      readonly cause: Cause;
      /** Since the last probe that it knows of, its own or another's whose schedule it goes on with; `AGE_MAX_MS`: none. */
      readonly ageMs: number;
    }
  /** The node says nothing of this target any more. `ageMs` as above. */
  | { readonly type: "released"; readonly group: string; readonly target: string; readonly ageMs: number }
  /** The node checks endpoints of this group, or would; `hasTraffic`: it has made an upstream connection in that cluster. */
  | { readonly type: "group"; readonly group: string; readonly hasTraffic: boolean }
  /** It has this group no longer. */
  | { readonly type: "group-left"; readonly group: string }
  /** It probed because of a transition of `observer` (a node's name) to `standing`, or knows it already. Not kept: no entry. */
  | {
      readonly type: "answer";
      readonly group: string;
      readonly target: string;
      readonly observer: string;
      readonly transition: number;
      readonly isConfirmed: boolean;
    }
  /** Passive evidence against the target was seen. Not kept: no entry. */
  | {
      readonly type: "doubt";
      readonly group: string;
      readonly target: string;
      readonly evidence: "connect" | "reset" | "ejected";
    };

/** Asks one node for its own entries. To `sync.<node>`, answered by a page. */
export interface SyncRequest extends Speaker {
  readonly type: "sync-request";
  /** The change number of the snapshot whose next page is asked for; 0: a new one. */
  readonly number: number;
  /** Items of it that came already. */
  readonly from: number;
}

/** Some of a node's own entries as they stood at one change number. */
export interface SyncPage extends Speaker {
  readonly type: "sync-page";
  readonly number: number;
  /** Of the whole snapshot, as in a beat. */
  readonly digest: string;
  /** Items before this page. 0 although another was asked for: that snapshot is gone, here is a new one. */
  readonly from: number;
  /** Items of the whole snapshot; at most `ITEMS_MAX`. */
  readonly total: number;
  /** `entry` and `group` only; at most `CHANGES_MAX`, none only when `total` is 0. */
  readonly items: readonly Change[];
}

/** Bytes of a whole encoded message. */
export const MESSAGE_BYTES_MAX = 65_536;

/** Changes of one message, and items of a page: 64 KiB at 50 bytes each, with room. */
export const CHANGES_MAX = 1_000;

/** Changes that a beat repeats: within 4 KB. */
export const BEAT_CHANGES_MAX = 64;

/** Names with their greatest epoch in one beat. */
export const BEAT_EPOCHS_MAX = 16;

/** Bytes of a node's name. */
export const NODE_BYTES_MAX = 64;

/** Bytes of a text for people. */
export const HINT_BYTES_MAX = 128;

/** Entries and groups of one node. */
export const ITEMS_MAX = 300_000;

/** Ages are capped here: about 12 days. */
export const AGE_MAX_MS = 1_048_576_000;

/** The greatest number, epoch, sequence or transition: exact in a double. */
export const COUNT_MAX = 0xffff_ffff_ffff;
