// Five processes on one file in a mesh over a real nats-server, under load: who probes what, how a change reaches all, and what they do when
// the broker or one of them is gone.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { connect, type NatsConnection } from "nats";
import { INTERVAL_MS, MeshProcesses, waitMs } from "../support/mesh-processes.ts";
import { NatsServer, natsServerInstalled } from "../support/nats-server.ts";
import { eventually } from "../support/nodes.ts";

const NODES = 5;

let broker: NatsServer;
let mesh: MeshProcesses;
let onlooker: NatsConnection;
/** What anybody sees who listens: subject and new verdict. */
const events: (readonly [subject: string, to: string])[] = [];

describe("five processes in a mesh over a real nats-server", () => {
  before(async function () {
    if (!natsServerInstalled()) this.skip();
    broker = new NatsServer();
    await broker.start();
    // However long the broker is gone: nobody tells of anything in tests after that means something only to who listens.
    const again = { reconnectTimeWait: 100, maxReconnectAttempts: -1 };
    onlooker = await connect({ servers: `127.0.0.1:${broker.port}`, ...again });
    onlooker.subscribe("mesh.*.events.health.>", {
      callback: (_, message) => {
        const { data } = message.json<{ readonly data: { readonly to: string } }>();
        events.push([message.subject, data.to]);
      },
    });
    mesh = new MeshProcesses();
    await mesh.start(NODES, 4, ["--mesh", `nats://127.0.0.1:${broker.port}`]);
  });

  after(async () => {
    await mesh?.stop();
    await onlooker?.close();
    await broker?.remove();
  });

  it("probe each endpoint from two of them and no more", async () => {
    await mesh.untilProbedBy(2);
    await mesh.areProbedBy(2);
    assert.deepEqual(await Promise.all(mesh.upstreams.map((upstream) => mesh.outOn(upstream))), [0, 0, 0, 0]);
  });

  it("have an endpoint out on all five when it says no, and tell it once to whoever listens; so when it is well again", async () => {
    const [broken] = mesh.upstreams;
    assert.ok(broken);
    events.length = 0;
    const subject = `mesh.default.events.health.echo.127_0_0_1_${broken.port}`;
    await mesh.underLoad(mesh.nodes, async () => {
      broken.answer = 503;
      await mesh.areToldWithin(broken, 100);
      await waitMs(3 * INTERVAL_MS); // whoever else tells an event does it two seconds later
      assert.deepEqual(events, [[subject, "unhealthy"]]);
      broken.answer = 200;
      await eventually(async () => (await mesh.outOn(broken)) === 0);
    });
    await eventually(() => events.length > 1); // it comes over a connection of its own
    assert.deepEqual(events, [
      [subject, "unhealthy"],
      [subject, "healthy"],
    ]);
  });

  it("answer every request while the broker is gone, each checking for itself, and share again when it is back", async () => {
    await mesh.underLoad(mesh.nodes, async () => {
      broker.signal("SIGKILL");
      await eventually(async () => (await readyPages()).every((text) => text === `LIVE\n${ALONE}\n`));
      await mesh.untilProbedBy(NODES);
      await broker.start();
      await mesh.untilProbedBy(2);
      await mesh.areProbedBy(2);
    });
    assert.deepEqual(await readyPages(), Array(NODES).fill("LIVE\n"));
  });

  it("lose no check and put nobody out when one of them is stopped for ten seconds", async () => {
    const [stopped, ...rest] = mesh.nodes;
    assert.ok(stopped);
    events.length = 0;
    await mesh.underLoad(rest, async () => {
      mesh.forgetProbes();
      stopped.signal("SIGSTOP");
      await waitMs(6_000); // it counts as gone after five
      assert.ok(mesh.longestGapMs() < 2_500, `${mesh.longestGapMs()} ms without a probe`);
      await mesh.untilProbedBy(2);
      await mesh.areProbedBy(2);
      stopped.signal("SIGCONT");
      await eventually(async () => (await mesh.nodeCounts()).every((count) => count === NODES));
      await mesh.untilProbedBy(2);
    });
    assert.deepEqual(events, []);
    assert.deepEqual(await Promise.all(mesh.upstreams.map((upstream) => mesh.outOn(upstream))), [0, 0, 0, 0]);
  });

  it("take over the checks of one that is killed", async () => {
    const killed = mesh.nodes.pop();
    assert.ok(killed);
    await mesh.underLoad(mesh.nodes, async () => {
      mesh.forgetProbes();
      killed.signal("SIGKILL");
      await waitMs(6_000);
      assert.ok(mesh.longestGapMs() < 2_500, `${mesh.longestGapMs()} ms without a probe`);
      await mesh.untilProbedBy(2);
      await mesh.areProbedBy(2);
    });
    await killed.proxy.stop();
    assert.deepEqual(await mesh.nodeCounts(), Array(NODES - 1).fill(NODES - 1));
  });
});

function readyPages(): Promise<string[]> {
  return Promise.all(mesh.nodes.map((node) => node.page("/ready")));
}

const ALONE = "without the mesh's broker: checks for itself";
