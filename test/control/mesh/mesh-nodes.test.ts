// Whole nodes of a mesh but for threads and sockets: mesh actor, codec, bus and judge together. The rules themselves are tested where they are.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Doubt } from "../../../src/telemetry/doubt-table.ts";
import { outcome } from "../health/health-simulation.ts";
import { MeshFlock } from "./mesh-flock.ts";

const OUT = "/failed_active_hc";

describe("nodes of a mesh", () => {
  it("have each endpoint probed by two of five, and know how it stands on all", () => {
    const flock = new MeshFlock(12);
    flock.start(5);
    const probes = flock.probesIn(10_000);
    for (const byNode of probes) assert.deepEqual(byNode.filter((count) => count > 0).map(inTens), [1, 1]);
    assert.deepEqual([...new Set(flock.slots.flatMap((slot) => flock.texts(slot)))], ["healthy"]);
    assert.equal(flock.nodes[0]?.stat("nodes"), 5);
    assert.equal(flock.nodes[0]?.stat("targets"), 12);
    assert.equal(sum(flock.nodes.map((node) => node.stat("targets_probed"))), 24);
  });

  it("probe what they share each for itself when they are two", () => {
    const flock = new MeshFlock(3);
    flock.start(2);
    assert.deepEqual(
      flock.probesIn(10_000).map((byNode) => byNode.map(inTens)),
      Array(3).fill([1, 1]),
    );
  });

  it("probe each endpoint from as many as they are told, and damp what flaps when they are told to", () => {
    const flock = new MeshFlock(4);
    for (const name of ["n0", "n1", "n2", "n3"]) flock.join(name, { owners: 3, flapDamping: true });
    flock.clock.advanceMs(6_000);
    for (const byNode of flock.probesIn(10_000)) {
      assert.deepEqual(byNode.filter((count) => count > 0).map(inTens), [1, 1, 1]);
    }
    const recoveryMs = (): number => {
      flock.script(0, outcome("refused"));
      flock.until(() => flock.texts(0).every(isOut), 5_000);
      flock.script(0, outcome("success"));
      return flock.until(() => flock.texts(0).every((text) => text === "healthy"), 30_000);
    };
    const times = Array.from({ length: 4 }, recoveryMs);
    assert.ok((times[3] ?? 0) > 1.5 * (times[0] ?? 0), times.join());
  });

  it("put an endpoint that refuses out on all five within a tenth of a second of its detection, and tell it once", () => {
    const flock = new MeshFlock(4);
    flock.start(5);
    flock.events.length = 0;
    flock.script(2, outcome("refused", { reason: "HTTP 503" }));
    flock.until(() => flock.texts(2).includes(OUT), 3_000);
    assert.ok(flock.until(() => flock.texts(2).every((text) => text === OUT), 3_000) < 100);
    flock.clock.advanceMs(3_000);
    const health = flock.events.filter(({ subject }) => subject.includes(".health."));
    assert.deepEqual(
      health.map(({ subject, data }) => [subject, data["from"], data["to"], data["reason"], data["scope"]]),
      [["mesh.m.events.health.c.127_0_0_1_82", "healthy", "unhealthy", "HTTP 503", "mesh"]],
    );
  });

  it("put one that hangs out everywhere a timeout and a bit after its first detection", () => {
    const flock = new MeshFlock(3);
    flock.start(5);
    flock.script(0, "hang");
    flock.until(() => flock.texts(0).some(isOut), 6_000);
    assert.ok(flock.until(() => flock.texts(0).every(isOut), 3_000) <= 400);
    flock.clock.advanceMs(5_000);
    assert.ok(flock.texts(0).every(isOut));
  });

  it("find out sooner what requests of others run into, on those who probe", () => {
    const flock = new MeshFlock(1);
    flock.start(4);
    const [idle] = flock.nodes.filter(({ judge }) => judge.startsOf(0) === 0);
    const withoutMs = detectionMs(flock, () => {});
    flock.script(0, outcome("success"));
    flock.clock.advanceMs(20_000);
    const withMs = detectionMs(flock, () => idle?.judge.doubts.raise(0, 0, Doubt.Connect));
    assert.ok(withMs < withoutMs - 500, `${withMs} ms with doubts, ${withoutMs} ms without`);
    assert.ok((idle?.stat("doubts_sent") ?? 0) > 0);
  });

  it("keep an endpoint out that has asked for it where it has, and let it in when it has passed for long enough", () => {
    const flock = new MeshFlock(1);
    flock.start(4);
    const [node] = flock.nodes;
    node?.judge.host.tell({ type: "passive-failure-seen", row: 0, slot: 0, count: 1 });
    assert.deepEqual(flock.texts(0).map(isOut), [true, false, false, false]);
    flock.clock.advanceMs(500);
    assert.deepEqual(flock.texts(0).map(isOut), [true, false, false, false]);
    assert.ok(flock.until(() => flock.texts(0).every((text) => text === "healthy"), 6_000) < 4_000);
  });

  it("tell of an ejection, which is one node's own, as an event of that node", () => {
    const flock = new MeshFlock(1);
    flock.start(2);
    const ejection = { slot: 9, cluster: "d", address: "192.0.2.1:80", kind: "CONSECUTIVE_5XX", ejections: 2 };
    for (const isEjected of [true, false]) {
      flock.nodes[1]?.judge.onReport({ type: "ejection-changed", ...ejection, isEjected });
    }
    flock.clock.advanceMs(10);
    const told = flock.events.filter(({ subject }) => subject === "mesh.m.events.outlier.d.192_0_2_1_80");
    assert.deepEqual(
      told.map(({ data }) => [data["node"], data["reason"], data["ejections"]]),
      [
        ["n1", "CONSECUTIVE_5XX", 2],
        ["n1", "CONSECUTIVE_5XX", 2],
      ],
    );
  });

  it("take it in again when it is well", () => {
    const flock = new MeshFlock(2);
    flock.start(5);
    flock.events.length = 0;
    flock.script(1, outcome("network", { reason: "connection refused" }));
    assert.ok(flock.until(() => flock.texts(1).every((text) => text === OUT), 5_000) < 3_500);
    flock.script(1, outcome("success"));
    assert.ok(flock.until(() => flock.texts(1).every((text) => text === "healthy"), 5_000) < 3_000);
    flock.clock.advanceMs(3_000);
    assert.deepEqual(
      flock.events.map(({ data }) => [data["to"], data["reason"]]),
      [
        ["unhealthy", "connection refused"],
        ["healthy", ""],
      ],
      "what the last bad probe said is over",
    );
  });

  it("check each for itself when the broker is gone, with what stood, and share again when it is back", () => {
    const flock = new MeshFlock(3);
    flock.start(3);
    flock.script(0, outcome("refused"));
    flock.clock.advanceMs(3_000);
    flock.broker.stop();
    flock.clock.advanceMs(3_500);
    assert.deepEqual(flock.texts(0), [OUT, OUT, OUT]);
    assert.deepEqual(flock.texts(1), ["healthy", "healthy", "healthy"]);
    for (const byNode of flock.probesIn(4_000)) assert.ok(byNode.every((count) => count >= 3));
    flock.broker.start();
    flock.clock.advanceMs(8_000);
    const probes = flock.probesIn(10_000);
    for (const byNode of probes) assert.equal(byNode.filter((count) => count > 0).length, 2);
    assert.deepEqual([flock.nodes[0]?.stat("connected"), flock.nodes[0]?.stat("bus_connects")], [1, 2]);
  });

  it("take over what a node probed that is gone without a word", () => {
    const flock = new MeshFlock(6);
    flock.start(4);
    const [gone] = flock.nodes.splice(1, 1);
    flock.broker.cut(gone?.busName ?? "");
    flock.clock.advanceMs(8_000);
    for (const byNode of flock.probesIn(10_000))
      assert.deepEqual(byNode.filter((count) => count > 0).map(inTens), [1, 1]);
    assert.equal(flock.nodes[0]?.stat("nodes"), 3);
  });

  it("take over at once what a node probed that leaves", async () => {
    const flock = new MeshFlock(6);
    flock.start(4);
    const [leaving] = flock.nodes;
    leaving?.actor.stop();
    flock.clock.advanceMs(3_000);
    await turn();
    flock.clock.advanceMs(100);
    await turn();
    assert.equal(leaving?.told().at(-1), "stopped");
    flock.nodes.shift();
    for (const byNode of flock.probesIn(10_000))
      assert.deepEqual(byNode.filter((count) => count > 0).map(inTens), [1, 1]);
    assert.ok(flock.events.some(({ subject }) => subject === "mesh.m.events.node.n0"));
    assert.deepEqual(
      flock.nodes[1]?.logged(/n0/),
      ["joined", "ready", "draining", "left"].map((what) => `the mesh's node n0: ${what}`),
    );
  });

  it("go on with a judge whose predecessor died, and change no verdict by that", () => {
    const flock = new MeshFlock(4);
    flock.start(3);
    flock.script(3, outcome("refused"));
    flock.clock.advanceMs(3_000);
    flock.nodes[0]?.replaceJudge();
    for (const slot of flock.slots) flock.script(slot, slot === 3 ? outcome("refused") : outcome("success"));
    flock.clock.advanceMs(20);
    assert.deepEqual(
      flock.slots.map((slot) => flock.texts(slot)[0]),
      ["healthy", "healthy", "healthy", OUT],
    );
    flock.clock.advanceMs(8_000);
    const probes = flock.probesIn(10_000);
    for (const byNode of probes) assert.equal(byNode.filter((count) => count > 0).length, 2);
    assert.deepEqual(flock.texts(3), [OUT, OUT, OUT]);
  });

  it("refuse a second node of one name, which then checks for itself", () => {
    const flock = new MeshFlock(2);
    flock.start(2);
    const rival = flock.join("n0");
    flock.clock.advanceMs(5_000);
    const refusal = rival.outputs.find(({ type }) => type === "name-refused");
    assert.deepEqual(refusal, {
      type: "name-refused",
      reason: "another node of the mesh is called n0: choose another --mesh-node",
    });
    const before = rival.judge.startsOf(0);
    flock.clock.advanceMs(5_000);
    assert.ok(rival.judge.startsOf(0) >= before + 4);
  });

  it("count what is no message, and go on", () => {
    const flock = new MeshFlock(1);
    flock.start(2);
    const [node] = flock.nodes;
    flock.onlooker.publish("mesh.m.hello", new Uint8Array([1, 2, 3]));
    flock.onlooker.publish("mesh.m.beat.n1", new Uint8Array([8, 99]));
    flock.onlooker.publish("mesh.m.sync.n0", new Uint8Array([8, 1, 0xff]));
    flock.onlooker.publish("mesh.m.events.health.c.x", new Uint8Array([1]));
    flock.clock.advanceMs(1_100);
    assert.deepEqual([node?.stat("messages_malformed"), node?.stat("messages_unknown_version")], [2, 1]);
    assert.deepEqual(flock.texts(0), ["healthy", "healthy"]);
  });

  it("report that listeners may open when every endpoint has a verdict", () => {
    const flock = new MeshFlock(2);
    const node = flock.join("n0");
    flock.clock.advanceMs(300);
    assert.equal(isReady(node.outputs), false);
    flock.clock.advanceMs(2_000);
    assert.equal(isReady(node.outputs), true);
    assert.deepEqual(node.judge.warmed.length > 0, true);
  });
});

/** Until everybody has an endpoint out that begins to refuse connections; `meanwhile` is called ten times a second. */
function detectionMs(flock: MeshFlock, meanwhile: () => void): number {
  flock.script(0, outcome("network"));
  let ms = 0;
  for (; !flock.texts(0).every(isOut) && ms < 10_000; ms += 100) {
    meanwhile();
    flock.clock.advanceMs(100);
  }
  return ms;
}

function isOut(text: string): boolean {
  return text.startsWith(OUT);
}

function isReady(outputs: MeshFlock["nodes"][number]["outputs"]): boolean {
  return outputs.some((output) => output.type === "readiness-changed" && output.isReady);
}

function inTens(count: number): number {
  return Math.round(count / 10);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
