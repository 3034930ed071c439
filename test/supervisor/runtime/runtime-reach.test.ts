import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { RuntimeReach } from "../../../src/supervisor/runtime/runtime-reach.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

describe("who waits until every worker has the runtime's values", () => {
  const scene = () => {
    const clock = new VirtualClock();
    let applied = 0;
    const reach = new RuntimeReach(clock.wheel, (version) => applied >= version);
    const done: number[] = [];
    const wait = (version: number) => reach.wait(version).then(() => done.push(version));
    const apply = async (version: number) => {
      applied = version;
      reach.look();
      await Promise.resolve();
    };
    return { clock, done, wait, apply };
  };

  it("hears of it when the last has taken them, and at once when all have", async () => {
    const { done, wait, apply } = scene();
    void wait(2);
    void wait(3);
    await apply(1);
    assert.deepEqual(done, []);
    await apply(2);
    assert.deepEqual(done, [2]);
    await apply(3);
    await wait(1);
    assert.deepEqual(done, [2, 3, 1]);
  });

  it("waits a second for a worker that hangs, not longer", async () => {
    const { clock, done, wait } = scene();
    const waiting = wait(1);
    clock.advanceMs(900);
    assert.deepEqual(done, []);
    clock.advanceMs(300);
    await waiting;
    assert.deepEqual(done, [1]);
  });
});
