// Announcers and those who take their endpoints, each on a bus of its own with a broker and a network between them.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { SeededRandom } from "../../../../src/base/random.ts";
import { addressText } from "../../../../src/config/plan/address.ts";
import { type AnnounceFinding, AnnounceHost } from "../../../../src/control/mesh/announce/announce-host.ts";
import { Announcer } from "../../../../src/control/mesh/announce/announcer.ts";
import type { BusEvent } from "../../../../src/control/mesh/bus/bus.ts";
import { meshSubjects } from "../../../../src/control/mesh/subjects.ts";
import { decode } from "../../../../src/control/mesh/wire/decode.ts";
import { encode } from "../../../../src/control/mesh/wire/encode.ts";
import { SimulatedBroker } from "../../../support/simulated-broker.ts";
import { SimulatedBus } from "../../../support/simulated-bus.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";
import { announced } from "./announce-simulation.ts";

const subjects = meshSubjects("default");
const TAKES = [{ cluster: "orders", service: "shop orders" }];

let clock: VirtualClock;
let broker: SimulatedBroker;
let taker: Taker;

/** What a proxy does with announcements. */
class Taker {
  readonly bus: SimulatedBus;
  readonly host: AnnounceHost;
  readonly counted: string[] = [];
  private readonly hosts = new Set<string>();

  constructor(name: string) {
    this.bus = new SimulatedBus(broker, name, (event) => this.onBusEvent(event));
    const { wheel } = clock;
    this.host = new AnnounceHost({
      clock,
      wheel,
      bus: this.bus,
      subjects,
      self: { node: name, instance: name.charCodeAt(0).toString(16).padStart(32, "0") },
      isSuccessor: false,
      takesLoopback: true,
      tell: (finding) => this.take(finding),
      count: (counter) => this.counted.push(counter),
    });
    this.host.assign(TAKES, []);
    this.bus.subscribe(subjects.allBeats, ({ payload }) => {
      const decoded = decode(payload);
      if (decoded.kind === "message") this.host.heard(decoded.message);
    });
  }

  get addresses(): string[] {
    return [...this.hosts].sort();
  }

  private onBusEvent(event: BusEvent): void {
    if (event.type !== "connected" && event.type !== "disconnected") return;
    this.host.busChanged(event.type === "connected");
    if (event.type === "connected") this.bus.publish(subjects.hello, this.hello());
    this.host.joined();
  }

  private hello(): Uint8Array {
    return encode({ type: "hello", node: "taker", instance: "f".repeat(32), epoch: 1 });
  }

  private take(finding: AnnounceFinding): void {
    if (finding.type === "endpoints-found") {
      this.hosts.clear();
      for (const { address } of finding.endpoints) this.hosts.add(addressText(address));
    } else if (finding.type === "endpoints-moved") {
      for (const { address } of finding.removed) this.hosts.delete(addressText(address));
      for (const { address } of finding.added) this.hosts.add(addressText(address));
    }
  }
}

function announcer(name: string, port: number): { announcer: Announcer; events: string[] } {
  const events: string[] = [];
  const made = new Announcer({
    clock,
    wheel: clock.wheel,
    subjects,
    self: { node: name, instance: port.toString(16).padStart(32, "a") },
    announce: [{ service: "shop orders", endpoints: [announced(port)] }],
    openBus: (onEvent) => new SimulatedBus(broker, name, onEvent),
    onBusEvent: ({ type }) => events.push(type),
  });
  return { announcer: made, events };
}

describe("an announcing process", () => {
  beforeEach(() => {
    clock = new VirtualClock(1);
    broker = new SimulatedBroker({ clock, wheel: clock.wheel, random: new SeededRandom(1) });
    taker = new Taker("taker");
    clock.advanceMs(100);
  });

  it("is in rotation as soon as it is connected, and out as soon as it ends", async () => {
    const { announcer: app, events } = announcer("app", 8080);
    clock.advanceMs(50);
    assert.deepEqual([taker.addresses, events], [["127.0.0.1:8080"], ["connected"]]);
    const end = app.stop();
    clock.advanceMs(20);
    await end;
    assert.deepEqual(taker.addresses, []);
  });

  it("stays as long as it beats", () => {
    announcer("app", 8080);
    clock.advanceMs(30_000);
    assert.deepEqual(taker.addresses, ["127.0.0.1:8080"]);
  });

  it("is out five to six seconds after it was cut off, and back soon after it can be heard again", () => {
    announcer("app", 8080);
    clock.advanceMs(1_000);
    broker.cut("app");
    clock.advanceMs(4_000);
    assert.deepEqual(taker.addresses, ["127.0.0.1:8080"]);
    clock.advanceMs(2_000);
    assert.deepEqual(taker.addresses, []);
    broker.mend("app");
    clock.advanceMs(3_000);
    assert.deepEqual(taker.addresses, ["127.0.0.1:8080"]);
  });

  it("answers who comes later", () => {
    announcer("app", 8080);
    clock.advanceMs(1_500);
    const late = new Taker("late");
    clock.advanceMs(200);
    assert.deepEqual(late.addresses, ["127.0.0.1:8080"]);
  });

  it("stays in rotation while the broker is down, however long, and after it came back", () => {
    announcer("app", 8080);
    clock.advanceMs(1_000);
    broker.stop();
    clock.advanceMs(60_000);
    assert.deepEqual(taker.addresses, ["127.0.0.1:8080"]);
    broker.start();
    clock.advanceMs(10_000);
    assert.deepEqual(taker.addresses, ["127.0.0.1:8080"]);
  });

  it("loses nothing by garbage that others send on its subject, which is counted", () => {
    const stranger = new SimulatedBus(broker, "stranger", () => {});
    clock.advanceMs(50);
    stranger.publish(subjects.endpoints("shop orders", "x"), Buffer.from("mesh.default"));
    announcer("app", 8080);
    clock.advanceMs(50);
    assert.deepEqual(taker.addresses, ["127.0.0.1:8080"]);
    assert.deepEqual(taker.counted.slice(0, 2), ["announcements_heard", "announcements_malformed"]);
  });

  it("is not heard by a node whose clusters take another service, and by one that takes it no longer", () => {
    announcer("app", 8080);
    taker.host.assign([{ cluster: "orders", service: "elsewhere" }], []);
    clock.advanceMs(3_000);
    assert.deepEqual([taker.addresses, taker.counted], [[], []]);
  });
});
