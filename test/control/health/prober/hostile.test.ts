import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { ProbeOutcome } from "../../../../src/control/health/probe.ts";
import { type Door, grpcCheck, httpCheck, ProbeBench, tcpCheck } from "../../../support/probe-bench.ts";
import { clientTls } from "../../../support/tls-plans.ts";

describe("an endpoint that lies", () => {
  let bench: ProbeBench;

  beforeEach(() => {
    bench = new ProbeBench();
  });

  afterEach(() => bench.end());

  /** One probe; the connection must be gone afterwards, and the reason readable. */
  const failed = async (
    door: Door,
    check: Parameters<ProbeBench["probe"]>[1],
    more: Parameters<ProbeBench["probe"]>[2] = {},
  ): Promise<string> => {
    const outcome: ProbeOutcome = await bench.probe(door, check, more);
    await door.empty();
    assert.match(outcome.reason, /^[ -~]{1,200}$/);
    return `${outcome.kind}: ${outcome.reason}`;
  };

  /** Says this when it is asked, and keeps the connection open. */
  const says = (text: string): Promise<Door> => bench.answering(Buffer.from(text, "latin1"));

  const soon = { timeoutMs: 60 };

  describe("over HTTP/1", () => {
    it("by speaking something else", async () => {
      const ssh = await says("SSH-2.0-OpenSSH_9.2\r\n");
      assert.equal(await failed(ssh, httpCheck()), "network: not HTTP: SSH-2.0-OpenSSH_9.2");
      const bytes = await says(`\x00\xff\x1b[31m\n${"\x07".repeat(3_000)}`);
      assert.equal(await failed(bytes, httpCheck()), "network: not HTTP: .[31m.");
      const http2 = await bench.answering(
        Buffer.from("00001204000000000000030000008000040001000000050000400000", "hex"),
      );
      assert.match(await failed(http2, httpCheck()), /^network: not HTTP: /);
    });

    it("by half an answer", async () => {
      const half = await bench.behaving((socket) => {
        socket.on("data", () => socket.end("HTTP/1.1 20"));
      });
      assert.equal(await failed(half, httpCheck()), "network: connection closed in the middle of the answer");
      const silent = await says("HTTP/1.1 20");
      assert.equal(await failed(silent, httpCheck({}, soon)), "timeout: no answer within 60 ms");
      const short = await bench.behaving((socket) => {
        socket.on("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive."));
      });
      assert.equal(await failed(short, httpCheck()), "network: connection closed in the middle of the answer");
    });

    it("by heads that no reader should take", async () => {
      const folded = await says("HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n");
      assert.match(await failed(folded, httpCheck()), /^network: malformed answer: RFC 9112/);
      const many = await says(`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(200)}\r\n`);
      assert.equal(await failed(many, httpCheck()), "network: too many header fields");
      const long = await says(`HTTP/1.1 200 OK\r\na: ${"b".repeat(70_000)}\r\n\r\n`);
      assert.equal(await failed(long, httpCheck()), "network: header fields too large");
      const chunk = await says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n");
      assert.match(await failed(chunk, httpCheck()), /^network: (malformed answer|not HTTP): /);
      const interims = await says("HTTP/1.1 100 Continue\r\n\r\n".repeat(50));
      assert.match(await failed(interims, httpCheck()), /^network: /);
    });

    it("by answering twice", async () => {
      const twice = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
      const door = await says(twice + twice);
      const probe = bench.create(door, httpCheck());
      assert.equal((await probe.ask()).kind, "success");
      await door.empty();
      assert.equal((await probe.ask()).kind, "success");
      assert.equal(door.connections, 2);
    });

    it("by talking between two probes", async () => {
      const door = await bench.behaving((socket) => {
        socket.once("data", () => {
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
          setTimeout(() => socket.write("HTTP/1.1 408 Slow\r\n\r\n"), 20);
        });
      });
      const probe = bench.create(door, httpCheck());
      assert.equal((await probe.ask()).kind, "success");
      await door.empty();
      assert.equal((await probe.ask()).kind, "success");
    });

    it("by 100 MB of header fields, at a bounded cost", async () => {
      const { sent, grownBytes } = await floodOf(bench, "HTTP/1.1 200 OK\r\n", "x-long: ".padEnd(1_024, "a"), "\r\n");
      assert.equal(sent.reason, "network: header fields too large");
      assert.ok(grownBytes < 16_777_216, `grew by ${grownBytes} bytes`);
    });

    it("by an endless body, at a bounded cost", async () => {
      const { sent, grownBytes } = await floodOf(bench, "HTTP/1.1 200 OK\r\n\r\n", "z".repeat(65_536), "");
      assert.equal(sent.reason, "network: an answer of more than 16777216 bytes");
      assert.ok(grownBytes < 16_777_216, `grew by ${grownBytes} bytes`);
    });
  });

  describe("over HTTP/2", () => {
    const http2 = httpCheck({ codec: "http2" });
    const settings = "000000040000000000";

    it("by speaking HTTP/1", async () => {
      const door = await says("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
      assert.match(await failed(door, http2), /^network: not HTTP\/2: HTTP\/1\.1 400 Bad Request/);
      assert.match(await failed(door, grpcCheck()), /^network: not HTTP\/2: HTTP\/1\.1 400 Bad Request/);
    });

    it("by floods of frames that ask for an answer", async () => {
      const pings = await bench.answering(
        Buffer.from(settings + "0000080600000000000102030405060708".repeat(2_000), "hex"),
      );
      assert.match(await failed(pings, http2), /^network: flood of HTTP\/2 frames: /);
      const changes = await bench.answering(Buffer.from(settings.repeat(2_000), "hex"));
      assert.match(await failed(changes, http2), /^network: flood of HTTP\/2 frames: /);
    });

    it("by resetting the stream", async () => {
      const door = await bench.answering(Buffer.from(`${settings}0000040300000000010000000b`, "hex"));
      assert.equal(await failed(door, http2), "network: stream reset with HTTP/2 error code 11");
    });

    it("by GOAWAY with an error", async () => {
      const goaway = Buffer.from(`${settings}0000080700000000000000000100000002`, "hex");
      const door = await bench.behaving((socket) => socket.on("data", () => socket.end(goaway)));
      assert.equal(await failed(door, http2), "network: GOAWAY with HTTP/2 error code 2");
    });

    it("by saying nothing", async () => {
      const door = await bench.behaving((socket) => socket.write(Buffer.from(settings, "hex")));
      assert.equal(await failed(door, grpcCheck({}, soon)), "timeout: no answer within 60 ms");
    });
  });

  it("over TLS by speaking in clear", async () => {
    const door = await says("HTTP/1.1 400 Bad Request\r\n\r\n");
    const reason = await failed(door, httpCheck(), { cluster: { tls: clientTls() } });
    assert.equal(reason, "network: TLS: WRONG VERSION NUMBER");
    const closing = await bench.behaving((socket) => socket.on("data", () => socket.end()));
    const closed = await failed(closing, httpCheck(), { cluster: { tls: clientTls() } });
    assert.equal(closed, "network: TLS: connection closed during the handshake");
    const silent = await bench.behaving(() => {});
    const timed = await failed(silent, httpCheck({}, soon), { cluster: { tls: clientTls() } });
    assert.equal(timed, "timeout: no connection within 60 ms");
  });

  it("over TCP by saying something else without end", async () => {
    const door = await bench.behaving((socket) => pour(socket, Buffer.alloc(65_536, "x")));
    const endless = await failed(door, tcpCheck("PING", ["PONG"]));
    assert.equal(endless, "network: no expected text in 16777216 bytes");
    const closing = await bench.behaving((socket) => socket.on("data", () => socket.end("PO")));
    const reason = await failed(closing, tcpCheck("PING", ["PONG"]));
    assert.equal(reason, "network: connection closed before the expected text");
  });
});

/** A probe of an endpoint that goes on sending, up to 100 MB: what came of it, and by how much this process grew meanwhile. */
async function floodOf(
  bench: ProbeBench,
  head: string,
  piece: string,
  end: string,
): Promise<{ readonly sent: { readonly reason: string }; readonly grownBytes: number }> {
  const block = Buffer.from((piece + end).repeat(Math.ceil(65_536 / (piece.length + end.length))), "latin1");
  const door = await bench.behaving((socket) => {
    socket.once("data", () => {
      socket.write(head);
      pour(socket, block);
    });
  });
  const before = memoryBytes();
  const outcome = await bench.probe(door, httpCheck({}, { timeoutMs: 20_000 }));
  const grownBytes = memoryBytes() - before;
  await door.empty();
  return { sent: { reason: `${outcome.kind}: ${outcome.reason}` }, grownBytes };
}

/** Writes the block as long as the other side takes it, 100 MB at most. */
function pour(socket: Socket, block: Buffer): void {
  let left = 100_000_000;
  const more = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= block.length;
      if (!socket.write(block)) return;
    }
  };
  socket.on("drain", more);
  more();
}

function memoryBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
