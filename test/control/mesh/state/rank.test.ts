import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { hashOfHex, hashPair, hashText, hexOf } from "../../../../src/control/mesh/state/hash64.ts";
import { isBefore, rankOf } from "../../../../src/control/mesh/state/rank.ts";

const candidate = (node: string, isResigned: boolean = false) => ({ node, seed: hashText(node), isResigned });
const NODES = [..."abcdefghij"].map((name) => candidate(`node-${name}`));
const GROUP = hashText("group");

describe("a 64-bit hash", () => {
  it("is the same on every node, today and tomorrow", () => {
    assert.equal(hexOf(hashText("starling")), "7bb6b221a93a8406");
    assert.equal(hexOf(hashPair(hashText("a"), hashText("b"))), "b092c92c7875d335");
  });

  it("survives its way through hex", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 0xffff_ffff }), (high, low) => {
        assert.deepEqual(hashOfHex(hexOf({ high, low })), { high, low });
      }),
    );
  });

  it("has no twins among a hundred thousand targets", () => {
    const hashes = new Set(
      Array.from({ length: 100_000 }, (_, i) => hexOf(hashPair(GROUP, hashText(`10.0.0.1:${i}`)))),
    );
    assert.equal(hashes.size, 100_000);
  });
});

describe("rank", () => {
  it("gives ten nodes their share of 20,000 targets: the busiest has 5 % more at most", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const key = hashPair(GROUP, hashText(`10.1.${i >> 8}.${i & 255}:8080`));
      for (const node of NODES)
        if (rankOf(node, NODES, key) < 2) counts.set(node.node, (counts.get(node.node) ?? 0) + 1);
    }
    assert.equal(
      [...counts.values()].reduce((sum, count) => sum + count),
      40_000,
    );
    assert.ok(Math.max(...counts.values()) / 4_000 <= 1.05);
  });

  it("is a strict order of all nodes", () => {
    fc.assert(
      fc.property(fc.integer(), (target) => {
        const key = hashPair(GROUP, hashText(String(target)));
        const ranks = NODES.map((node) => rankOf(node, NODES, key)).sort((one, other) => one - other);
        assert.deepEqual(ranks, [...NODES.keys()]);
      }),
    );
  });

  it("moves only the targets of a node that goes", () => {
    const rest = NODES.slice(1);
    for (let i = 0; i < 1_000; i++) {
      const key = hashPair(GROUP, hashText(String(i)));
      const first = NODES.find((node) => rankOf(node, NODES, key) === 0);
      const next = rest.find((node) => rankOf(node, rest, key) === 0);
      assert.ok(first === NODES[0] || first === next);
    }
  });

  it("puts who distrusts itself last", () => {
    for (let i = 0; i < 100; i++) {
      const key = hashPair(GROUP, hashText(String(i)));
      assert.equal(isBefore(candidate("node-a", true), candidate("node-b"), key), false);
      assert.equal(isBefore(candidate("node-b"), candidate("node-a", true), key), true);
    }
  });
});
