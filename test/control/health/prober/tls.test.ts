import assert from "node:assert/strict";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { afterEach, beforeEach, describe, it } from "mocha";
import { httpCheck, tcpCheck } from "../../../support/check-plans.ts";
import { standingNet } from "../../../support/net-peers.ts";
import { type Door, ProbeBench } from "../../../support/probe-bench.ts";
import { clientTls, pem, tlsChains, tlsDoor } from "../../../support/tls-plans.ts";

describe("probes over TLS", () => {
  let bench: ProbeBench;
  let seen: { readonly name: string; readonly alpn: string }[];

  beforeEach(() => {
    bench = new ProbeBench({ handshakesPerSecond: 100 });
    seen = [];
  });

  afterEach(() => bench.end());

  const serving = (options: TlsOptions = {}): Promise<Door> => {
    const server = createServer({ cert: pem("front"), key: pem("front.key"), ...options });
    server.on("tlsClientError", () => {});
    server.on("secureConnection", (socket: TLSSocket & { servername?: string | false }) => {
      const { servername, alpnProtocol } = socket;
      seen.push({ name: servername || "", alpn: alpnProtocol || "" });
      socket.on("error", () => {});
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
    });
    return bench.serving(server);
  };
  const kept = httpCheck();
  const anew = httpCheck({}, { reuseConnection: false });

  it("keep their connection, and their session where they do not", async () => {
    const door = await serving();
    const tls = clientTls({ sni: "front.example" });
    const probe = bench.create(door, kept, { cluster: { tls } });
    assert.deepEqual([(await probe.ask()).kind, (await probe.ask()).kind], ["success", "success"]);
    assert.equal(door.connections, 1);
    const echo = await tlsDoor(standingNet().net, tlsChains(), Buffer.alloc(48, 1));
    const { address } = echo.listening;
    const once = tcpCheck("PING", ["PING"], { reuseConnection: false });
    const other = bench.create(door, once, { cluster: { tls }, endpoint: { address } });
    for (let i = 0; i < 4; i++) assert.equal((await other.ask()).kind, "success");
    assert.deepEqual(
      echo.channels.map(({ channel }) => channel.tls?.resumed),
      [false, true, true, true],
    );
    await echo.close();
  });

  it("name the configured server, or the endpoint with auto_host_sni", async () => {
    const door = await serving();
    const named = { cluster: { tls: clientTls({ sni: "front.example" }) }, endpoint: { hostname: "a.front.example" } };
    await bench.probe(door, anew, named);
    const own = { ...named, cluster: { tls: clientTls({ sni: "front.example", autoHostSni: true }) } };
    await bench.probe(door, anew, own);
    assert.deepEqual(
      seen.map(({ name }) => name),
      ["front.example", "a.front.example"],
    );
  });

  it("offer the protocol that they speak, or what the check says", async () => {
    const door = await serving({ ALPNProtocols: ["h2", "http/1.1", "hc"] });
    const tls = clientTls({ alpn: ["h2", "http/1.1"] });
    await bench.probe(door, anew, { cluster: { tls } });
    await bench.probe(door, { ...anew, alpn: ["hc"] }, { cluster: { tls } });
    await bench.probe(door, tcpCheck("PING", ["200"]), { cluster: { tls } });
    assert.deepEqual(
      seen.map(({ alpn }) => alpn),
      ["http/1.1", "hc", "h2"],
    );
  });

  it("speak the protocol that was agreed on when the check says so, else their codec", async () => {
    const firstBytes: string[] = [];
    const listening = async (alpn: readonly string[]): Promise<Door> => {
      const server = createServer({ cert: pem("front"), key: pem("front.key"), ALPNProtocols: [...alpn] });
      server.on("secureConnection", (socket) => {
        socket.on("error", () => {});
        socket.once("data", (bytes) => {
          firstBytes.push(bytes.toString("latin1", 0, 3));
          socket.destroy();
        });
      });
      return bench.serving(server);
    };
    const tls = clientTls({ alpn: ["h2", "http/1.1", "hc"] });
    for (const alpn of ["h2", "http/1.1", "hc"]) {
      const door = await listening([alpn]);
      await bench.probe(door, httpCheck({ usesAlpn: true }), { cluster: { tls } });
      await bench.probe(door, httpCheck({ usesAlpn: true, codec: "http2" }), { cluster: { tls } });
    }
    assert.deepEqual(firstBytes, ["PRI", "PRI", "GET", "GET", "GET", "PRI"]);
  });

  it("fail with a certificate that is not trusted", async () => {
    const door = await serving({ cert: pem("stranger"), key: pem("stranger.key") });
    const outcome = await bench.probe(door, kept, { cluster: { tls: clientTls() } });
    assert.equal(outcome.kind, "network");
    assert.match(outcome.reason, /^TLS: CERTIFICATE VERIFY FAILED/);
    await door.empty();
  });

  it("wait for their turn when many begin together, and lose no time by it", async () => {
    await bench.end();
    bench = new ProbeBench({ handshakesPerSecond: 20 });
    const door = await serving();
    const tls = clientTls({ sessionKeysMax: 0 });
    const hasty = httpCheck({}, { timeoutMs: 1_000 });
    const probes = Array.from({ length: 24 }, () => bench.create(door, hasty, { cluster: { tls } }));
    const begun = process.hrtime.bigint();
    const outcomes = await Promise.all(probes.map((probe) => probe.ask()));
    const tookMs = Number(process.hrtime.bigint() - begun) / 1e6;
    assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(["success"]));
    // Two at once, twenty-two more at twenty a second: few, as each of them may take no longer than that on a machine that is busy.
    assert.ok(tookMs >= 1_090, `${tookMs} ms`);
  });

  it("leave the queue when they are closed", async () => {
    const door = await serving();
    const tls = clientTls();
    const probes = Array.from({ length: 20 }, () => bench.create(door, kept, { cluster: { tls } }));
    for (const probe of probes) probe.start();
    for (const probe of probes.slice(0, 19)) probe.close();
    const last = bench.create(door, kept, { cluster: { tls } });
    assert.equal((await last.ask()).kind, "success");
    assert.ok(seen.length <= 2, `${seen.length} handshakes`);
  });
});
