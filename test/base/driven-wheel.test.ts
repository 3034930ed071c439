import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { DrivenWheel } from "../../src/base/driven-wheel.ts";
import { Timer } from "../../src/base/timer-wheel.ts";

describe("a wheel that turns by itself", () => {
  it("runs only while it holds a timer, and fires it", async () => {
    const wheel = new DrivenWheel(systemClock, 1);
    assert.equal(wheel.running, false);
    const { promise, resolve } = Promise.withResolvers<void>();
    // The interval does not hold the process; this does until the timer has fired.
    const hold = setInterval(() => {}, 1_000);
    wheel.arm(new Timer(resolve), 3);
    assert.equal(wheel.running, true);
    await promise;
    while (wheel.running) await new Promise((done) => setImmediate(done));
    clearInterval(hold);
    assert.equal(wheel.size, 0);
  });

  it("can be stopped with timers armed", () => {
    const wheel = new DrivenWheel(systemClock, 1);
    wheel.arm(new Timer(() => assert.fail("fired")), 1);
    wheel.stop();
    assert.equal(wheel.running, false);
  });
});
