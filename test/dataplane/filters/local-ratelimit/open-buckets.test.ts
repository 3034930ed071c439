import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { openDescriptorWords } from "../../../../src/config/plan/filters/local-ratelimit.ts";
import { OpenBuckets } from "../../../../src/dataplane/filters/local-ratelimit/open-buckets.ts";

const DESCRIPTOR = {
  entries: [{ key: "who", value: "" }],
  bucket: { tokensMax: 1, tokensPerFill: 1, fillMs: 3_600_000 },
  watches: false,
};

function memoryOf(count: number): BigInt64Array {
  return new BigInt64Array(new SharedArrayBuffer(openDescriptorWords(count) * 8));
}

describe("buckets of a descriptor with an open value", () => {
  it("are one for each value, the same for every worker whatever its own seed", () => {
    const memory = memoryOf(4);
    const workers = [new OpenBuckets(DESCRIPTOR, memory, 7n), new OpenBuckets(DESCRIPTOR, memory, 8n)] as const;
    assert.equal(workers[0].of("a", 1).take(1, 1), true);
    assert.equal(workers[1].of("a", 2).take(2, 1), false);
    assert.equal(workers[1].of("b", 2).take(2, 1), true);
    assert.equal(workers[0].of("b", 3).take(3, 1), false);
  });

  it("make room by the one unused longest", () => {
    const buckets = new OpenBuckets(DESCRIPTOR, memoryOf(2), 7n);
    assert.equal(buckets.of("a", 1).take(1, 1), true);
    assert.equal(buckets.of("b", 2).take(2, 1), true);
    assert.equal(buckets.of("a", 3).take(3, 1), false);
    assert.equal(buckets.of("c", 4).take(4, 1), true);
    assert.equal(buckets.of("a", 5).take(5, 1), false);
    assert.equal(buckets.of("b", 6).take(6, 1), true);
  });

  it("hold nearly as many values as they may when there are many", () => {
    const buckets = new OpenBuckets(DESCRIPTOR, memoryOf(2_000), 7n);
    for (let i = 0; i < 1_500; i++) buckets.of(`v${i}`, i).take(i, 1);
    let kept = 0;
    for (let i = 0; i < 1_500; i++) if (!buckets.of(`v${i}`, 2_000 + i).take(2_000 + i, 1)) kept++;
    assert.ok(kept > 1_450, `${kept}`);
  });

  it("wait only a moment for a worker that died while it took one", () => {
    const memory = memoryOf(2);
    const buckets = new OpenBuckets(DESCRIPTOR, memory, 7n);
    Atomics.store(memory, 0, 99n);
    assert.equal(buckets.of("a", 1).take(1, 1), true);
    assert.equal(Atomics.load(memory, 0), 0n);
  });
});
