import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { type ConnectionOptions, connect } from "node:tls";
import fc from "fast-check";
import { before, describe, it } from "mocha";
import { HELLO_BYTES_MAX, readClientHello } from "../../src/net/client-hello.ts";

describe("reading a ClientHello", () => {
  let full: Buffer;

  before(async () => {
    full = await helloOf({ servername: "Front.Example", ALPNProtocols: ["h2", "http/1.1"] });
  });

  it("finds server name and protocols of a real client", () => {
    assert.deepEqual(readClientHello(full), {
      kind: "hello",
      serverName: "front.example",
      protocols: ["h2", "http/1.1"],
    });
  });

  it("finds neither when the client says neither", async () => {
    assert.deepEqual(readClientHello(await helloOf({})), { kind: "hello", serverName: "", protocols: [] });
  });

  it("understands TLS 1.2", async () => {
    const hello = await helloOf({ maxVersion: "TLSv1.2", servername: "a.example" });
    assert.deepEqual(readClientHello(hello), { kind: "hello", serverName: "a.example", protocols: [] });
  });

  it("waits for more at every cut, and is not disturbed by what follows", () => {
    for (let cut = 0; cut < full.length; cut++) {
      assert.deepEqual(readClientHello(full.subarray(0, cut)), { kind: "incomplete" }, `cut at ${cut}`);
    }
    assert.equal(readClientHello(Buffer.concat([full, Buffer.from("early data")])).kind, "hello");
  });

  it("reads the same however the message is spread over records", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 }), (sizes) => {
        assert.deepEqual(readClientHello(inRecords(full.subarray(5), sizes)), readClientHello(full));
      }),
    );
  });

  it("knows by the first bytes that something is no TLS", () => {
    for (const text of ["GET / HTTP/1.1\r\n", "PRI * HTTP/2.0", "\x16\x02", "\x80\x2e\x01", "\x15\x03\x01\x00\x02"]) {
      assert.deepEqual(readClientHello(Buffer.from(text, "latin1")), { kind: "not-tls" }, text);
    }
    const serverHello = Buffer.from(full);
    serverHello[5] = 2;
    assert.deepEqual(readClientHello(serverHello), { kind: "not-tls" });
  });

  it("does not wait for a message beyond the limit", () => {
    const endless = Buffer.from([22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]);
    assert.deepEqual(readClientHello(endless), { kind: "not-tls" });
    assert.equal(HELLO_BYTES_MAX, 16_384);
  });

  it("answers something for any bytes, and never throws", () => {
    const near = fc
      .tuple(fc.nat(full.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(full.length))
      .map(([at, value, length]) => {
        const bytes = Buffer.from(full);
        bytes[at] = value;
        return bytes.subarray(0, length);
      });
    const any = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([Buffer.from([22, 3, 1]), bytes]));
    fc.assert(
      fc.property(fc.oneof(near, any), (bytes) => {
        assert.ok(["hello", "incomplete", "not-tls"].includes(readClientHello(bytes).kind));
      }),
      { numRuns: 1_000 },
    );
  });
});

/** The first bytes that Node's client sends. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: "127.0.0.1", ...options }).on("error", () => {});
  const bytes = await new Promise<Buffer>((resolve) => {
    server.once("connection", (socket) => {
      socket.on("error", () => {});
      socket.once("data", (chunk) => {
        resolve(chunk);
        socket.destroy();
      });
    });
  });
  client.destroy();
  server.close();
  return bytes;
}

/** The message cut into records of these sizes in turn. */
function inRecords(message: Buffer, sizes: readonly number[]): Buffer {
  const records: Buffer[] = [];
  for (let at = 0, i = 0; at < message.length; i++) {
    const piece = message.subarray(at, at + (sizes[i % sizes.length] as number));
    records.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece);
    at += piece.length;
  }
  return Buffer.concat(records);
}
