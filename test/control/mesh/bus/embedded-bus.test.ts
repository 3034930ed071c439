import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../../../src/base/clock.ts";
import { DrivenWheel } from "../../../../src/base/driven-wheel.ts";
import { SeededRandom } from "../../../../src/base/random.ts";
import type { serveBroker } from "../../../../src/control/mesh/bus/broker/broker-server.ts";
import type { BusEvent } from "../../../../src/control/mesh/bus/bus.ts";
import { EmbeddedBus } from "../../../../src/control/mesh/bus/embedded-bus.ts";
import { BusProcess } from "../../../support/bus-process.ts";
import { EmbeddedBroker } from "../../../support/bus-stage.ts";
import { freePort } from "../../../support/live-proxy.ts";
import { eventually } from "../../../support/nodes.ts";

describe("a bus with its broker embedded", () => {
  let port: number;
  let wheel: DrivenWheel;
  let buses: EmbeddedBus[];
  let processes: BusProcess[];

  beforeEach(async () => {
    port = await freePort();
    wheel = new DrivenWheel(systemClock);
    buses = [];
    processes = [];
  });

  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await Promise.all(processes.map((one) => one.kill()));
    wheel.stop();
  });

  it("serves in the first process, and the others connect to it", async () => {
    const [one, two, three] = [start(1), start(2), start(3)];
    await eventually(() => buses.every((bus) => bus.isConnected));
    assert.equal(buses.filter((bus) => bus.isServing).length, 1);
    const heard: string[] = [];
    for (const { bus } of [one, two, three])
      bus.subscribe("hello", ({ payload }) => heard.push(Buffer.from(payload).toString()));
    await Promise.all(buses.map((bus) => bus.flush()));
    two.bus.publish("hello", Buffer.from("all"));
    await eventually(() => heard.length === 3);
    assert.deepEqual(one.events, [{ type: "connected", server: `127.0.0.1:${port}` }]);
  });

  it("goes on with another process when the one that serves is killed, within three seconds", async () => {
    const first = new BusProcess(port, "first");
    processes.push(first);
    await first.says("serving");
    const [one, two] = [start(1), start(2)];
    await eventually(() => buses.every((bus) => bus.isConnected));
    assert.ok(buses.every((bus) => !bus.isServing));
    const since = systemClock.nowMs();
    await first.kill();
    // By what they told: one may be back before the other has noticed.
    await eventually(() => [one, two].every(({ events }) => events.some(({ type }) => type === "disconnected")));
    await eventually(() => buses.every((bus) => bus.isConnected));
    assert.ok(systemClock.nowMs() - since < 3_000, `${systemClock.nowMs() - since} ms`);
    assert.equal(buses.filter((bus) => bus.isServing).length, 1);
    const heard: string[] = [];
    one.bus.subscribe("again", ({ subject }) => heard.push(subject));
    await one.bus.flush();
    two.bus.publish("again", new Uint8Array());
    await eventually(() => heard.length === 1);
    const again = new BusProcess(port, "again");
    processes.push(again);
    await again.says("connected");
    assert.ok(!again.text.includes("serving"));
  });

  it("goes on when the one that serves leaves", async () => {
    const one = start(1);
    await eventually(() => one.bus.isConnected);
    const two = start(2);
    await eventually(() => two.bus.isConnected);
    await one.bus.close();
    await eventually(() => two.bus.isServing && two.bus.isConnected);
  });

  it("says why it cannot serve, and goes on trying", async () => {
    let tries = 0;
    const { events } = start(1, async () => ({ kind: "fault", code: `EACCES ${++tries > 2 ? "still" : ""}` }));
    await eventually(() => events.length === 2);
    assert.deepEqual(events, [
      { type: "disconnected", reason: "connection refused; cannot serve: EACCES " },
      { type: "disconnected", reason: "connection refused; cannot serve: EACCES still" },
    ]);
  });

  it("connects to a broker that is there already", async () => {
    const broker = new EmbeddedBroker();
    await broker.start();
    port = broker.port;
    const { bus } = start(1);
    await eventually(() => bus.isConnected);
    assert.ok(!bus.isServing);
    await bus.close();
    await broker.stop();
  });

  function start(
    seed: number,
    serve?: typeof serveBroker,
  ): { readonly bus: EmbeddedBus; readonly events: readonly BusEvent[] } {
    const events: BusEvent[] = [];
    const parts = { wheel, random: new SeededRandom(seed), onEvent: (event: BusEvent) => void events.push(event) };
    const bus = new EmbeddedBus(parts, { port, name: `node-${seed}` }, serve);
    buses.push(bus);
    return { bus, events };
  }
});
