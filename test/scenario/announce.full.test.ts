// Faults around a service that is announced: its announcer is killed, a proxy's mesh thread dies, the broker is killed.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { AnnounceStage } from "../support/announce-stage.ts";
import { NatsServer, natsServerInstalled } from "../support/nats-server.ts";
import { eventually } from "../support/nodes.ts";

let broker: NatsServer;
let stage: AnnounceStage;

async function passMs(ms: number): Promise<void> {
  const endMs = systemClock.nowMs() + ms;
  await eventually(() => systemClock.nowMs() > endMs);
}

describe("a service that is announced by a NATS server", () => {
  beforeEach(async function () {
    if (!natsServerInstalled()) this.skip();
    broker = new NatsServer();
    await broker.start();
    stage = await AnnounceStage.open(`nats://127.0.0.1:${broker.port}`);
    await Promise.all([stage.proxy("one"), stage.proxy("two")]);
  });

  afterEach(async () => {
    await stage?.close();
    await broker?.remove();
  });

  it("is out five to six seconds after its announcer was killed", async () => {
    stage.announce(stage.blue);
    const announcer = stage.announce(stage.yellow);
    await stage.untilRotation("blue yellow");
    const requests = stage.requests();
    announcer.child.kill("SIGKILL");
    const tookMs = await stage.untilRotation("blue");
    assert.ok(tookMs > 3_900 && tookMs < 6_000, `${tookMs} ms`);
    assert.deepEqual(Object.keys(await requests.stop()).sort(), ["blue", "yellow"]);
    for (const node of stage.nodes) assert.equal(stage.stat(node, "mesh.leases_lost"), 1);
  });

  it("stays in rotation when the mesh thread of a proxy dies", async () => {
    const [one] = stage.nodes;
    assert.ok(one !== undefined);
    stage.announce(stage.blue);
    await stage.untilRotation("blue");
    const requests = stage.requests();
    one.supervisor.misbehaveActor("mesh", "exit");
    await eventually(() => one.view.readiness().remarks.length > 0);
    assert.match(await stage.page(one, "/clusters"), /::lease::held\n/);
    await eventually(() => one.view.readiness().remarks.length === 0);
    stage.announce(stage.yellow);
    await stage.untilRotation("blue yellow");
    assert.deepEqual(Object.keys(await requests.stop()).sort(), ["blue", "yellow"]);
  });

  it("stays in rotation while the broker is dead, however long, and no request fails", async () => {
    stage.announce(stage.blue);
    const announcer = stage.announce(stage.yellow);
    await stage.untilRotation("blue yellow");
    const requests = stage.requests();
    await broker.stop();
    await passMs(8_000);
    for (const node of stage.nodes) assert.equal(stage.rotation(node), "blue yellow");
    await broker.start();
    await passMs(8_000);
    for (const node of stage.nodes) assert.equal(stage.rotation(node), "blue yellow");
    announcer.child.kill("SIGTERM");
    assert.ok((await stage.untilRotation("blue")) < 1_000);
    assert.deepEqual(Object.keys(await requests.stop()).sort(), ["blue", "yellow"]);
  });
});
