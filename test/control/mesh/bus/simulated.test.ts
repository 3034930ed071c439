import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../../src/base/random.ts";
import type { BusEvent, RequestOutcome } from "../../../../src/control/mesh/bus/bus.ts";
import { FAIR_WEATHER, SimulatedBroker, type Weather } from "../../../support/simulated-broker.ts";
import { SimulatedBus } from "../../../support/simulated-bus.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";
import { busContract } from "./contract.ts";
import type { BusStage, Member } from "./contract-stage.ts";

busContract("a simulated broker", async () => new SimulatedStage(1));

describe("the simulated broker", () => {
  it("loses, doubles and reorders messages as the weather says, and the same for one seed", () => {
    const rough: Weather = { delayMsMin: 1, delayMsMax: 20, lost: 100, doubled: 100, reordered: 100 };
    const first = receivedIn(rough, 7);
    assert.deepEqual(receivedIn(rough, 7), first);
    assert.notDeepEqual(receivedIn(rough, 8), first);
    const distinct = new Set(first).size;
    // Both ways lose a tenth, so about 810 of 1,000 come.
    assert.ok(distinct > 750 && distinct < 870, `${distinct} came`);
    assert.ok(first.length - distinct > 100, `${first.length - distinct} came twice`);
    assert.ok(first.filter((number, at) => number < (first[at - 1] ?? 0)).length > 50);
    assert.deepEqual(
      receivedIn(FAIR_WEATHER, 7),
      Array.from({ length: 1_000 }, (_, i) => i),
    );
  });

  it("delays what a short cut holds up, and loses nothing", () => {
    const { clock, broker, one, two, heard } = pair();
    broker.cut("two");
    assert.equal(one.publish("x", new Uint8Array([1])), "sent");
    clock.advanceMs(1_500);
    assert.deepEqual([heard, two.isConnected], [[], true]);
    broker.mend("two");
    one.publish("x", new Uint8Array([2]));
    clock.advanceMs(20);
    assert.deepEqual(heard, [1, 2]);
  });

  it("lets a node notice a long cut in three seconds, and come back after it without what it missed", () => {
    const { clock, broker, one, two, heard, events } = pair();
    broker.cut("two");
    one.publish("x", new Uint8Array([1]));
    assert.equal(two.publish("x", new Uint8Array([3])), "sent");
    clock.advanceMs(3_000);
    assert.deepEqual(events.slice(1), [{ type: "disconnected", reason: "no answer to two pings" }]);
    clock.advanceMs(5_000);
    assert.deepEqual(events.slice(2), [{ type: "disconnected", reason: "no answer" }]);
    broker.mend("two");
    clock.advanceMs(1_600);
    one.publish("x", new Uint8Array([2]));
    clock.advanceMs(20);
    assert.deepEqual([heard, two.isConnected], [[2], true]);
  });

  it("goes on giving a group's messages to a member it does not know to be cut off, until its own pings tell", () => {
    const { clock, broker, one } = pair();
    const outcomes: RequestOutcome[] = [];
    const askTwo = (): void => one.request("two.only", new Uint8Array(), 100, (outcome) => outcomes.push(outcome));
    broker.cut("two");
    askTwo();
    clock.advanceMs(29_000);
    askTwo();
    clock.advanceMs(2_000);
    askTwo();
    clock.advanceMs(200);
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ["timeout", "timeout", "no-responders"],
    );
  });
});

interface Pair {
  readonly clock: VirtualClock;
  readonly broker: SimulatedBroker;
  readonly one: SimulatedBus;
  readonly two: SimulatedBus;
  readonly heard: number[];
  readonly events: BusEvent[];
}

/** Two nodes, of which the second listens to `x` and, silently, to `two.only`; its events. */
function pair(): Pair {
  const clock = new VirtualClock(1);
  const broker = new SimulatedBroker({ clock, wheel: clock.wheel, random: new SeededRandom(3) });
  const events: BusEvent[] = [];
  const heard: number[] = [];
  const one = new SimulatedBus(broker, "one", () => {});
  const two = new SimulatedBus(broker, "two", (event) => events.push(event));
  two.subscribe("x", ({ payload }) => heard.push(payload[0] ?? -1));
  two.subscribe("two.only", () => {}, "group");
  clock.advanceMs(20);
  return { clock, broker, one, two, heard, events };
}

/** The numbers that a node hears of 1,000 that another sends, ten milliseconds apart. */
function receivedIn(weather: Weather, seed: number): number[] {
  const clock = new VirtualClock(1);
  const broker = new SimulatedBroker({ clock, wheel: clock.wheel, random: new SeededRandom(seed) });
  const sender = new SimulatedBus(broker, "sender", () => {});
  const receiver = new SimulatedBus(broker, "receiver", () => {});
  const heard: number[] = [];
  receiver.subscribe("numbers", ({ payload }) => heard.push(Buffer.from(payload).readUInt16BE()));
  clock.advanceMs(20);
  broker.weather = weather;
  for (let number = 0; number < 1_000; number++) {
    sender.publish("numbers", Buffer.from([number >> 8, number & 0xff]));
    clock.advanceMs(10);
  }
  clock.advanceMs(100);
  return heard;
}

/** The contract's stage in simulated time. */
class SimulatedStage implements BusStage {
  private readonly clock = new VirtualClock(1);
  private readonly broker: SimulatedBroker;
  private members = 0;

  constructor(seed: number) {
    this.broker = new SimulatedBroker({
      clock: this.clock,
      wheel: this.clock.wheel,
      random: new SeededRandom(seed),
    });
  }

  async join(): Promise<Member> {
    const events: BusEvent[] = [];
    const bus = new SimulatedBus(this.broker, `node-${++this.members}`, (event) => events.push(event));
    await this.settle();
    return { bus, events };
  }

  async until(condition: () => boolean): Promise<void> {
    for (let ms = 0; ms < 20_000 && !condition(); ms += 10) await this.pass(10);
    assert.ok(condition(), `never came true: ${condition}`);
  }

  settle(): Promise<void> {
    return this.pass(20);
  }

  async stopBroker(): Promise<void> {
    this.broker.stop();
  }

  async startBroker(): Promise<void> {
    this.broker.start();
  }

  async close(): Promise<void> {}

  private async pass(ms: number): Promise<void> {
    this.clock.advanceMs(ms);
    await new Promise(setImmediate);
  }
}
