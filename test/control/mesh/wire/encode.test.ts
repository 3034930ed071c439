import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { decode } from "../../../../src/control/mesh/wire/decode.ts";
import { encode, encodeChanges } from "../../../../src/control/mesh/wire/encode.ts";
import type { Change, Changes, SyncPage } from "../../../../src/control/mesh/wire/messages.ts";

const SPEAKER = { node: "front", instance: "000102030405060708090a0b0c0d0e0f", epoch: 3 };
const GROUP = "00000000000000aa";

describe("encoding messages of the mesh", () => {
  it("has these bytes for ever: version, node, instance, epoch, body", () => {
    const hello = Buffer.from(encode({ type: "hello", ...SPEAKER })).toString("hex");
    assert.equal(hello, `0801 12 05 ${hexOf("front")} 1a 10 ${SPEAKER.instance} 2003 2a02 0a00`.replaceAll(" ", ""));
    const changes: readonly Change[] = [
      {
        type: "entry",
        group: GROUP,
        target: "0123456789abcdef",
        hold: "claim",
        standing: "unhealthy",
        transition: 7,
        cause: "scheduled",
        ageMs: 300,
      },
    ];
    const [bytes = new Uint8Array(0)] = encodeChanges({ type: "changes", ...SPEAKER, group: GROUP, first: 9, changes });
    const entry = "09aa00000000000000 11efcdab8967452301 1801 2003 2807 3002 38ac02";
    const text = `0801 1205${hexOf("front")} 1a10${SPEAKER.instance} 2003 2a25 2223 0809 121f 0a1d ${entry}`;
    assert.equal(Buffer.from(bytes).toString("hex"), text.replaceAll(" ", ""));
  });

  it("splits changes that long names make too large, without a gap", () => {
    const changes: readonly Change[] = Array.from({ length: 1_000 }, (_, i) => ({
      type: "answer",
      group: GROUP,
      target: GROUP,
      observer: "n".repeat(64),
      transition: i + 2 ** 40,
      isConfirmed: true,
    }));
    const message: Changes = { type: "changes", ...SPEAKER, group: GROUP, first: 17, changes };
    const parts = encodeChanges(message).map((bytes) => {
      assert.ok(bytes.length <= 65_536);
      const result = decode(bytes);
      assert.equal(result.kind, "message");
      return result.message as Changes;
    });
    assert.equal(parts.length, 2);
    assert.deepEqual(
      parts.map(({ first }) => first),
      [17, 517],
    );
    assert.deepEqual(
      parts.flatMap((part) => part.changes),
      changes,
    );
  });

  it("fits a full page into one message", () => {
    const items: readonly Change[] = Array.from({ length: 1_000 }, () => ({
      type: "entry",
      group: "ffffffffffffffff",
      target: "ffffffffffffffff",
      hold: "confirm",
      standing: "unhealthy",
      transition: 0xffff_ffff_ffff,
      cause: "started",
      ageMs: 1_048_576_000,
    }));
    const page: SyncPage = { type: "sync-page", ...SPEAKER, number: 1, digest: GROUP, from: 0, total: 1_000, items };
    assert.ok(encode(page).length < 50_000);
  });

  it("takes a message beyond its limits for a bug", () => {
    const bad: readonly (() => unknown)[] = [
      () => encode({ type: "hello", ...SPEAKER, node: "" }),
      () => encode({ type: "hello", ...SPEAKER, node: "é".repeat(33) }),
      () => encode({ type: "hello", ...SPEAKER, node: "\ud800" }),
      () => encode({ type: "hello", ...SPEAKER, instance: "AB".repeat(16) }),
      () => encode({ type: "hello", ...SPEAKER, epoch: 1.5 }),
      () => encode({ type: "hello", ...SPEAKER, epoch: 0 }),
      () => encode({ type: "sync-request", ...SPEAKER, number: -1, from: 0 }),
      () => encodeChanges({ type: "changes", ...SPEAKER, group: "", first: 1, changes: [] }),
    ];
    for (const one of bad) assert.throws(one, /^Error: beyond its limits: /);
  });
});

function hexOf(text: string): string {
  return Buffer.from(text).toString("hex");
}
