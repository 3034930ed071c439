import assert from "node:assert/strict";
import { connect as connectPlain, type Socket } from "node:net";
import { describe, it } from "mocha";
import { listen } from "../../src/net/listen.ts";
import { chainPlan, LOOPBACK, QUIET, standingNet } from "../support/net-peers.ts";
import { certificate, chains, pem, serverTls, type TlsDoor, tlsChains, tlsDoor } from "../support/tls-plans.ts";

describe("a TLS handshake that does not come to its end", () => {
  it("is given up after the time-out", async () => {
    const { net, clock } = standingNet();
    const door = await tlsDoor(net, chains(chainPlan({ tls: serverTls(), handshakeTimeoutMs: 300 })));
    const socket = await rawClient(door);
    const ended = new Promise((resolve) => socket.once("close", resolve));
    socket.write(Buffer.from([22, 3, 1]));
    await untilAccepted(clock.wheel);
    clock.advanceMs(280);
    assert.deepEqual(door.log, []);
    clock.advanceMs(50);
    assert.deepEqual(door.log, ["failed:handshake_timeout"]);
    await ended;
    await door.close();
  });

  it("is given up after the time-out also before a chain was chosen", async () => {
    const { net, clock } = standingNet();
    const match = { ...chainPlan().match, serverNames: ["a.example"] };
    const door = await tlsDoor(net, chains(chainPlan({ match, tls: serverTls() })));
    const socket = await rawClient(door);
    const ended = new Promise((resolve) => socket.once("close", resolve));
    await untilAccepted(clock.wheel);
    clock.advanceMs(10_050);
    assert.deepEqual(door.log, ["choice-timeout"]);
    await ended;
    await door.close();
  });

  it("is closed or served without more, as the listener says, when it was inspected for too long", async () => {
    for (const continues of [false, true]) {
      const { net, clock } = standingNet();
      const inspection = { always: true, timeoutMs: 300, continues };
      const door = await tlsDoor(net, { ...chains(chainPlan()), inspection });
      const socket = await rawClient(door);
      const ended = new Promise((resolve) => socket.once("close", resolve));
      const echoed = new Promise((resolve) => socket.once("data", resolve));
      await untilAccepted(clock.wheel);
      assert.deepEqual(door.log, []);
      clock.advanceMs(350);
      assert.deepEqual(door.log, ["choice-timeout", ...(continues ? ["channel:only"] : [])]);
      socket.write("hello");
      await (continues ? echoed : ended);
      socket.destroy();
      await door.close();
    }
  });

  it("says that a client went away, before and after a chain was chosen", async () => {
    const { net } = standingNet();
    const match = { ...chainPlan().match, serverNames: ["a.example"] };
    const choosing = await tlsDoor(net, chains(chainPlan({ match, tls: serverTls() })));
    (await rawClient(choosing)).destroy();
    await choosing.said("choice-failed");
    await choosing.close();
    const shaking = await tlsDoor(net, tlsChains());
    (await rawClient(shaking)).destroy();
    await shaking.said("failed:closed");
    await shaking.close();
  });

  it("counts cleartext as an error, in the words of Envoy's library", async () => {
    const { net } = standingNet();
    const door = await tlsDoor(net, tlsChains());
    const socket = await rawClient(door);
    socket.resume();
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await door.said("failed:connection_error");
    const text = "TLS_error:|268435612:SSL_routines:OPENSSL_internal:HTTP_REQUEST:TLS_error_end";
    assert.deepEqual(door.failures, [{ reason: "connection_error", text }]);
    socket.destroy();
    await door.close();
  });

  it("is not possible with an unusable certificate, which is said instead of listening", async () => {
    const { net } = standingNet();
    const broken = { ...certificate("front"), keyPem: pem("other.key") };
    const unusable = chains(chainPlan({ name: "mixed up", tls: serverTls({ certificates: [broken] }) }));
    const options = { address: LOOPBACK, backlog: 1, sharing: "exclusive", ticketKeys: null, events: QUIET } as const;
    const outcome = await listen(net, { ...options, chains: unusable }, () => {});
    assert.ok(outcome.kind === "fault");
    assert.match(outcome.fault.text, /^filter chain 'mixed up': .*key values mismatch/);
    const door = await tlsDoor(net, tlsChains());
    assert.equal(door.listening.applyChains(unusable)?.kind, "tls-failed");
    await door.close();
  });
});

async function rawClient(door: TlsDoor): Promise<Socket> {
  const { address } = door.listening;
  const socket = connectPlain(address.kind === "socket" ? address.port : 0, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

/** The accepting side armed its time-out. */
async function untilAccepted(wheel: { readonly size: number }): Promise<void> {
  while (wheel.size === 0) await new Promise((resolve) => setImmediate(resolve));
}
