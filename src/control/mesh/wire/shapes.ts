// Protobuf package starling.mesh.v1 as tables: number, type and limits of each field of messages.ts. A number is never used again for
// anything else; what every node must understand raises the version.
import type { EndpointStanding } from "../../../messages/checking.ts";
import { choice, choiceOrNull, choices, count, flag, hex64, hex128, list, nested, text } from "./fields.ts";
import {
  AGE_MAX_MS,
  BEAT_CHANGES_MAX,
  BEAT_EPOCHS_MAX,
  type Beat,
  type Cause,
  CHANGES_MAX,
  type Change,
  type Changes,
  COUNT_MAX,
  type HeardEpoch,
  HINT_BYTES_MAX,
  type Hold,
  ITEMS_MAX,
  type MeshMessage,
  NODE_BYTES_MAX,
  type NodePhase,
  type NodeRole,
  type Speaker,
  type SyncPage,
  type SyncRequest,
} from "./messages.ts";
import { fieldsShape, kindsShape, type Shape } from "./shape.ts";

/** A message of this version starts with the bytes 8 and 1. */
export const WIRE_VERSION = 1;

/** What stands around every message. */
export interface Envelope extends Speaker {
  /** Always `WIRE_VERSION`. */
  readonly version: number;
  readonly body: Body | null;
}

/** A message without its speaker. Of `changes` the group is left out: it is that of every single one. */
export type Body = BodyOf<MeshMessage>;

type BodyOf<Message> = Message extends { readonly type: string } ? Omit<Message, keyof Speaker | Derived> : never;
type Derived = "group";
type Of<Kind> = Omit<Kind, "type">;
type ChangeOf<Type extends Change["type"]> = Of<Extract<Change, { readonly type: Type }>>;

const STANDINGS: readonly EndpointStanding[] = ["healthy", "degraded", "unhealthy"];
const HOLDS: readonly Hold[] = ["claim", "kept", "confirm"];
const CAUSES: readonly Cause[] = ["first", "scheduled", "confirm", "doubt", "started"];
const PHASES: readonly NodePhase[] = ["joining", "serving", "leaving"];
const ROLES: readonly NodeRole[] = ["proxy", "health", "load", "eds"];

const CHANGE: Shape<Change> = kindsShape("change", {
  entry: [
    1,
    fieldsShape<ChangeOf<"entry">>(
      "entry",
      {
        group: [1, hex64],
        target: [2, hex64],
        hold: [3, choice(HOLDS)],
        standing: [4, choiceOrNull(STANDINGS)],
        transition: [5, count(COUNT_MAX)],
        cause: [6, choice(CAUSES)],
        ageMs: [7, count(AGE_MAX_MS)],
      },
      ({ standing, hold, transition }) => standing !== null || (hold === "claim" && transition === 0),
    ),
  ],
  released: [
    2,
    fieldsShape<ChangeOf<"released">>("released", {
      group: [1, hex64],
      target: [2, hex64],
      ageMs: [3, count(AGE_MAX_MS)],
    }),
  ],
  group: [3, fieldsShape<ChangeOf<"group">>("group", { group: [1, hex64], hasTraffic: [2, flag] })],
  "group-left": [4, fieldsShape<ChangeOf<"group-left">>("group-left", { group: [1, hex64] })],
  answer: [
    5,
    fieldsShape<ChangeOf<"answer">>("answer", {
      group: [1, hex64],
      target: [2, hex64],
      observer: [3, text(NODE_BYTES_MAX, 1)],
      transition: [4, count(COUNT_MAX)],
      isConfirmed: [5, flag],
    }),
  ],
  doubt: [
    6,
    fieldsShape<ChangeOf<"doubt">>("doubt", {
      group: [1, hex64],
      target: [2, hex64],
      evidence: [3, choice(["connect", "reset", "ejected"])],
    }),
  ],
});

const HEARD_EPOCH: Shape<HeardEpoch> = fieldsShape("epoch", {
  node: [1, text(NODE_BYTES_MAX, 1)],
  epoch: [2, count(COUNT_MAX, 1)],
});

const BEAT: Shape<Omit<Beat, "type" | keyof Speaker>> = fieldsShape(
  "beat",
  {
    sequence: [1, count(COUNT_MAX, 1)],
    phase: [2, choice(PHASES)],
    roles: [3, choices(ROLES)],
    zone: [4, text(HINT_BYTES_MAX)],
    adminAddress: [5, text(HINT_BYTES_MAX)],
    judgeAgeMs: [6, count(AGE_MAX_MS)],
    isResigned: [7, flag],
    number: [8, count(COUNT_MAX)],
    digest: [9, hex64],
    changes: [10, list(CHANGE, BEAT_CHANGES_MAX)],
    epochs: [11, list(HEARD_EPOCH, BEAT_EPOCHS_MAX)],
    reportsLoad: [12, flag],
  },
  ({ number, changes }) => changes.length <= number,
);

const CHANGES: Shape<Omit<Changes, "type" | keyof Speaker | Derived>> = fieldsShape(
  "changes",
  { first: [1, count(COUNT_MAX, 1)], changes: [2, list(CHANGE, CHANGES_MAX, 1)] },
  ({ first, changes }) => first + changes.length - 1 <= COUNT_MAX,
);

const SYNC_REQUEST: Shape<Omit<SyncRequest, "type" | keyof Speaker>> = fieldsShape("sync-request", {
  number: [1, count(COUNT_MAX)],
  from: [2, count(ITEMS_MAX)],
});

const SYNC_PAGE: Shape<Omit<SyncPage, "type" | keyof Speaker>> = fieldsShape(
  "sync-page",
  {
    number: [1, count(COUNT_MAX)],
    digest: [2, hex64],
    from: [3, count(ITEMS_MAX)],
    total: [4, count(ITEMS_MAX)],
    items: [5, list(CHANGE, CHANGES_MAX)],
  },
  ({ from, total, items }) =>
    from + items.length <= total &&
    (items.length > 0 || total === 0) &&
    items.every(({ type }) => type === "entry" || type === "group"),
);

/** A whole message. */
export const ENVELOPE: Shape<Envelope> = fieldsShape("message", {
  version: [1, count(WIRE_VERSION, WIRE_VERSION)],
  node: [2, text(NODE_BYTES_MAX, 1)],
  instance: [3, hex128],
  epoch: [4, count(COUNT_MAX, 1)],
  body: [
    5,
    nested(
      kindsShape<Body>("body", {
        hello: [1, fieldsShape("hello", {})],
        beat: [2, BEAT],
        left: [3, fieldsShape("left", {})],
        changes: [4, CHANGES],
        "sync-request": [5, SYNC_REQUEST],
        "sync-page": [6, SYNC_PAGE],
      }),
    ),
  ],
});
