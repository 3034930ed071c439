import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { afterEach, describe, it } from "mocha";
import type { AddressPlan } from "../../src/config/plan/address.ts";
import type { UpstreamTlsPlan } from "../../src/config/plan/tls.ts";
import type { Channel, NetFault } from "../../src/net/channel.ts";
import type { NetContext } from "../../src/net/net-context.ts";
import { dialled, loopback, type Recorder, say, standingNet } from "../support/net-peers.ts";
import { eventually } from "../support/nodes.ts";
import { certificate, clientTls, pem, type TlsDoor, tlsChains, tlsDoor, validation } from "../support/tls-plans.ts";

describe("dialling with TLS", () => {
  const { net, clock } = standingNet();
  const doors: TlsDoor[] = [];
  const servers: Server[] = [];

  afterEach(async () => {
    for (const door of doors.splice(0)) await door.close();
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });

  const open = async (parts: Parameters<typeof tlsChains>[0] = {}, keys: Buffer | null = null): Promise<TlsDoor> => {
    const door = await tlsDoor(net, tlsChains(parts), keys);
    doors.push(door);
    return door;
  };
  const served = async (server: Server): Promise<AddressPlan> => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return loopback(server.address());
  };
  /** A cleartext server that does this with its connection once something came. */
  const rude = (then: (socket: Socket) => void): Promise<AddressPlan> =>
    served(
      createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => then(socket));
      }),
    );
  const node = (options: TlsOptions): Promise<AddressPlan> =>
    served(
      createTlsServer({ cert: pem("front"), key: pem("front.key"), ...options }, (socket) => {
        socket.on("error", () => {});
        socket.resume();
      }),
    );

  it("tells what was agreed, and carries bytes", async () => {
    const door = await open({ alpn: ["h2", "http/1.1"] });
    const { channel, events } = await connected(net, door, clientTls({ alpn: ["http/1.1"] }));
    assert.deepEqual(channel.tls, {
      version: "TLSv1.3",
      cipher: "TLS_AES_256_GCM_SHA384",
      alpn: "http/1.1",
      serverName: "front.example",
      resumed: false,
      peerVerified: true,
      shown: null,
    });
    say(channel, "ping");
    await events.until(() => events.text === "ping");
    assert.equal(door.channels[0]?.channel.tls?.serverName, "front.example");
    await gone(channel, events);
  });

  it("carries megabytes under pressure", async () => {
    const door = await open();
    const { channel, events } = await connected(net, door, clientTls());
    const sent = randomBytes(3 * 1024 * 1024);
    channel.writeThrough(sent, 0, sent.length);
    await events.until(() => events.bytes === sent.length);
    assert.equal(Buffer.compare(Buffer.concat(events.chunks), sent), 0);
    // The peer's last write may be known to be taken after it came.
    await eventually(() => net.buffers.heldBytes === 0);
    await gone(channel, events);
  });

  const refusals: readonly [string, Partial<UpstreamTlsPlan>, string][] = [
    [
      "a chain that it does not trust",
      { validation: validation({ trustedCaPem: pem("stranger") }) },
      "verify_cert_failed:_X509_verify_cert:_certificate_verification_error_at_depth_0:_unable_to_verify_the_first_certificate",
    ],
    [
      "a certificate for other names",
      {
        validation: validation({
          subjectAltNames: [{ type: "dns", text: { kind: "exact", value: "other.example", ignoreCase: false } }],
        }),
      },
      "verify_cert_failed:_SAN_matcher,_certificate_SANs_are_[front.example,_*.front.example,_127.0.0.1]",
    ],
    [
      "a certificate with another hash",
      { validation: validation({ certificateHashes: ["00".repeat(32)] }) },
      "verify_cert_failed:_cert_hash_and_spki",
    ],
  ];
  for (const [title, plan, tail] of refusals) {
    it(`refuses ${title} in Envoy's words`, async () => {
      const door = await open();
      const fault = await failed(net, door.listening.address, clientTls(plan));
      const text = `TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:${tail}:TLS_error_end`;
      assert.deepEqual(fault, { kind: "tls-failed", text });
    });
  }

  it("does not look at the certificate without a validation context, nor refuse when told to accept", async () => {
    const door = await open({ certificates: [certificate("stranger")] });
    for (const validationPlan of [null, validation({ acceptUntrusted: true })]) {
      const { channel, events } = await connected(net, door, clientTls({ validation: validationPlan }));
      assert.equal(channel.tls?.peerVerified, false);
      await gone(channel, events);
    }
  });

  it("accepts a wildcard certificate for a name below it", async () => {
    const door = await open();
    const subjectAltNames = [
      { type: "dns", text: { kind: "exact", value: "a.front.example", ignoreCase: false } },
    ] as const;
    const plan = clientTls({ validation: validation({ subjectAltNames }) });
    const { channel, events } = await connected(net, door, plan);
    await gone(channel, events);
  });

  it("shows its own certificate", async () => {
    const door = await open({ requireClientCertificate: true, validation: validation() });
    const { channel, events } = await connected(net, door, clientTls({ certificates: [certificate("client")] }));
    await door.said("channel:only");
    assert.equal(door.channels[0]?.channel.tls?.peerVerified, true);
    await gone(channel, events);
  });

  it("calls a cleartext upstream a wrong version, as Envoy does", async () => {
    const address = await rude((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert.deepEqual(await failed(net, address, clientTls()), {
      kind: "tls-failed",
      text: "TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end",
    });
  });

  it("has no words for an upstream that closes during the handshake", async () => {
    const address = await rude((socket) => socket.end());
    assert.deepEqual(await failed(net, address, clientTls()), { kind: "tls-failed", text: "" });
  });

  it("names a reset during the handshake", async () => {
    const address = await rude((socket) => socket.resetAndDestroy());
    assert.deepEqual(await failed(net, address, clientTls()), {
      kind: "tls-failed",
      text: "TLS_error:|33554536:system_library:OPENSSL_internal:Connection_reset_by_peer:TLS_error_end",
    });
  });

  it("names the alert of an upstream that wants other ciphers, or a certificate", async () => {
    const text = "TLS_error:|268436496:SSL_routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE:TLS_error_end";
    const ciphers = await node({ ciphers: "ECDHE-ECDSA-AES256-CCM", maxVersion: "TLSv1.2" });
    const plan = clientTls({ ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256", validation: null });
    assert.deepEqual(await failed(net, ciphers, plan), { kind: "tls-failed", text });
    const asking = await node({ requestCert: true, rejectUnauthorized: true, maxVersion: "TLSv1.2" });
    assert.deepEqual(await failed(net, asking, clientTls({ validation: null })), { kind: "tls-failed", text });
  });

  it("says connection refused as cleartext does", async () => {
    const door = await open();
    await doors.pop()?.close();
    const text = "delayed_connect_error:_Connection_refused";
    assert.deepEqual(await failed(net, door.listening.address, clientTls()), { kind: "connect-refused", text });
  });

  it("says what is unusable in its own plan", async () => {
    const door = await open();
    const plan = clientTls({ certificates: [{ ...certificate("client"), keyPem: pem("other.key") }] });
    const fault = await failed(net, door.listening.address, plan);
    assert.equal(fault?.kind, "tls-failed");
    assert.match(fault?.text ?? "", /key_values_mismatch/);
  });

  it("counts the handshake into the connect time-out", async () => {
    const silent: Socket[] = [];
    const address = await served(createServer((socket) => silent.push(socket.on("error", () => {}).resume())));
    const { events } = dialled(net, address, { tls: clientTls(), connectTimeoutMs: 200 });
    while (silent.length === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advanceMs(250);
    await events.until(() => events.closes.length === 1);
    assert.deepEqual(events.closes, [{ kind: "connect-timeout", text: "" }]);
    for (const socket of silent) socket.destroy();
  });

  describe("again", () => {
    const versions = ["TLSv1.2", "TLSv1.3"] as const;
    for (const version of versions) {
      it(`resumes its session with ${version}, and remembers that the certificate was good`, async () => {
        const door = await open({ versionMin: version, versionMax: version });
        const plan = clientTls();
        assert.deepEqual(await resumptions(net, [door], plan, 4), [false, true, true, true]);
        assert.equal(door.channels.at(-1)?.channel.tls?.resumed, true);
        const { channel, events } = await connected(net, door, plan);
        assert.deepEqual([channel.tls?.resumed, channel.tls?.peerVerified], [true, true]);
        await gone(channel, events);
      });
    }

    it("shakes hands anew when no session may be kept, or for another host", async () => {
      const [first, second] = [await open(), await open()];
      assert.deepEqual(await resumptions(net, [first], clientTls({ sessionKeysMax: 0 }), 2), [false, false]);
      assert.deepEqual(await resumptions(net, [first, second], clientTls(), 2), [false, false]);
    });

    it("keeps no session of an upstream that it refused", async () => {
      const door = await open({ versionMax: "TLSv1.2" });
      const plan = clientTls({ validation: validation({ certificateHashes: ["00".repeat(32)] }) });
      await failed(net, door.listening.address, plan);
      await failed(net, door.listening.address, plan);
      assert.deepEqual(
        door.channels.map(({ channel }) => channel.tls?.resumed),
        [false, false],
      );
    });

    it("gets no ticket when tickets are off", async () => {
      const door = await open({ sessionTickets: false, versionMax: "TLSv1.2" });
      assert.deepEqual(await resumptions(net, [door], clientTls(), 2), [false, false]);
    });
  });
});

async function connected(
  net: NetContext,
  door: TlsDoor,
  tls: UpstreamTlsPlan,
): Promise<{ channel: Channel; events: Recorder }> {
  const client = dialled(net, door.listening.address, { tls, serverName: "front.example" });
  await client.events.until(() => client.events.connects + client.events.closes.length > 0);
  assert.deepEqual(client.events.closes, []);
  return client;
}

async function gone(channel: Channel, events: Recorder): Promise<void> {
  channel.abort();
  await events.until(() => events.closes.length > 0);
}

async function failed(
  net: NetContext,
  address: AddressPlan,
  tls: UpstreamTlsPlan,
): Promise<NetFault | null | undefined> {
  const { events } = dialled(net, address, { tls, serverName: "front.example" });
  await events.until(() => events.closes.length > 0);
  assert.equal(events.connects, 0);
  return events.closes[0];
}

/** Connects so many times, to the doors in turn, and answers whether each resumed. */
async function resumptions(
  net: NetContext,
  to: readonly TlsDoor[],
  tls: UpstreamTlsPlan,
  times: number,
): Promise<(boolean | undefined)[]> {
  const resumed: (boolean | undefined)[] = [];
  for (let i = 0; i < times; i++) {
    const { channel, events } = await connected(net, to[i % to.length] as TlsDoor, tls);
    // The ticket comes with or before the first bytes.
    say(channel, "hello");
    await events.until(() => events.text === "hello");
    resumed.push(channel.tls?.resumed);
    await gone(channel, events);
  }
  return resumed;
}
