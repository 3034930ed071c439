// Five processes that share a runtime layer over a real nats-server, under load: a ramp to a version that begins to fail, a broker that is killed and a
// driver that stands still meanwhile, who may change keys, and how soon every node knows.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { freePort } from "../support/live-proxy.ts";
import { besideSleeper } from "../support/machine-late.ts";
import { waitMs } from "../support/mesh-processes.ts";
import { makeUserKey } from "../support/nats-accounts.ts";
import { NatsServer, natsServerInstalled } from "../support/nats-server.ts";
import { eventually } from "../support/nodes.ts";
import { KEY, RuntimeMesh, type RuntimeNode, type Version } from "../support/runtime-mesh.ts";

const NODES = 5;
const GUARD = ["--guard", "cluster_error_rate<5%", "--guard-window", "4s"];

let mesh: RuntimeMesh;

describe("five processes that share a runtime layer over a real nats-server", () => {
  let broker: NatsServer;
  let strangerFile: string;

  before(async function () {
    if (!natsServerInstalled()) this.skip();
    const [node, stranger] = [makeUserKey(), makeUserKey()];
    const onlooker = `permissions: { publish: ["mesh.default.runtime.get", "_INBOX.>"], subscribe: ["mesh.default.events.>", "mesh.default.runtime.record", "_INBOX.>"] }`;
    broker = new NatsServer(
      `authorization: { timeout: 60, users: [{ nkey: ${node.publicKey} }, { nkey: ${stranger.publicKey}, ${onlooker} }] }\n`,
    );
    strangerFile = join(broker.folder, "stranger.nk");
    writeFileSync(join(broker.folder, "node.nk"), node.seed);
    writeFileSync(strangerFile, stranger.seed);
    await broker.start();
    const url = `nats://127.0.0.1:${broker.port}`;
    mesh = await RuntimeMesh.start(NODES, ["--mesh", url, "--mesh-nkey", join(broker.folder, "node.nk")]);
  });

  after(async () => {
    await mesh?.stop();
    await broker?.remove();
  });

  afterEach(() => {
    if (mesh !== undefined) mesh.v2.failing = 0;
  });

  it("go by a change within 100 ms", async () => {
    await reachesWithin(100, `nats://127.0.0.1:${broker.port}`, join(broker.folder, "node.nk"));
    assert.equal((await mesh.command(["unset", KEY])).code, 0);
  });

  it("put a ramp back when the new version fails, and send nothing there any more", async () => {
    const { v1, v2 } = mesh;
    mesh.load(2);
    assert.equal((await mesh.command(["set", KEY, "5"])).code, 0);
    const ramp = mesh.launch("set", KEY, "100", "--over", "30s", "--steps", "30", "--writer", "alice", ...GUARD);
    await ramp.says(/step 4 of 30/);
    v2.failing = 0.4;
    const { code, err } = await ramp.outcome;
    assert.equal(code, 2, err);
    assert.match(err, /rolled back to 5: v2: .* answers failed \(cluster_error_rate<5%\)/);
    await mesh.until(({ value, phase, writer }) => value === "5" && phase === "rolled-back" && writer === "alice");
    assert.equal((await mesh.command(["set", KEY, "0"])).code, 0);
    await mesh.until(({ value }) => value === "0");
    await untilQuiet(v2); // what was on its way
    const [before, others] = [v2.seen, v1.seen];
    await waitMs(2_000);
    await eventually(() => v1.seen > others + 500);
    assert.equal(v2.seen, before);
    assert.equal(
      (await mesh.counts("mesh.runtime_rollbacks")).reduce((sum, one) => sum + one),
      1,
    );
  });

  it("tell a node that comes late, and none that has no place for it", async () => {
    assert.equal((await mesh.command(["set", KEY, "100"])).code, 0);
    const late = await mesh.join("late");
    await hears(late);
    const other = await mesh.join("other", false);
    assert.equal(await mesh.get(other), "v1");
    assert.match(await mesh.page(other, "/mesh"), /no runtime_layer, what the mesh says is ignored/);
    assert.doesNotMatch(await mesh.page(other, "/runtime"), /canary/);
    mesh.nodes.pop();
    await other.proxy.stop();
  });

  it("refuse a client that may not publish there, and what cannot be", async () => {
    const asStranger = ["--mesh", `nats://127.0.0.1:${broker.port}`, "--mesh-nkey", strangerFile];
    const { code, err } = await mesh.command(["set", KEY, "0"], asStranger);
    assert.equal(code, 1);
    assert.match(err, /does not permit this client to publish mesh\.default\.runtime\.set/);
    assert.equal((await mesh.command(["get", KEY], asStranger)).out, "100\n");
    const unknown = await mesh.command(["set", "routing.canari", "1"]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /no configuration here asks for routing\.canari \(did you mean routing\.canary\?\)/);
    assert.equal((await mesh.command(["set", KEY, "half"])).code, 1);
    assert.equal(
      (await mesh.command(["set", KEY, "100", "--guard", "cluster_p99<1s", "--guard-cluster", "v9"])).code,
      1,
    );
  });

  it("go on with a ramp after the broker was killed, and while its driver stands still, and never back", async () => {
    assert.equal((await mesh.command(["set", KEY, "0"])).code, 0);
    const ramp = mesh.launch("set", KEY, "100", "--over", "20s", "--steps", "40", ...GUARD);
    await ramp.says(/step 4 of 40/);
    // By node: one may be a step behind another.
    const steps = new Map<string, number[]>();
    let stopped: RuntimeNode | undefined;
    const look = async (): Promise<number> => {
      // Any may drive: who stands still does not answer.
      const node = mesh.nodes.findLast((one) => one !== stopped);
      assert.ok(node !== undefined);
      const step = (await mesh.shown(node))?.step ?? 0;
      steps.set(node.name, [...(steps.get(node.name) ?? []), step]);
      return step;
    };
    await broker.stop();
    await waitMs(4_000);
    await look();
    await broker.start();
    // The command may come back to the broker later than the nodes: a step may have passed then.
    await ramp.says(/step (1\d|[2-4]\d) of 40/);
    await look();
    const [first] = mesh.nodes;
    assert.ok(first !== undefined);
    const driver = (await mesh.shown(first))?.driver;
    stopped = mesh.nodes.find(({ name }) => name === driver);
    assert.ok(stopped !== undefined, driver);
    process.kill(stopped.proxy.pid, "SIGSTOP");
    try {
      const at = await look();
      await eventually(async () => (await look()) >= at + 4, 60_000);
    } finally {
      process.kill(stopped.proxy.pid, "SIGCONT");
    }
    const { code, out, err } = await ramp.outcome;
    assert.equal(code, 0, err + out);
    const told = [...out.matchAll(/step (\d+) of/g)].map(([, step]) => Number(step));
    for (const list of [told, ...steps.values()]) {
      assert.deepEqual(
        list,
        [...list].sort((one, other) => one - other),
      );
    }
    await mesh.until(({ value, phase }) => value === "100" && phase === "done");
  });

  it("leave a ramp to the mesh when the command is interrupted, until somebody stops it", async () => {
    const ramp = mesh.launch("set", KEY, "0", "--over", "60s");
    await ramp.says(/step 1 of/);
    const { code, err } = await ramp.end("SIGINT");
    assert.equal(code, 130);
    assert.match(err, /the mesh goes on with it/);
    await mesh.until(({ step }) => step > 3);
    assert.equal((await mesh.command(["stop", KEY, "--abort"])).code, 0);
    await mesh.until(({ value, phase }) => value === "100" && phase === "done");
  });
});

describe("five processes that share a runtime layer over the embedded broker", () => {
  let port: number;

  before(async () => {
    port = await freePort();
    mesh = await RuntimeMesh.start(NODES, ["--mesh", `embedded:${port}`]);
  });

  after(() => mesh?.stop());

  it("go by a change within 100 ms, and keep it when the broker's process is killed", async () => {
    await reachesWithin(100, `nats://127.0.0.1:${port}`, null);
    const [serving] = mesh.nodes.splice(0, 1);
    process.kill(serving?.proxy.pid ?? 0, "SIGKILL");
    await serving?.proxy.stop();
    await eventually(async () => (await mesh.command(["get", KEY])).out === "100\n");
    const late = await mesh.join("late");
    await hears(late);
  });
});

/** A change is obeyed by every node within this, and as long as the machine itself lets a thread wait. */
function reachesWithin(ms: number, url: string, nkeySeedFile: string | null): Promise<void> {
  return besideSleeper(async (lateMs) => {
    const tookMs = await mesh.reachMs(url, nkeySeedFile);
    assert.ok(tookMs <= ms + lateMs(), `${tookMs} ms, the machine was late by up to ${lateMs()} ms`);
  });
}

/** Waits until a node sends everything to v2: it serves when its peers have told it of the key, or have had a second for it. */
function hears(node: RuntimeNode): Promise<void> {
  return eventually(async () => (await mesh.get(node)) === "v2");
}

/** Waits until a version has heard nothing for half a second; of a load that goes on, five in a hundred would come several times in it. */
function untilQuiet(version: Version): Promise<void> {
  return eventually(async () => {
    const { seen } = version;
    await waitMs(500);
    return version.seen === seen;
  });
}
