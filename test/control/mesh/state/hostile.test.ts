import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { Change, MeshMessage, SyncPage } from "../../../../src/control/mesh/wire/messages.ts";
import { assertWithinLimits } from "../../../simulation/mesh/limits.ts";
import { FACTS, OneNode, ordersOf, targetOf } from "./one-node.ts";

const node = fc.constantFrom("a", "b", "c");
const count = fc.oneof(fc.nat(5), fc.constantFrom(1_000, 0xffff_ffff_ffff));
const speaker = { node, instance: fc.constantFrom("a".repeat(32), "b".repeat(32), "f".repeat(32)), epoch: count };
const group = fc.constantFrom(FACTS.group, "00000000000000ff");
const target = fc.constantFrom(...[1, 2, 3, 4].map(targetOf));
const standing = fc.constantFrom("healthy", "degraded", "unhealthy");
const ageMs = fc.constantFrom(0, 500, 5_000, 1_048_576_000);

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    type: fc.constant("entry"),
    group,
    target,
    hold: fc.constantFrom("claim", "kept", "confirm"),
    standing,
    transition: count,
    cause: fc.constantFrom("first", "scheduled", "confirm", "doubt", "started"),
    ageMs,
  }),
  fc.record({ type: fc.constant("released"), group, target, ageMs }),
  fc.record({ type: fc.constant("group"), group, hasTraffic: fc.boolean() }),
  fc.record({ type: fc.constant("group-left"), group }),
  fc.record({
    type: fc.constant("answer"),
    group,
    target,
    observer: fc.constantFrom("me", "a"),
    transition: count,
    isConfirmed: fc.boolean(),
  }),
  fc.record({ type: fc.constant("doubt"), group, target, evidence: fc.constantFrom("connect", "reset", "ejected") }),
);
const changes = fc.array(change, { maxLength: 5 });
const hint = fc.constantFrom("", "x");

const message: fc.Arbitrary<MeshMessage> = fc.oneof(
  fc.record({ type: fc.constant("hello"), ...speaker }),
  fc.record({ type: fc.constant("left"), ...speaker }),
  fc.record({ type: fc.constant("changes"), ...speaker, group, first: count, changes }),
  fc.record({
    type: fc.constant("beat"),
    ...speaker,
    sequence: count,
    phase: fc.constantFrom("joining", "serving", "leaving"),
    roles: fc.constantFrom([], ["health"], ["proxy", "health"]),
    zone: hint,
    adminAddress: hint,
    judgeAgeMs: ageMs,
    isResigned: fc.boolean(),
    reportsLoad: fc.boolean(),
    number: count,
    digest: fc.constantFrom("0".repeat(16), "f".repeat(16)),
    changes,
    epochs: fc.array(fc.record({ node: fc.constantFrom("me", "a"), epoch: count }), { maxLength: 3 }),
  }),
);

const page: fc.Arbitrary<SyncPage> = fc.record({
  type: fc.constant("sync-page"),
  ...speaker,
  number: count,
  digest: fc.constant("0".repeat(16)),
  from: count,
  total: count,
  items: changes,
});

describe("a node among liars", () => {
  it("orders nothing but its own endpoints, and checks them itself when they are gone", () => {
    const steps = fc.array(fc.tuple(fc.oneof(message, page), fc.constantFrom(0, 10, 500, 3_000)), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (lies) => {
        const me = new OneNode();
        me.join(3);
        for (const [lie, waitMs] of lies) {
          if (lie.type === "sync-page") answer(me, lie);
          else me.hear(lie);
          me.advance(waitMs);
        }
        me.advance(70_000);
        const slots = ordersOf(me.effects).flatMap((order) => ("slot" in order ? [order.slot] : []));
        assert.ok(slots.every((slot) => slot >= 1 && slot <= 3));
        for (const effect of me.effects) if (effect.type === "publish") assertWithinLimits(effect.message);
        const probed = [1, 2, 3].map((slot) => me.state.bySlot.get(slot)?.isOrdered);
        assert.deepEqual(probed, [true, true, true]);
      }),
      { numRuns: 150, seed: 7 },
    );
  });
});

/** As the answer to whatever was asked last. */
function answer(me: OneNode, lie: SyncPage): void {
  const asks = me.effects.flatMap((effect) => (effect.type === "request" ? [effect.ask] : []));
  me.tell({ type: "answered", ask: asks.at(-1) ?? 0, message: lie });
}
