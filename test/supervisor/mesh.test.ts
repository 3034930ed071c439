// Whole nodes in one embedded mesh, in the test's process: that they find each other, what is probed when a thread dies, and how one leaves.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { DrivenWheel } from "../../src/base/driven-wheel.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { NatsBus } from "../../src/control/mesh/bus/nats-bus.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { plainConnection } from "../support/bus-stage.ts";
import { MeshNodes, pageOf, statOf } from "../support/mesh-nodes.ts";
import { eventually } from "../support/nodes.ts";

let mesh: MeshNodes;

/** An event of a configuration in short. */
function textOf(payload: Uint8Array): string {
  const { type, data } = JSON.parse(Buffer.from(payload).toString("utf8"));
  return `${data.node} ${/config\.(\w+)/.exec(type)?.[1]} ${data.version} ${(data.errors ?? []).join("; ")}`;
}

async function isOut(node: RunningNode): Promise<boolean> {
  return /failed_active_hc/.test((await pageOf(node, "/clusters")).body);
}

describe("nodes in one mesh", () => {
  beforeEach(async () => {
    mesh = await MeshNodes.open();
  });

  afterEach(() => mesh.stop());

  it("find each other, and act alike on what either of them sees", async () => {
    const [one, two] = [await mesh.join("one"), await mesh.join("two", "health")];
    await eventually(() => [one, two].every((node) => statOf(node, "mesh.nodes") === 2));
    mesh.upstream.answer = 503;
    await eventually(async () => (await isOut(one)) && (await isOut(two)));
    mesh.upstream.answer = 200;
    await eventually(async () => !((await isOut(one)) || (await isOut(two))));
  });

  it("have those without the role health know what the others see", async () => {
    await mesh.join("one", "health");
    const two = await mesh.join("two", "proxy");
    mesh.upstream.answer = 503;
    await eventually(() => isOut(two));
    assert.equal(statOf(two, "cluster.echo.health_check.attempt"), 0);
  });

  it("check without the role health as long as nobody has it", async () => {
    const attempts = (): number => statOf(one, "cluster.echo.health_check.attempt");
    const one = await mesh.join("one", "proxy");
    const atFirst = attempts();
    await eventually(() => attempts() > atFirst + 2);
    await mesh.join("two", "health");
    await eventually(async () => {
      const before = [attempts(), mesh.upstream.probes] as const;
      await eventually(() => mesh.upstream.probes > before[1] + 4);
      return attempts() === before[0];
    });
  });

  it("check for themselves while the mesh thread is dead, and join again", async () => {
    const one = await mesh.join("one");
    for (const how of ["exit", "throw"] as const) {
      one.supervisor.misbehaveActor("mesh", how);
      await eventually(() => one.view.readiness().remarks.length > 0);
      assert.match(one.view.readiness().remarks[0] ?? "", /^the mesh thread died: .*; this node checks for itself$/);
      assert.equal(one.view.readiness().state, "LIVE");
      await eventually(() => one.view.readiness().remarks.length === 0);
    }
    const before = mesh.upstream.probes;
    await eventually(() => mesh.upstream.probes > before + 3);
    mesh.upstream.answer = 503;
    await eventually(() => isOut(one));
  });

  it("go on checking when the health thread was dead", async () => {
    const one = await mesh.join("one");
    one.supervisor.misbehaveActor("health", "exit");
    mesh.upstream.answer = 503;
    await eventually(() => isOut(one));
    mesh.upstream.answer = 200;
    await eventually(async () => !(await isOut(one)));
  });

  it("keep verdicts and owners when one takes another configuration, and hear what it took and what it refused", async () => {
    const [one, two] = [await mesh.join("one"), await mesh.join("two", "health")];
    await eventually(() => [one, two].every((node) => statOf(node, "mesh.nodes") === 2));
    mesh.upstream.answer = 503;
    await eventually(async () => (await isOut(one)) && (await isOut(two)));
    const changes = (node: RunningNode): number =>
      statOf(node, "cluster.echo.health_check.success") + statOf(node, "cluster.echo.membership_change");
    const before = [changes(one), changes(two)];
    const heard: string[] = [];
    const wheel = new DrivenWheel(systemClock);
    const bus = new NatsBus(
      { wheel, random: new SeededRandom(1), onEvent: () => {} },
      plainConnection(`nats://127.0.0.1:${mesh.port}`),
    );
    bus.subscribe("mesh.default.events.config.*", ({ payload }) => heard.push(textOf(payload)));
    await eventually(() => bus.isConnected);
    for (const [i, lb_policy] of ["RANDOM", "ROUND_ROBIN", "LEAST_REQUEST"].entries()) {
      const plan = mesh.planOf("one", undefined, { lb_policy });
      assert.equal((await one.reload.take({ plan, bootstrap: {} })).kind, "applied");
      const probes = mesh.upstream.probes;
      await eventually(() => heard.length === i + 1 && mesh.upstream.probes > probes + 2);
      assert.ok((await isOut(one)) && (await isOut(two)));
    }
    one.reload.refuse(["front.yaml:1:1 nodes: no field"]);
    await eventually(() => heard.length === 4);
    assert.deepEqual(heard, [
      ...["2", "3", "4"].map((version) => `one applied ${version} `),
      "one refused 4 front.yaml:1:1 nodes: no field",
    ]);
    assert.deepEqual([changes(one), changes(two)], before);
    await bus.close();
    wheel.stop();
  });

  it("leave with a word: the others know at once", async () => {
    const [one, two] = [await mesh.join("one"), await mesh.join("two")];
    await eventually(() => statOf(one, "mesh.nodes") === 2);
    await two.stop();
    const beforeMs = systemClock.nowMs();
    await eventually(() => statOf(one, "mesh.nodes") === 1);
    assert.ok(systemClock.nowMs() - beforeMs < 3_500, "silence alone would take five seconds");
  });
});
