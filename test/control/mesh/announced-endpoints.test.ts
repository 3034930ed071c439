// Announced endpoints through whole mesh actors on a simulated broker: from one node's file to what another tells its supervisor.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { addressText } from "../../../src/config/plan/address.ts";
import { Announcer } from "../../../src/control/mesh/announce/announcer.ts";
import { meshSubjects } from "../../../src/control/mesh/subjects.ts";
import { encodeAnnouncement } from "../../../src/control/mesh/wire/announcement.ts";
import { SimulatedBus } from "../../support/simulated-bus.ts";
import { announced } from "./announce/announce-simulation.ts";
import { type FlockNode, MeshFlock } from "./mesh-flock.ts";

const TAKES = { clusters: [{ cluster: "orders", service: "shop" }] };

let flock: MeshFlock;
let taker: FlockNode;

/** Addresses of the cluster as the node's supervisor has them; null: it was told nothing. */
function addresses({ outputs }: Pick<FlockNode, "outputs">): string[] | null {
  let held: Set<string> | null = null;
  for (const output of outputs) {
    if (output.type === "endpoints-found") held = new Set(output.endpoints.map(({ address }) => addressText(address)));
    if (output.type !== "endpoints-moved") continue;
    for (const { address } of output.removed) held?.delete(addressText(address));
    for (const { address } of output.added) held?.add(addressText(address));
  }
  return held === null ? null : [...held].sort();
}

function announcer(port: number): Announcer {
  const node = `app~${port}`;
  return new Announcer({
    clock: flock.clock,
    wheel: flock.clock.wheel,
    subjects: meshSubjects("m"),
    self: { node, instance: port.toString(16).padStart(32, "a") },
    announce: [{ service: "shop", endpoints: [announced(port)] }],
    openBus: (onEvent) => new SimulatedBus(flock.broker, node, onEvent),
    onBusEvent: () => {},
  });
}

describe("a mesh actor whose cluster takes what is announced", () => {
  beforeEach(() => {
    flock = new MeshFlock(1);
    taker = flock.join("taker", TAKES);
    flock.clock.advanceMs(6_000);
  });

  it("tells what a node announces, and that the node has left, before it is gone", () => {
    const app = flock.join("app", { announce: [{ service: "shop", endpoints: [announced(8080)] }] });
    flock.clock.advanceMs(6_000);
    assert.deepEqual(addresses(taker), ["127.0.0.1:8080"]);
    app.actor.stop();
    flock.clock.advanceMs(20);
    assert.deepEqual(addresses(taker), []);
  });

  it("tells a node's own endpoints too", () => {
    const both = flock.join("both", { ...TAKES, announce: [{ service: "shop", endpoints: [announced(8080)] }] });
    flock.clock.advanceMs(6_000);
    assert.deepEqual(addresses(both), ["127.0.0.1:8080"]);
  });

  it("knows what was announced before it came when it says that it is ready", () => {
    announcer(8080);
    flock.clock.advanceMs(3_000);
    const late = flock.join("late", TAKES);
    const readyAt = () => late.outputs.findIndex((output) => output.type === "readiness-changed" && output.isReady);
    flock.until(() => readyAt() >= 0, 5_000);
    assert.ok(readyAt() > 0);
    const before = { outputs: late.outputs.slice(0, readyAt()) };
    assert.deepEqual(addresses(before), ["127.0.0.1:8080"]);
  });

  it("reckons with no announcer as with a node, and counts what it hears and loses", () => {
    announcer(8080);
    flock.clock.advanceMs(3_000);
    assert.deepEqual([taker.stat("nodes"), addresses(taker)], [1, ["127.0.0.1:8080"]]);
    flock.broker.cut("app~8080");
    const tookMs = flock.until(() => addresses(taker)?.length === 0, 10_000);
    assert.ok(tookMs > 3_900 && tookMs < 5_500, `${tookMs} ms`);
    assert.equal(taker.stat("leases_lost"), 1);
    assert.ok(taker.stat("announcements_heard") > 0);
  });

  it("drops and counts whatever else comes on the subjects of its services, and goes on", () => {
    announcer(8080);
    const good = encodeAnnouncement({
      node: "stranger",
      instance: "b".repeat(32),
      sequence: 1,
      service: "shop",
      endpoints: [announced(9090)],
    });
    for (let i = 0; i < 400; i++) {
      const bad = good.slice(0, i % 7 === 0 ? flock.random.below(good.length) : good.length);
      for (let at = 0; at <= i % 5; at++) bad[flock.random.below(bad.length || 1)] = flock.random.below(256);
      flock.onlooker.publish(`mesh.m.endpoints.shop.n${i % 3}`, bad);
      flock.clock.advanceMs(5);
    }
    flock.onlooker.publish("mesh.m.endpoints.shop.big", new Uint8Array(65_536));
    flock.clock.advanceMs(20);
    const before = taker.stat("announcements_malformed");
    assert.ok(before > 200, `${before}`);
    for (const address of addresses(taker) ?? []) assert.match(address, /^(\d+\.){3}\d+:\d+$/);
    flock.clock.advanceMs(12_000);
    assert.deepEqual(addresses(taker), ["127.0.0.1:8080"], "who never beats has no lease for long");
  });

  it("tells leases once a second while somebody announces", () => {
    announcer(8080);
    flock.clock.advanceMs(3_000);
    const told = taker.outputs.filter((output) => output.type === "leases-told");
    assert.ok(told.length >= 2 && told.length <= 4, `${told.length}`);
    const [first] = told.at(-1)?.leases ?? [];
    assert.equal(first?.node, "app~8080");
    assert.ok((first?.remainingMs ?? 0) > 3_900);
  });
});
