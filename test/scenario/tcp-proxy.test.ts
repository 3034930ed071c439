// TCP proxies over real sockets: much data, slow readers, ends of all kinds, TLS on either side, and nothing left behind.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { afterEach, describe, it } from "mocha";
import { SeededRandom } from "../../src/base/random.ts";
import { OneWorker } from "../support/one-worker.ts";
import { pem } from "../support/tls-plans.ts";

const BYTES = 24 << 20;

describe("a TCP proxy over real sockets", function () {
  this.timeout(60_000);
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  let worker: OneWorker | null = null;

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    for (const server of servers.splice(0)) {
      server.close();
      await once(server, "close");
    }
    assert.deepEqual(await worker?.stop(), []);
    worker = null;
  });

  async function proxied(act: (socket: Socket) => void, tls: "none" | "both" = "none"): Promise<Socket> {
    const options = { allowHalfOpen: true, cert: pem("front"), key: pem("front.key") };
    const served = (socket: Socket): void => {
      sockets.add(socket);
      socket.on("error", () => {});
      act(socket);
    };
    const server = tls === "none" ? createServer(options, served) : createTlsServer(options, served);
    servers.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    worker = await OneWorker.start(file((server.address() as AddressInfo).port, tls));
    const where = { port: worker.port, host: "127.0.0.1", allowHalfOpen: true };
    const client = tls === "none" ? connect(where) : connectTls({ ...where, rejectUnauthorized: false });
    sockets.add(client);
    await once(client, tls === "none" ? "connect" : "secureConnect");
    return client;
  }

  for (const tls of ["none", "both"] as const) {
    const over = tls === "none" ? "in the clear" : "with TLS on both sides";

    it(`carries 24 MiB there and back, and the end of each direction: ${over}`, async () => {
      const sent = content();
      const client = await proxied((socket) => socket.pipe(socket), tls);
      const got = digest(client);
      client.end(sent);
      assert.equal(await got, createHash("sha256").update(sent).digest("hex"));
    });

    it(`answers a client that has ended its side: ${over}`, async () => {
      const sent = content(); // takes its time, in which nobody may be connecting
      const client = await proxied((socket) => {
        let heard = 0;
        socket.on("data", (bytes: Buffer) => {
          heard += bytes.length;
        });
        socket.on("end", () => socket.end(`heard ${heard}`));
      }, tls);
      client.end(sent);
      assert.equal(await text(client), `heard ${BYTES}`);
    });

    it(`hears a client whose endpoint has ended its side: ${over}`, async () => {
      let heard = (_: string): void => {};
      const whole = new Promise<string>((resolve) => {
        heard = resolve;
      });
      const client = await proxied((socket) => {
        socket.end("no more from me");
        text(socket).then(heard, () => heard("error"));
      }, tls);
      assert.equal(await text(client), "no more from me");
      client.end("but I have something to say");
      assert.equal(await whole, "but I have something to say");
    });

    it(`holds little while a client reads nothing, and then gives it all: ${over}`, async () => {
      const reached = Promise.withResolvers<Socket>();
      const sent = content();
      const client = await proxied((socket) => {
        reached.resolve(socket);
        socket.end(sent);
      }, tls);
      const server = await reached.promise;
      await standsStill(() => server.bytesWritten);
      const waiting = server.writableLength;
      assert.ok(waiting > BYTES / 4, `${waiting} bytes are still with the endpoint`);
      assert.equal(await digest(client), createHash("sha256").update(sent).digest("hex"));
    });
  }

  it("resets the client of an endpoint that resets", async () => {
    const client = await proxied((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    client.write("hello");
    const [error] = (await once(client, "error")) as [NodeJS.ErrnoException];
    assert.equal(error.code, "ECONNRESET");
  });

  it("resets the endpoint of a client that resets", async () => {
    let ended = (_: string): void => {};
    const ending = new Promise<string>((resolve) => {
      ended = resolve;
    });
    const client = await proxied((socket) => {
      socket.on("error", (error: NodeJS.ErrnoException) => ended(error.code ?? ""));
      socket.on("data", (bytes) => socket.write(bytes));
    });
    client.write("hello");
    await once(client, "data");
    client.resetAndDestroy();
    assert.equal(await ending, "ECONNRESET");
  });

  it("ends 200 connections of which every third goes without a word", async () => {
    const first = await proxied((socket) => socket.pipe(socket));
    const port = first.remotePort as number;
    const all = Array.from({ length: 200 }, () => connect({ port, host: "127.0.0.1" }));
    await Promise.all(
      all.map(async (socket, i) => {
        sockets.add(socket);
        socket.on("error", () => {});
        socket.write("x".repeat(10_000));
        await once(socket, "data");
        if (i % 3 === 0) socket.destroy();
        else if (i % 3 === 1) socket.resetAndDestroy();
        else socket.resume().end();
        if (!socket.closed) await once(socket, "close");
      }),
    );
    first.destroy();
  });
});

function content(): Buffer {
  const random = new SeededRandom(5);
  return Buffer.from(Uint32Array.from({ length: BYTES / 4 }, () => random.next32()).buffer);
}

async function digest(socket: Socket): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of socket) hash.update(bytes as Buffer);
  return hash.digest("hex");
}

async function text(socket: Socket): Promise<string> {
  let whole = "";
  for await (const bytes of socket) whole += (bytes as Buffer).toString();
  return whole;
}

/** Resolves when a number has not moved for 20 turns of the loop in which time passes. */
async function standsStill(number: () => number): Promise<void> {
  for (let still = 0, before = -1; still < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    still = number() === before ? still + 1 : 0;
    before = number();
  }
}

function file(port: number, tls: "none" | "both"): string {
  const type = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3";
  const certificate = {
    certificate_chain: { inline_string: pem("front") },
    private_key: { inline_string: pem("front.key") },
  };
  const down = { "@type": `${type}.DownstreamTlsContext`, common_tls_context: { tls_certificates: [certificate] } };
  const up = { "@type": `${type}.UpstreamTlsContext` };
  const secure = (config: unknown): string =>
    tls === "none" ? "" : `transport_socket: ${JSON.stringify({ name: "tls", typed_config: config })}`;
  return `
static_resources:
  listeners:
  - name: main
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: tcp
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: main
          cluster: up
      ${secure(down)}
  clusters:
  - name: up
    ${secure(up)}
    load_assignment:
      cluster_name: up
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } } }] }]
`;
}
