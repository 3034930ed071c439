// The limits that the wire sets, held against every message that a simulated node sends.
import assert from "node:assert/strict";
import {
  AGE_MAX_MS,
  BEAT_CHANGES_MAX,
  BEAT_EPOCHS_MAX,
  CHANGES_MAX,
  type Change,
  COUNT_MAX,
  HINT_BYTES_MAX,
  ITEMS_MAX,
  MESSAGE_BYTES_MAX,
  type MeshMessage,
  NODE_BYTES_MAX,
} from "../../../src/control/mesh/wire/messages.ts";

/** Fails when a message is one that the codec would not send. */
export function assertWithinLimits(message: MeshMessage): void {
  const { node, instance, epoch } = message;
  assert.ok(node.length > 0 && Buffer.byteLength(node) <= NODE_BYTES_MAX);
  assert.match(instance, /^[0-9a-f]{32}$/);
  assertCount(epoch, 1);
  switch (message.type) {
    case "hello":
    case "left":
      return;
    case "beat":
      assertCount(message.sequence, 1);
      assertCount(message.number, 0);
      assertAge(message.judgeAgeMs);
      assert.ok(Buffer.byteLength(message.zone) <= HINT_BYTES_MAX);
      assert.ok(Buffer.byteLength(message.adminAddress) <= HINT_BYTES_MAX);
      assert.ok(message.epochs.length <= BEAT_EPOCHS_MAX);
      assertChanges(message.changes, BEAT_CHANGES_MAX);
      return;
    case "changes":
      assertCount(message.first, 1);
      assertChanges(message.changes, CHANGES_MAX);
      return;
    case "sync-request":
      assertCount(message.number, 0);
      return;
    case "sync-page":
      assert.ok(message.total <= ITEMS_MAX);
      assertChanges(message.items, CHANGES_MAX);
      return;
  }
}

function assertChanges(changes: readonly Change[], countMax: number): void {
  assert.ok(changes.length <= countMax);
  assert.ok(changes.length * CHANGE_BYTES < MESSAGE_BYTES_MAX);
  for (const change of changes) {
    assert.match(change.group, HEX);
    if ("target" in change) assert.match(change.target, HEX);
    if ("ageMs" in change) assertAge(change.ageMs);
    if ("transition" in change) assertCount(change.transition, 0);
    if (change.type === "entry") assert.ok(change.standing !== null || change.hold === "claim");
  }
}

function assertCount(count: number, min: number): void {
  assert.ok(Number.isInteger(count) && count >= min && count <= COUNT_MAX);
}

function assertAge(ms: number): void {
  assert.ok(Number.isInteger(ms) && ms >= 0 && ms <= AGE_MAX_MS);
}

const HEX = /^[0-9a-f]{16}$/;

/** An encoded change takes no more. */
const CHANGE_BYTES = 50;
