import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect, type SecureVersion } from "node:tls";
import { afterEach, describe, it } from "mocha";
import { configUrl } from "../../src/base/location.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";

const CONNECTIONS = 40;

let node: RunningNode;

/** The TLS listener of the demo's front proxy, on a free port, without its clusters' names being looked up. */
function tlsPlan(): Plan {
  const text = readFileSync(configUrl("demo/front-proxy.yaml"), "utf8").replaceAll(/port_value: \d+/g, "port_value: 0");
  const { plan } = loadPlan({ text, file: "front-proxy.yaml" });
  if (plan === null) throw new Error("the demo's file does not compile");
  return { ...plan, admin: null, clusters: [], listeners: plan.listeners.slice(1) };
}

/** One handshake: whether it resumed `session`, and a session to go on with. */
function handshake(version: SecureVersion, session?: Buffer): Promise<{ resumed: boolean; session: Buffer }> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port: portOf(node),
      host: "127.0.0.1",
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
      ...(session === undefined ? {} : { session }),
    });
    socket.on("error", reject);
    socket.resume(); // TLS 1.3 tickets come after the handshake
    const done = (resumed: boolean, ticket: Buffer): void => {
      resolve({ resumed, session: ticket });
      socket.destroy();
    };
    socket.once("session", (fresh: Buffer) => done(socket.isSessionReused(), fresh));
    // A resumed session brings no new ticket: the old one goes on.
    socket.once("secureConnect", () => {
      if (socket.isSessionReused()) done(true, session ?? Buffer.alloc(0));
    });
  });
}

async function resumedOf(version: SecureVersion, first: Buffer): Promise<number> {
  let session = first;
  let resumed = 0;
  for (let i = 0; i < CONNECTIONS; i++) {
    const next = await handshake(version, session);
    if (next.resumed) resumed++;
    session = next.session;
  }
  return resumed;
}

describe("TLS sessions of a node with two workers", () => {
  afterEach(() => node.stop());

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`resume on either worker with ${version}`, async () => {
      node = await startTestNode(tlsPlan(), { flags: ["--concurrency", "2"] });
      const { session } = await handshake(version);
      assert.equal(await resumedOf(version, session), CONNECTIONS);
    });
  }

  it("resume on a worker that was restarted", async () => {
    node = await startTestNode(tlsPlan());
    const { session } = await handshake("TLSv1.3");
    node.supervisor.misbehave(0, "exit");
    await eventually(() => node.view.workers()[0]?.restarts === 1 && node.view.workers()[0]?.state === "listening");
    assert.equal((await handshake("TLSv1.3", session)).resumed, true);
  });
});
