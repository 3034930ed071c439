import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { afterEach, describe, it } from "mocha";
import { SeededRandom } from "../../src/base/random.ts";
import { OneWorker, oneCluster } from "../support/one-worker.ts";

type Protocol = "http1" | "http2";

/** Bodies below and above everything that buffers: read buffer, private read buffer, windows, the kernel. */
const SIZES = [70_000, 1 << 20, 3_000_001, 8 << 20];
/** A client that takes its time reads so much and then lets the others go first. */
const SIP_BYTES = 48 * 1024;
/** Node's own peers refuse streams when the bodies that wait in them pass 10 MiB. */
const SESSION_MEMORY_MIB = 256;

describe("large bodies arrive whole", function () {
  this.timeout(60_000);
  const closers: (() => Promise<void>)[] = [];
  let worker: OneWorker | null = null;

  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
    assert.deepEqual(await worker?.stop(), []);
    worker = null;
  });

  for (const downstream of ["http1", "http2"] as const) {
    for (const upstream of ["http1", "http2"] as const) {
      const path = `${downstream} to ${upstream}`;

      it(`${path}: downloads of all sizes at once, half of them by slow readers`, async () => {
        const client = await clientOf(downstream, upstream);
        const asked = Array.from({ length: 12 }, (_, i) => ({ seed: i + 1, bytes: SIZES[i % SIZES.length] as number }));
        const got = await Promise.all(
          asked.map(async ({ seed, bytes }, i) => {
            const answer = await client(`/down/${seed}/${bytes}`, null);
            return i % 2 === 0 ? slowDigest(answer) : digest(answer);
          }),
        );
        assert.deepEqual(
          got,
          asked.map(({ seed, bytes }) => digestOf(body(seed, bytes))),
        );
      });

      it(`${path}: uploads of all sizes at once`, async () => {
        const client = await clientOf(downstream, upstream);
        const sent = SIZES.map((bytes, i) => body(i + 100, bytes));
        const got = await Promise.all(sent.map(async (bytes) => textOf(await client("/up", bytes))));
        assert.deepEqual(got, sent.map(digestOf));
      });

      it(`${path}: bodies both ways at once, echoed to slow readers`, async () => {
        const client = await clientOf(downstream, upstream);
        const sent = [1, 2, 3, 4].map((seed) => body(seed, 2 << 20));
        const got = await Promise.all(sent.map(async (bytes) => slowDigest(await client("/echo", bytes))));
        assert.deepEqual(got, sent.map(digestOf));
      });

      it(`${path}: again and again over the same connections`, async () => {
        const client = await clientOf(downstream, upstream);
        const want = digestOf(body(7, 1 << 20));
        const rounds = await Promise.all(
          Array.from({ length: 8 }, async () => {
            const digests: string[] = [];
            for (let i = 0; i < 10; i++) digests.push(await digest(await client(`/down/7/${1 << 20}`, null)));
            return digests;
          }),
        );
        assert.ok(rounds.flat().every((one) => one === want));
      });
    }
  }

  /** Starts an origin and a proxy before it; answers how to ask. */
  async function clientOf(
    downstream: Protocol,
    upstream: Protocol,
  ): Promise<(path: string, upload: Buffer | null) => Promise<Readable>> {
    const port = upstream === "http1" ? await origin1() : await origin2();
    worker = await OneWorker.start(oneCluster([port], { http2: upstream === "http2" }));
    return downstream === "http1" ? client1(worker.port) : client2(worker.port);
  }

  async function origin1(): Promise<number> {
    const server = http.createServer((request, response) => serve(request.url ?? "", request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    });
    return (server.address() as AddressInfo).port;
  }

  async function origin2(): Promise<number> {
    const server = http2.createServer({ maxSessionMemory: SESSION_MEMORY_MIB });
    const sessions = new Set<http2.ServerHttp2Session>();
    server.on("session", (session) => sessions.add(session));
    server.on("stream", (stream, headers) => {
      stream.respond({ ":status": 200 });
      serve(String(headers[":path"]), stream, stream);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    });
    return (server.address() as AddressInfo).port;
  }

  function client1(port: number): (path: string, upload: Buffer | null) => Promise<Readable> {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
    closers.push(async () => agent.destroy());
    return async (path, upload) => {
      const method = upload === null ? "GET" : "POST";
      const request = http.request({ host: "127.0.0.1", port, path, method, agent });
      request.end(upload ?? undefined);
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      assert.equal(response.statusCode, 200);
      return response;
    };
  }

  function client2(port: number): (path: string, upload: Buffer | null) => Promise<Readable> {
    const session = http2.connect(`http://127.0.0.1:${port}`, {
      settings: { initialWindowSize: 256 * 1024 },
      maxSessionMemory: SESSION_MEMORY_MIB,
    });
    session.on("error", () => {}); // the worker may stop before its clients
    closers.push(async () => session.destroy());
    return async (path, upload) => {
      const stream = session.request({ ":path": path, ":method": upload === null ? "GET" : "POST" });
      stream.end(upload ?? undefined);
      const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
      assert.equal(headers[":status"], 200);
      return stream;
    };
  }
});

/** `/down/SEED/BYTES` sends a body, `/up` answers with the digest of what came, `/echo` sends it back. */
function serve(path: string, from: Readable, to: NodeJS.WritableStream): void {
  const [, what, seed, bytes] = path.split("/");
  if (what === "down") to.end(body(Number(seed), Number(bytes)));
  else if (what === "up") void digest(from).then((text) => to.end(text));
  else from.pipe(to);
}

/** Bytes that no other seed has. */
function body(seed: number, bytes: number): Buffer {
  const random = new SeededRandom(seed);
  const unit = Buffer.alloc(4_099);
  for (let i = 0; i < unit.length; i++) unit[i] = random.below(256);
  return Buffer.alloc(bytes, unit);
}

function digestOf(bytes: Buffer): string {
  return createHash("sha1").update(bytes).digest("hex");
}

async function digest(stream: Readable): Promise<string> {
  const hash = createHash("sha1");
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Reads in sips, with turns of the event loop between them. */
async function slowDigest(stream: Readable): Promise<string> {
  const hash = createHash("sha1");
  let since = 0;
  for await (const chunk of stream) {
    hash.update(chunk as Buffer);
    since += (chunk as Buffer).length;
    if (since < SIP_BYTES) continue;
    since = 0;
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  return hash.digest("hex");
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}
