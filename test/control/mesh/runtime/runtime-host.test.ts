import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { meshSubjects } from "../../../../src/control/mesh/subjects.ts";
import { encodeRuntime } from "../../../../src/control/mesh/wire/runtime-message.ts";
import type { RuntimeRecord } from "../../../../src/messages/mesh-runtime.ts";
import { RuntimeFlock } from "./runtime-flock.ts";

const GUARDED = {
  value: "100",
  rampMs: 10_000,
  steps: 10,
  guards: [{ cluster: "", rule: "cluster_error_rate<10%" }],
};

let flock: RuntimeFlock;

/** A record, or the test fails with the reason. */
async function taken(...wanted: Parameters<RuntimeFlock["change"]>): Promise<RuntimeRecord> {
  const outcome = await flock.change(...wanted);
  assert.ok(typeof outcome !== "string", String(outcome));
  return outcome;
}

function newsOf(what: string): string[] {
  return flock.nodes.flatMap(({ news }) => news.filter((one) => one.what === what).map(({ value }) => value));
}

describe("a runtime layer that nodes share", () => {
  beforeEach(() => {
    flock = new RuntimeFlock(3);
  });

  it("is on every node what one was asked for, with who asked, and a newcomer's too", async () => {
    const record = await taken({ value: "25", writer: "bob" });
    flock.clock.advanceMs(10);
    assert.equal(flock.values("routing.canary"), "25 25 25");
    flock.join("late");
    flock.clock.advanceMs(200);
    assert.equal(flock.values("routing.canary"), "25 25 25 25");
    assert.deepEqual(flock.nodes[3]?.caughtUpWith, ['{"routing.canary":"25"}']);
    const view = flock.nodes[3]?.host.view().keys[0];
    assert.deepEqual([view?.writer, view?.version, view?.driver], ["bob", record.version, ""]);
    assert.deepEqual(newsOf("changed"), ["25"]);
  });

  it("takes a key back, and the newest of two words counts everywhere", async () => {
    await taken({ value: "25" });
    await taken({ value: "30" });
    await taken({ action: "unset" });
    flock.clock.advanceMs(10);
    assert.equal(flock.values("routing.canary"), "- - -");
    assert.match(String(await flock.change({ action: "unset" })), /has no value/);
  });

  it("survives the broker, the thread of a node, and all nodes but one", async () => {
    await taken({ value: "25" });
    flock.broker.stop();
    flock.clock.advanceMs(5_000);
    flock.broker.start();
    const [first, ...others] = flock.nodes.splice(0);
    for (const node of others) node.end();
    flock.nodes.push(first as never);
    flock.join("n1");
    flock.join("n2", first?.records);
    assert.equal(flock.values("routing.canary"), "25 - 25");
    flock.clock.advanceMs(4_000);
    assert.equal(flock.values("routing.canary"), "25 25 25");
  });

  it("is the same again after sides that were apart were told different things", async () => {
    flock.broker.cut("n2");
    flock.clock.advanceMs(4_000);
    await taken({ value: "25" });
    await taken({ key: "free", value: "hello" });
    assert.equal(flock.values("routing.canary"), "25 25 -");
    flock.broker.mend("n2");
    flock.clock.advanceMs(4_000);
    assert.equal(flock.values("routing.canary"), "25 25 25");
    assert.equal(flock.values("free"), "hello hello hello");
  });

  it("moves in steps, each told once, and is done at its value", async () => {
    const record = await taken({ value: "10", rampMs: 10_000 });
    assert.deepEqual([record.from, record.steps, record.stepMs], [0, 10, 1_000]);
    flock.clock.advanceMs(5_300);
    assert.equal(flock.values("routing.canary"), "5 5 5");
    flock.clock.advanceMs(6_000);
    assert.equal(flock.values("routing.canary"), "10 10 10");
    assert.deepEqual(newsOf("step"), ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    assert.deepEqual(newsOf("done"), ["10"]);
  });

  it("goes on with a ramp when its driver is gone, and never back", async () => {
    await taken({ value: "100", rampMs: 20_000, steps: 20 });
    flock.clock.advanceMs(4_500);
    const driver = flock.nodes[0]?.host.view().keys[0]?.driver;
    const gone = flock.nodes.find(({ name }) => name === driver);
    gone?.end();
    flock.nodes.splice(flock.nodes.indexOf(gone as never), 1);
    const seen: number[] = [];
    for (let i = 0; i < 300; i++) {
      flock.clock.advanceMs(100);
      seen.push(Number(flock.nodes[0]?.values["routing.canary"]));
    }
    assert.deepEqual(
      seen,
      [...seen].sort((one, other) => one - other),
    );
    assert.equal(flock.values("routing.canary"), "100 100");
  });

  it("stops where it is, or goes back to what was before, when told", async () => {
    await taken({ value: "7" });
    await taken({ value: "100", rampMs: 100_000 });
    flock.clock.advanceMs(20_000);
    const [at] = flock.values("routing.canary").split(" ");
    await taken({ action: "stop" });
    flock.clock.advanceMs(20_000);
    assert.equal(flock.values("routing.canary"), `${at} ${at} ${at}`);
    assert.match(String(await flock.change({ action: "abort" })), /nothing moves/);
    await taken({ value: "100", rampMs: 100_000 });
    flock.clock.advanceMs(20_000);
    await taken({ action: "abort" });
    flock.clock.advanceMs(20_000);
    assert.equal(flock.values("routing.canary"), `${at} ${at} ${at}`);
  });
});

describe("a guarded ramp", () => {
  beforeEach(() => {
    flock = new RuntimeFlock(3);
  });

  it("is about the cluster that gets more, goes on while the guard holds, and watches on after its last step", async () => {
    const record = await taken(GUARDED);
    assert.deepEqual(record.guards, [{ cluster: "v2", rule: "cluster_error_rate<10%" }]);
    flock.traffic(11_000, 100, 2);
    assert.equal(flock.values("routing.canary"), "100 100 100");
    assert.deepEqual(newsOf("done"), []);
    flock.traffic(3_000, 100, 2);
    assert.deepEqual(newsOf("done"), ["100"]);
  });

  it("puts the key back everywhere within 100 ms when the mesh's rate breaks it", async () => {
    await taken({ value: "5" });
    await taken(GUARDED);
    flock.traffic(3_000, 100, 0);
    assert.notEqual(flock.values("routing.canary"), "5 5 5");
    for (let i = 0; i < 100 && newsOf("rolled_back").length === 0; i++) flock.traffic(500, 100, 60);
    flock.clock.advanceMs(100);
    assert.equal(flock.values("routing.canary"), "5 5 5");
    assert.deepEqual(newsOf("rolled_back"), ["5"]);
    const [reason] = flock.nodes.map((node) => node.host.view().keys[0]?.reason);
    assert.match(String(reason), /^v2: .* of \d+ answers failed \(cluster_error_rate<10%\)$/);
  });

  it("waits, and says so, while nobody measures: without answers, and without the figures of a node", async () => {
    await taken(GUARDED);
    flock.traffic(8_000, 0, 0);
    assert.equal(flock.values("routing.canary"), "10 10 10");
    assert.match(String(flock.nodes[0]?.host.view().keys[0]?.reason), /fewer than 20 answers/);
    flock.traffic(3_000, 100, 0);
    assert.notEqual(flock.values("routing.canary"), "10 10 10");
    const [mute] = flock.nodes.splice(2, 1);
    flock.traffic(6_000, 100, 0);
    const at = flock.values("routing.canary");
    flock.traffic(4_000, 100, 0);
    assert.equal(flock.values("routing.canary"), at);
    assert.match(String(flock.nodes[0]?.host.view().keys[0]?.reason), /no figures from n2/);
    mute?.end();
    flock.traffic(8_000, 100, 0);
    assert.notEqual(flock.values("routing.canary"), at);
  });

  it("may guard a value that holds at once", async () => {
    await taken({ ...GUARDED, rampMs: 0 });
    flock.clock.advanceMs(10);
    assert.equal(flock.values("routing.canary"), "100 100 100");
    flock.traffic(2_000, 100, 50);
    assert.equal(flock.values("routing.canary"), "- - -");
  });
});

describe("a node that is asked for what cannot be", () => {
  beforeEach(() => {
    flock = new RuntimeFlock(1);
  });

  for (const [name, wanted, reason] of [
    [
      "an unknown key, with the one that may be meant",
      { key: "routing.canari", value: "1" },
      /did you mean routing.canary/,
    ],
    ["a share that is none", { value: "half" }, /takes percent as a whole number/],
    ["a weight that is none", { key: "split.v1", value: "1.5" }, /takes a whole number/],
    [
      "a ramp between texts",
      { key: "free", value: "b", from: "a", rampMs: 1_000 },
      /from a whole number to a whole number/,
    ],
    ["a ramp from nowhere", { key: "free", value: "10", rampMs: 1_000 }, /say --from/],
    ["a guard about several clusters", { ...GUARDED, key: "split.v1", value: "10" }, /v2, v3\): say --guard-cluster/],
    ["a guard about nobody", { ...GUARDED, key: "free", from: "0" }, /say --guard-cluster/],
    [
      "a guard about a stranger",
      { ...GUARDED, guards: [{ cluster: "v9", rule: "cluster_p99<1s" }] },
      /no cluster 'v9'/,
    ],
    ["to stop what does not move", { action: "stop" }, /nothing moves/],
  ] as const) {
    it(`refuses ${name}, counts it and tells the world`, async () => {
      assert.match(String(await flock.change(wanted)), reason);
      assert.equal(flock.nodes[0]?.counted.get("runtime_refused"), 1);
      assert.deepEqual(
        flock.nodes[0]?.news.map(({ what }) => what),
        ["refused"],
      );
    });
  }

  it("takes an unknown key that is meant, and so many keys and no more", async () => {
    for (let i = 0; i < 256; i++) await taken({ key: `k${i}`, value: "1", anyKey: true });
    assert.match(
      String(await flock.change({ key: "one.more", value: "1", anyKey: true })),
      /256 keys, and takes no more/,
    );
    await taken({ key: "k7", action: "unset" });
    await taken({ key: "one.more", value: "1", anyKey: true });
    const late = flock.join("late");
    flock.clock.advanceMs(3_000);
    assert.equal(Object.keys(late.values).length, 256);
  });

  it("drops and counts what is no message, or is one that does not belong there", () => {
    const { clientBus, nodes, clock } = flock;
    const { runtimeRecord, runtimeSet } = meshSubjects("m");
    const pull = encodeRuntime({ type: "pull", after: "", node: "x", instance: "d".repeat(32) });
    for (const bytes of [new Uint8Array([1, 2, 3]), new Uint8Array(0), pull]) clientBus.publish(runtimeRecord, bytes);
    clientBus.publish(runtimeSet, new Uint8Array(70_000 % 65_536));
    clock.advanceMs(10);
    assert.equal(nodes[0]?.counted.get("runtime_malformed"), 4);
    assert.deepEqual(nodes[0]?.values, {});
  });

  it("is not there: the client hears that no node is", async () => {
    flock.nodes[0]?.end();
    flock.clock.advanceMs(10);
    assert.match(String(await flock.change({ value: "1" })), /no node of the mesh 'm'/);
  });
});
