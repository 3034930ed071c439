import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { httpCheck, tcpCheck } from "../../../support/check-plans.ts";
import { drip, LyingBench, pour } from "../../../support/lying-bench.ts";
import { eventually } from "../../../support/nodes.ts";
import { clientTls } from "../../../support/tls-plans.ts";

describe("an endpoint that lies", () => {
  let bench: LyingBench;

  beforeEach(() => {
    bench = new LyingBench();
  });

  afterEach(() => bench.end());

  const soon = { timeoutMs: 60 };

  describe("over HTTP/1", () => {
    it("by speaking something else", async () => {
      const ssh = await bench.says("SSH-2.0-OpenSSH_9.2\r\n");
      assert.equal(await bench.failed(ssh, httpCheck()), "network: not HTTP: SSH-2.0-OpenSSH_9.2");
      const bytes = await bench.says(`\x00\xff\x1b[31m\n${"\x07".repeat(3_000)}`);
      assert.equal(await bench.failed(bytes, httpCheck()), "network: not HTTP: .[31m.");
      const http2 = await bench.answering(
        Buffer.from("00001204000000000000030000008000040001000000050000400000", "hex"),
      );
      assert.match(await bench.failed(http2, httpCheck()), /^network: not HTTP: /);
      const preface = await bench.says("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      assert.equal(await bench.failed(preface, httpCheck()), "network: not HTTP: PRI * HTTP/2.0.SM");
    });

    it("by half an answer", async () => {
      const half = await bench.behaving((socket) => {
        socket.on("data", () => socket.end("HTTP/1.1 20"));
      });
      assert.equal(await bench.failed(half, httpCheck()), "network: connection closed in the middle of the answer");
      const later = await bench.behaving((socket) => {
        socket.on("data", () => socket.end("HTTP/1.1 200 OK\r\nconte"));
      });
      assert.equal(await bench.failed(later, httpCheck()), "network: connection closed in the middle of the answer");
      const silent = await bench.says("HTTP/1.1 20");
      assert.equal(await bench.failed(silent, httpCheck({}, soon)), "timeout: no answer within 60 ms");
      const short = await bench.behaving((socket) => {
        socket.on("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive."));
      });
      assert.equal(await bench.failed(short, httpCheck()), "network: connection closed in the middle of the answer");
    });

    it("by heads that no reader should take", async () => {
      const folded = await bench.says("HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n");
      assert.match(await bench.failed(folded, httpCheck()), /^network: malformed answer: RFC 9112/);
      const many = await bench.says(`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(200)}\r\n`);
      assert.equal(await bench.failed(many, httpCheck()), "network: too many header fields");
      const long = await bench.says(`HTTP/1.1 200 OK\r\na: ${"b".repeat(70_000)}\r\n\r\n`);
      assert.equal(await bench.failed(long, httpCheck()), "network: header fields too large");
      const chunk = await bench.says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n");
      assert.match(await bench.failed(chunk, httpCheck()), /^network: (malformed answer|not HTTP): /);
      const interims = await bench.says("HTTP/1.1 100 Continue\r\n\r\n".repeat(50));
      assert.match(await bench.failed(interims, httpCheck()), /^network: /);
    });

    it("by answering twice", async () => {
      const twice = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
      const door = await bench.says(twice + twice);
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
      const field = Buffer.from(`x-long: ${"a".repeat(1_014)}\r\n`, "latin1");
      const door = await bench.flooding("HTTP/1.1 200 OK\r\n", Buffer.concat(Array(64).fill(field)));
      const { said, grownBytes } = await bench.grown(bench.failed(door, httpCheck()));
      assert.equal(said, "network: header fields too large");
      assert.ok(grownBytes < 16_777_216, `grew by ${grownBytes} bytes`);
    });

    it("by an endless body, at a bounded cost", async () => {
      const door = await bench.flooding("HTTP/1.1 200 OK\r\n\r\n", Buffer.alloc(65_536, "z"));
      const patient = httpCheck({}, { timeoutMs: 20_000 });
      const { said, grownBytes } = await bench.grown(bench.failed(door, patient));
      assert.equal(said, "network: an answer of more than 16777216 bytes");
      assert.ok(grownBytes < 16_777_216, `grew by ${grownBytes} bytes`);
    });

    it("by saying what it has to say byte by byte, which counts when it ends in time", async () => {
      const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
      const slow = await bench.behaving((socket) => socket.once("data", () => drip(socket, answer, 1)));
      assert.equal((await bench.probe(slow, httpCheck())).kind, "success");
      const late = await bench.behaving((socket) => socket.once("data", () => drip(socket, answer, 10)));
      assert.equal(await bench.failed(late, httpCheck({}, soon)), "timeout: no answer within 60 ms");
    });

    it("by resetting a connection as soon as it stands", async () => {
      const door = await bench.behaving((socket) => socket.resetAndDestroy());
      assert.match(
        await bench.failed(door, httpCheck()),
        /^network: (connection reset|cannot connect: Connection reset by peer)$/,
      );
    });

    it("leaves no trace in the probe: the first honest answer passes", async () => {
      const honest = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
      for (const lie of [
        "HTTP/1.1 200 OK\r\nconte",
        "?",
        `${honest}?`,
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok",
        "",
      ]) {
        const door = await bench.behaving((socket, connection) => {
          const answer = connection <= 3 ? lie : honest;
          socket.on("data", () => socket.write(answer, () => answer === honest || socket.end()));
        });
        const probe = bench.create(door, httpCheck());
        const kinds = [await probe.ask(), await probe.ask(), await probe.ask(), await probe.ask()].map(
          ({ kind }) => kind,
        );
        assert.equal(kinds[3], "success", lie);
        assert.equal(door.connections, 4, lie);
        // The endpoint learns later than the probe that a connection is over.
        await eventually(() => door.open.size === 1);
        probe.close();
        await door.empty();
      }
    });
  });

  it("over TLS by speaking in clear", async () => {
    const door = await bench.says("HTTP/1.1 400 Bad Request\r\n\r\n");
    const reason = await bench.failed(door, httpCheck(), { cluster: { tls: clientTls() } });
    assert.equal(reason, "network: TLS: WRONG VERSION NUMBER");
    const closing = await bench.behaving((socket) => socket.on("data", () => socket.end()));
    const closed = await bench.failed(closing, httpCheck(), { cluster: { tls: clientTls() } });
    assert.equal(closed, "network: TLS: connection closed during the handshake");
    const silent = await bench.behaving(() => {});
    const timed = await bench.failed(silent, httpCheck({}, soon), { cluster: { tls: clientTls() } });
    assert.equal(timed, "timeout: no connection within 60 ms");
  });

  it("over TLS by a handshake that does not end", async () => {
    const cluster = { tls: clientTls() };
    const half = await bench.answering(Buffer.from("160303004002000020", "hex"));
    assert.equal(await bench.failed(half, httpCheck({}, soon), { cluster }), "timeout: no connection within 60 ms");
    const anyBytes = await bench.behaving((socket) => pour(socket, Buffer.alloc(65_536, 0x16)));
    assert.match(await bench.failed(anyBytes, httpCheck(), { cluster }), /^network: TLS: /);
  });

  it("over TCP by saying nothing", async () => {
    const door = await bench.behaving(() => {});
    assert.equal(await bench.failed(door, tcpCheck("PING", ["PONG"], soon)), "timeout: no answer within 60 ms");
  });

  it("over TCP by saying something else without end", async () => {
    const door = await bench.behaving((socket) => pour(socket, Buffer.alloc(65_536, "x")));
    const endless = await bench.failed(door, tcpCheck("PING", ["PONG"]));
    assert.equal(endless, "network: no expected text in 16777216 bytes");
    const closing = await bench.behaving((socket) => socket.on("data", () => socket.end("PO")));
    const reason = await bench.failed(closing, tcpCheck("PING", ["PONG"]));
    assert.equal(reason, "network: connection closed before the expected text");
  });
});
