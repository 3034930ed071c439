import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { sharesOf, ThreadMeter } from "../../src/base/thread-use.ts";

describe("what a thread has used", () => {
  it("is told since the last look", () => {
    const meter = new ThreadMeter();
    const spunMs = spin(5);
    const { cpuMs } = meter.look();
    assert.ok(cpuMs >= 5, `${cpuMs} of ${spunMs} ms`);
    spin(1);
    assert.ok(meter.look().cpuMs >= 1);
  });

  it("is a share of the time between: at most one core, and nothing where no time went by", () => {
    assert.deepEqual(sharesOf({ cpuMs: 250, busyMs: 400, idleMs: 600 }), { cpu: 0.25, busy: 0.4 });
    assert.deepEqual(sharesOf({ cpuMs: 1_100, busyMs: 1_000, idleMs: 0 }), { cpu: 1, busy: 1 });
    assert.deepEqual(sharesOf({ cpuMs: 1, busyMs: 0, idleMs: 0 }), { cpu: 0, busy: 0 });
  });
});

/** Uses so much of the processor; answers how much it was. */
function spin(ms: number): number {
  const start = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(start);
    const spunMs = (user + system) / 1_000;
    if (spunMs >= ms) return spunMs;
  }
}
