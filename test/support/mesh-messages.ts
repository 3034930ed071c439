// Every message of the mesh that is within its limits, at random: for the codec's properties.
import fc from "fast-check";
import {
  AGE_MAX_MS,
  BEAT_CHANGES_MAX,
  BEAT_EPOCHS_MAX,
  type Change,
  COUNT_MAX,
  HINT_BYTES_MAX,
  ITEMS_MAX,
  type MeshMessage,
  NODE_BYTES_MAX,
} from "../../src/control/mesh/wire/messages.ts";

/** 64 bits in hex. */
export const hex64: fc.Arbitrary<string> = hex(16);

/** Any characters, within so many bytes. */
export function name(bytesMax: number, bytesMin: number = 1): fc.Arbitrary<string> {
  return fc
    .string({
      unit: fc.oneof(fc.constantFrom("a", "~", "\ufeff", "漢", "\u{1f426}", "\u0000"), fc.string()),
      maxLength: bytesMax,
    })
    .map((text) => cutTo(text.toWellFormed(), bytesMax))
    .filter((text) => Buffer.byteLength(text) >= bytesMin);
}

const count = (min: number = 0, max: number = COUNT_MAX): fc.Arbitrary<number> =>
  fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max: Math.min(max, min + 300) }), fc.integer({ min, max }));
const age = count(0, AGE_MAX_MS);
const standing = fc.constantFrom("healthy", "degraded", "unhealthy");
const cause = fc.constantFrom("first", "scheduled", "confirm", "doubt", "started");
const target = { group: hex64, target: hex64 };

const entry: fc.Arbitrary<Change> = fc.oneof(
  record({
    type: fc.constant("entry"),
    ...target,
    hold: fc.constantFrom("claim", "kept", "confirm"),
    standing,
    transition: count(),
    cause,
    ageMs: age,
  }),
  record({
    type: fc.constant("entry"),
    ...target,
    hold: fc.constant("claim"),
    standing: fc.constant(null),
    transition: fc.constant(0),
    cause,
    ageMs: age,
  }),
) as fc.Arbitrary<Change>;

const group = record({ type: fc.constant("group"), group: hex64, hasTraffic: fc.boolean() }) as fc.Arbitrary<Change>;

/** One change. */
export const change: fc.Arbitrary<Change> = fc.oneof(
  entry,
  group,
  record({ type: fc.constant("released"), ...target, ageMs: age }),
  record({ type: fc.constant("group-left"), group: hex64 }),
  record({
    type: fc.constant("answer"),
    ...target,
    observer: name(NODE_BYTES_MAX),
    transition: count(),
    isConfirmed: fc.boolean(),
  }),
  record({ type: fc.constant("doubt"), ...target, evidence: fc.constantFrom("connect", "reset", "ejected") }),
) as fc.Arbitrary<Change>;

const speaker = { node: name(NODE_BYTES_MAX), instance: hex(32), epoch: count(1) };

const beat = record({
  type: fc.constant("beat"),
  ...speaker,
  sequence: count(1),
  phase: fc.constantFrom("joining", "serving", "leaving"),
  roles: fc.uniqueArray(fc.constantFrom("proxy", "health", "load", "eds")),
  zone: name(HINT_BYTES_MAX, 0),
  adminAddress: name(HINT_BYTES_MAX, 0),
  judgeAgeMs: age,
  isResigned: fc.boolean(),
  reportsLoad: fc.boolean(),
  number: count(),
  digest: hex64,
  changes: fc.array(change, { maxLength: BEAT_CHANGES_MAX }),
  epochs: fc.array(record({ node: name(NODE_BYTES_MAX), epoch: count(1) }), { maxLength: BEAT_EPOCHS_MAX }),
}).map((one) => ({ ...one, changes: one.changes.slice(0, one.number) }));

const changes = record({
  first: count(1, COUNT_MAX - 100),
  changes: fc.array(change, { minLength: 1, maxLength: 90 }),
  ...speaker,
}).map((one) => ({ type: "changes", ...one, group: commonGroup(one.changes) }));

const page = record({
  type: fc.constant("sync-page"),
  ...speaker,
  number: count(),
  digest: hex64,
  from: count(0, ITEMS_MAX - 100),
  more: count(0, 10),
  items: fc.array(fc.oneof(entry, group), { maxLength: 90 }),
}).map(({ more, items, from, ...one }) => {
  const start = items.length === 0 ? 0 : from;
  return { ...one, items, from: start, total: items.length === 0 ? 0 : start + items.length + more };
});

/** One message. */
export const message: fc.Arbitrary<MeshMessage> = fc.oneof(
  record({ type: fc.constant("hello"), ...speaker }),
  record({ type: fc.constant("left"), ...speaker }),
  record({ type: fc.constant("sync-request"), ...speaker, number: count(), from: count(0, ITEMS_MAX) }),
  beat,
  changes,
  page,
) as fc.Arbitrary<MeshMessage>;

/** With the prototype that literals have. */
function record<Model extends object>(model: { [Key in keyof Model]: fc.Arbitrary<Model[Key]> }): fc.Arbitrary<Model> {
  return fc.record(model, { noNullPrototype: true }) as unknown as fc.Arbitrary<Model>;
}

function hex(digits: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits });
}

function cutTo(text: string, bytesMax: number): string {
  const kept: string[] = [];
  let bytes = 0;
  for (const char of text) {
    bytes += Buffer.byteLength(char);
    if (bytes > bytesMax) break;
    kept.push(char);
  }
  return kept.join("");
}

function commonGroup(all: readonly Change[]): string {
  const groups = new Set(all.map((one) => one.group));
  return groups.size === 1 ? ([...groups][0] ?? "") : "";
}
