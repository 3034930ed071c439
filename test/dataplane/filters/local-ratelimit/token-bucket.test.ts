import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, it } from "mocha";
import { TokenBucket } from "../../../../src/dataplane/filters/local-ratelimit/token-bucket.ts";

const URL_OF_BUCKET = new URL("../../../../src/dataplane/filters/local-ratelimit/token-bucket.ts", import.meta.url)
  .href;

function words(): BigInt64Array {
  return new BigInt64Array(new SharedArrayBuffer(8));
}

/** How many of `tries` single tokens are given at this time. */
function taken(bucket: TokenBucket, nowMs: number, tries: number): number {
  let count = 0;
  for (let i = 0; i < tries; i++) if (bucket.take(nowMs, 1)) count++;
  return count;
}

describe("a token bucket", () => {
  it("begins full, and fills steadily up to the brim", () => {
    const bucket = new TokenBucket({ tokensMax: 10, tokensPerFill: 2, fillMs: 1_000 }, words(), 0);
    assert.equal(taken(bucket, 5_000, 20), 10);
    assert.equal(bucket.untilTokenMs(5_000), 500);
    assert.equal(taken(bucket, 5_499, 20), 0);
    assert.equal(taken(bucket, 5_500, 20), 1);
    assert.equal(bucket.remaining(7_000), 3);
    assert.equal(taken(bucket, 1_000_000, 20), 10);
  });

  it("is not full again because it was emptied at the beginning of time", () => {
    const bucket = new TokenBucket({ tokensMax: 2, tokensPerFill: 1, fillMs: 1_000 }, words(), 0);
    assert.equal(taken(bucket, 0, 5), 2);
    assert.equal(taken(bucket, 0, 5), 0);
  });

  it("gives all of several tokens or none, and takes some back up to the brim", () => {
    const bucket = new TokenBucket({ tokensMax: 5, tokensPerFill: 1, fillMs: 60_000 }, words(), 0);
    assert.equal(bucket.take(1, 3), true);
    assert.equal(bucket.take(1, 3), false);
    assert.equal(bucket.take(1, 6), false);
    assert.equal(bucket.remaining(1), 2);
    bucket.giveBack(1, 100);
    assert.equal(bucket.remaining(1), 5);
  });

  it("never gives more than it held and what came in, and no whole token less, whoever asks when", () => {
    const plan = fc.record({
      tokensMax: fc.integer({ min: 1, max: 50 }),
      tokensPerFill: fc.integer({ min: 1, max: 50 }),
      fillMs: fc.integer({ min: 50, max: 5_000 }),
    });
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 4 })), {
      minLength: 50,
    });
    fc.assert(
      fc.property(plan, steps, (bucketPlan, asked) => {
        const memory = words();
        const workers = [new TokenBucket(bucketPlan, memory, 0), new TokenBucket(bucketPlan, memory, 0)] as const;
        const perMs = bucketPlan.tokensPerFill / bucketPlan.fillMs;
        let nowMs = 1_000_000;
        let level = bucketPlan.tokensMax;
        for (const [at, [waitMs, tokens]] of asked.entries()) {
          nowMs += waitMs;
          level = Math.min(bucketPlan.tokensMax, level + waitMs * perMs);
          const given = (workers[at % 2] as TokenBucket).take(nowMs, tokens);
          assert.ok(given ? level >= tokens - 1e-6 : level < tokens + 1e-6, `${given} at ${level} for ${tokens}`);
          level -= given ? tokens : 0;
        }
      }),
    );
  });

  it("gives each token once when three threads take at once", async () => {
    const memory = words();
    const start = new Int32Array(new SharedArrayBuffer(4));
    const code = `
      const { parentPort, workerData } = require("node:worker_threads");
      import(workerData.url).then(({ TokenBucket }) => {
        const bucket = new TokenBucket({ tokensMax: 6000, tokensPerFill: 1, fillMs: 3600000 }, workerData.memory, 0);
        parentPort.postMessage("ready");
        Atomics.wait(workerData.start, 0, 0);
        let given = 0;
        for (let i = 0; i < 6000; i++) if (bucket.take(1000, 1)) given++;
        parentPort.postMessage(given);
      });`;
    const threads = Array.from(
      { length: 3 },
      () => new Worker(code, { eval: true, workerData: { url: URL_OF_BUCKET, memory, start } }),
    );
    const next = (thread: Worker): Promise<unknown> => new Promise((resolve) => thread.once("message", resolve));
    await Promise.all(threads.map(next));
    const counts = threads.map(next);
    Atomics.store(start, 0, 1);
    Atomics.notify(start, 0);
    const given = (await Promise.all(counts)) as number[];
    assert.equal(
      given.reduce((sum, count) => sum + count, 0),
      6_000,
    );
    await Promise.all(threads.map((thread) => thread.terminate()));
  });
});
