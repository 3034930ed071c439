// Faults around a service that is announced: its announcer is killed, a proxy's mesh thread dies, the broker is killed.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { AnnounceStage } from "../support/announce-stage.ts";
import { freePort } from "../support/live-proxy.ts";
import { besideSleeper } from "../support/machine-late.ts";
import { NatsServer, natsServerInstalled } from "../support/nats-server.ts";
import { eventually } from "../support/nodes.ts";

let broker: NatsServer;
let stage: AnnounceStage;

async function passMs(ms: number): Promise<void> {
  const endMs = systemClock.nowMs() + ms;
  await eventually(() => systemClock.nowMs() > endMs);
}

/** Active checks each fifth of a second. */
const CHECK = {
  timeout: "1s",
  interval: "0.2s",
  no_traffic_interval: "0.2s",
  unhealthy_threshold: 2,
  healthy_threshold: 1,
  http_health_check: { path: "/livez" },
};

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
    await besideSleeper(async (lateMs) => {
      announcer.child.kill("SIGKILL");
      const tookMs = await stage.untilRotation("blue");
      const words = `${tookMs} ms, the machine was late by up to ${lateMs()} ms`;
      assert.ok(tookMs > 3_900 && tookMs < 6_000 + lateMs(), words);
    });
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
    assert.ok((await stage.untilRotation("blue")) < 3_000, "silence alone would take five seconds");
    assert.deepEqual(Object.keys(await requests.stop()).sort(), ["blue", "yellow"]);
  });
});

describe("a service that is announced and checked", () => {
  beforeEach(async () => {
    stage = await AnnounceStage.open(`embedded:${await freePort()}`, { health_checks: [CHECK] });
    for (const name of ["one", "two", "three"]) await stage.proxy(name);
  });

  afterEach(() => stage.close());

  it("is checked by two of three proxies, out on all when it fails, and out when it leaves though it passes", async () => {
    const { blue } = stage;
    const announcer = stage.announce(blue);
    await eventually(async () => (await flags()).every((text) => text === "healthy"));
    // Each begins by checking for itself.
    await eventually(async () => (await probingFor(1_000)) === 2);
    assert.equal(await probingFor(2_000), 2);
    blue.answer = 503;
    await eventually(async () => (await flags()).every((text) => text.startsWith("/failed_active_hc")));
    blue.answer = 200;
    await eventually(async () => (await flags()).every((text) => text === "healthy"));
    announcer.child.kill("SIGTERM");
    const tookMs = await stage.untilRotation("");
    assert.ok(tookMs < 3_000, `${tookMs} ms: silence alone would take five seconds`);
  });
});

/** How many proxies check within this time. */
async function probingFor(ms: number): Promise<number> {
  const attempts = () => stage.nodes.map((node) => stage.stat(node, "cluster.echo.health_check.attempt"));
  const before = attempts();
  await passMs(ms);
  return attempts().filter((count, at) => count > (before[at] ?? 0)).length;
}

/** The health of the one endpoint on each proxy. */
async function flags(): Promise<string[]> {
  const pages = await Promise.all(stage.nodes.map((node) => stage.page(node, "/clusters")));
  return pages.map((text) => /::health_flags::(\S+)/.exec(text)?.[1] ?? "");
}
