import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
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

  it("reads what has come before it finds a time-out over, when its thread was held up", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [[peer]] = await Promise.all([accepted, once(client, "connect")]);
    const seen: string[] = [];
    const read = once(
      peer.on("data", () => seen.push("read")),
      "data",
    );
    const { promise: over, resolve } = Promise.withResolvers<void>();
    await new Promise((turn) => setImmediate(turn));
    client.write("answer");
    const wheel = new DrivenWheel(systemClock, 1);
    wheel.arm(
      new Timer(() => {
        seen.push("time-out");
        resolve();
      }),
      5,
    );
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    await Promise.all([read, over]);
    client.destroy();
    peer.destroy();
    server.close();
    assert.deepEqual(seen, ["read", "time-out"]);
  });

  it("can be stopped with timers armed", () => {
    const wheel = new DrivenWheel(systemClock, 1);
    wheel.arm(new Timer(() => assert.fail("fired")), 1);
    wheel.stop();
    assert.equal(wheel.running, false);
  });
});
