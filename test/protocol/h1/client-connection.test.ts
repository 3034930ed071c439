import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { fault } from "../../../src/protocol/fault.ts";
import { body, ClientBench, Recorder, request } from "./support.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const OK_LOG = ["head 200 content-length=2", "data ok", "end"];

/** The log of one GET (or another method) that is answered with these bytes, then with the end of the connection when `ends`. */
function answered(bytes: string, method: string = "GET", ends: boolean = false): string[] {
  const bench = new ClientBench({ trailers: true });
  bench.get(method);
  bench.receive(bytes);
  if (ends) bench.codec.receiveEnd();
  return bench.take();
}

describe("HTTP/1 client connection", () => {
  it("carries one exchange after the other", () => {
    const bench = new ClientBench();
    for (const turn of [1, 2]) {
      assert.equal(bench.codec.canOpen(), true);
      bench.get();
      assert.equal(bench.codec.canOpen(), false);
      assert.throws(() => bench.open(), /one exchange at a time/);
      assert.equal(bench.sink.text(), "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      bench.receive(OK);
      assert.deepEqual(bench.take(), [...OK_LOG, `done ${turn} reusable`]);
    }
  });

  describe("writing a request", () => {
    const cases: [string, [string, string][], string[], string][] = [
      ["POST", [["content-length", "2"]], ["ok"], "content-length: 2\r\n\r\nok"],
      ["POST", [["x", "y"]], ["ok"], "x: y\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
      ["POST", [["content-length", "x"]], ["ok"], "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
      ["GET", [], ["ok"], "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
      ["POST", [], [], "content-length: 0\r\n\r\n"],
      ["OPTIONS", [], [], "content-length: 0\r\n\r\n"],
      ["DELETE", [], [], "\r\n"],
      ["GET", [["content-length", "0"]], [], "content-length: 0\r\n\r\n"],
      [
        "GET",
        [
          ["te", "trailers"],
          ["connection", "close"],
          ["keep-alive", "5"],
          ["upgrade", "h2c"],
        ],
        [],
        "te: trailers\r\n\r\n",
      ],
      [
        "GET",
        [
          ["host", "b"],
          ["transfer-encoding", "chunked"],
        ],
        [],
        "\r\n",
      ],
    ];
    for (const [method, fields, pieces, expected] of cases) {
      it(`frames ${method} with ${fields.length} fields and ${pieces.length} pieces: ${JSON.stringify(expected)}`, () => {
        const bench = new ClientBench();
        const writer = bench.open();
        writer.writeHead(request(method, "/", fields), pieces.length === 0);
        for (const [i, piece] of pieces.entries()) body(writer, piece, i === pieces.length - 1);
        assert.equal(bench.sink.text(), `${method} / HTTP/1.1\r\nhost: a\r\n${expected}`);
      });
    }

    it("writes large chunk sizes in hexadecimal", () => {
      const bench = new ClientBench();
      const writer = bench.open();
      writer.writeHead(request("POST", "/", []), false);
      bench.sink.text();
      body(writer, "x".repeat(70_000), true);
      assert.match(bench.sink.text(), /^11170\r\nx{70000}\r\n0\r\n\r\n$/);
    });

    it("breaks the connection when the body does not keep its length", () => {
      const bench = new ClientBench();
      const writer = bench.open();
      writer.writeHead(request("POST", "/", [["content-length", "9"]]), false);
      body(writer, "short", true);
      const details = "http1.content_length_not_kept";
      assert.deepEqual(bench.take(), [`fault 0 ${details}`, "done 1", `closed ${details}`]);
    });
  });

  describe("reading a response", () => {
    const reusable: [string, string, string, string[]][] = [
      ["by length", OK, "GET", OK_LOG],
      [
        "without body by length 0",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "GET",
        ["head 200 end content-length=0"],
      ],
      ["of HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", ["head 200 end content-length=5"]],
      ["of HEAD, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD", ["head 200 end"]],
      ["204 loses its length", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "GET", ["head 204 end"]],
      ["304 keeps its length", "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", "GET", ["head 304 end content-length=5"]],
      ["without reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "GET", OK_LOG],
      [
        "chunked",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "GET",
        ["head 200", "data ok", "end"],
      ],
      [
        "with trailers",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nGrpc-Status: 0\r\n\r\n",
        "GET",
        ["head 200", "data ok", "trailers grpc-status=0"],
      ],
      [
        "behind interim ones",
        `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`,
        "GET",
        ["interim 100", "interim 103", ...OK_LOG],
      ],
      [
        "without the fields of this hop",
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, X\r\nX: y\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok",
        "GET",
        OK_LOG,
      ],
    ];
    for (const [title, bytes, method, expected] of reusable) {
      it(`${title} leaves the connection reusable`, () => {
        assert.deepEqual(answered(bytes, method), [...expected, "done 1 reusable"]);
      });
    }

    const last: [string, string, string[]][] = [
      ["says close", OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), OK_LOG],
      ["is of HTTP/1.0", OK.replace("1.1", "1.0"), OK_LOG],
      [
        "is of HTTP/1.0 with keep-alive",
        OK.replace("HTTP/1.1 200 OK", "HTTP/1.0 200 OK\r\nConnection: keep-alive"),
        OK_LOG,
      ],
    ];
    for (const [title, bytes, expected] of last) {
      it(`that ${title} is the last`, () => {
        assert.deepEqual(answered(bytes), ["draining 1", ...expected, "done 1", "closed -"]);
      });
    }

    it("without length lasts until the connection ends", () => {
      const log = answered("HTTP/1.1 200 OK\r\n\r\nok", "GET", true);
      assert.deepEqual(log, ["draining 1", "head 200", "data ok", "end", "done 1", "closed -"]);
    });

    it("before the request is out leaves the connection for nobody else", () => {
      const bench = new ClientBench();
      const writer = bench.open();
      writer.writeHead(request("POST", "/", [["content-length", "9"]]), false);
      bench.receive(OK);
      assert.deepEqual(bench.take(), [...OK_LOG, "done 1", "closed -"]);
      bench.sink.text();
      body(writer, "123456789", true);
      assert.equal(bench.sink.text(), "");
    });

    it("with bytes behind it leaves the connection broken", () => {
      assert.deepEqual(answered(`${OK}HTTP/1.1 200 OK\r\n`), [...OK_LOG, "done 1", "closed http1.codec_error"]);
    });

    const broken: [string, string][] = [
      ["garbage", "SSH-2.0-x\r\n"],
      ["HTTP/2's preface", "\0\0\x12\x04\0\0\0\0\0"],
      ["HTTP/0.9", "<html>"],
      ["another version", "HTTP/1.2 200 OK\r\n\r\n"],
      ["a version in small letters", "http/1.1 200 OK\r\n\r\n"],
      ["a code of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
      ["a code of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
      ["a letter in the code", "HTTP/1.1 2A0 OK\r\n\r\n"],
      ["a byte before the digits in the code", "HTTP/1.1 2/0 OK\r\n\r\n"],
      ["a code below 100", "HTTP/1.1 099 OK\r\n\r\n"],
      ["LF alone", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
      ["a fold", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"],
      ["a control byte in the reason", "HTTP/1.1 200 O\x01K\r\n\r\n"],
      ["an empty line first", `\r\n${OK}`],
      ["CL beside TE", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"],
      ["a bad CL", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"],
      ["two CL", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n"],
      ["another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
      ["a list of codings", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
      ["a coding of HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
      ["204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"],
      ["204 with chunks", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"],
      ["101 that nobody asked for", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"],
      ["an interim with a body", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n"],
    ];
    for (const [title, bytes] of broken) {
      it(`that is wrong breaks the connection: ${title}`, () => {
        const log = answered(bytes);
        assert.equal(log.length, 3, log.join("\n"));
        assert.match(log[0] ?? "", /^fault 0 http1\./);
        assert.equal(log[1], "done 1");
        assert.match(log[2] ?? "", /^closed http1\./);
      });
    }

    it("of endless interim heads is broken at a limit", () => {
      const log = answered("HTTP/1.1 100 Continue\r\n\r\n".repeat(40));
      assert.equal(log.filter((line) => line === "interim 100").length, 32);
      assert.deepEqual(log.slice(32), ["fault 0 http1.codec_error", "done 1", "closed http1.codec_error"]);
    });

    it("that is cut short is malformed, as it is to Envoy", () => {
      for (const bytes of ["HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"]) {
        const log = answered(bytes, "GET", true);
        assert.deepEqual(log.slice(-3), [
          "fault 0 http1.unfinished_answer",
          "done 1",
          "closed http1.unfinished_answer",
        ]);
      }
    });

    it("that never begins is an end of the connection", () => {
      const log = answered("", "GET", true);
      assert.deepEqual(log, ["fault 0 connection_termination", "done 1", "closed connection_termination"]);
    });
  });

  describe("an idle connection", () => {
    it("is broken by bytes that nobody asked for", () => {
      const bench = new ClientBench().receive(OK);
      assert.deepEqual(bench.take(), ["closed http1.codec_error"]);
      assert.equal(bench.codec.canOpen(), false);
    });

    it("is broken by an answer that comes before its request", () => {
      const bench = new ClientBench();
      bench.open();
      bench.receive(OK);
      assert.deepEqual(bench.take(), ["fault 0 http1.codec_error", "done 1", "closed http1.codec_error"]);
    });

    it("ends when the upstream ends it", () => {
      const bench = new ClientBench();
      bench.codec.receiveEnd();
      assert.deepEqual(bench.take(), ["closed -"]);
      assert.equal(bench.codec.canOpen(), false);
    });
  });

  it("tells its call that the socket is gone", () => {
    const bench = new ClientBench();
    bench.get();
    bench.codec.connectionLost(fault("connection_closed", "gone", { status: 503 }));
    assert.deepEqual(bench.take(), ["fault 0 gone", "done 1"]);
    assert.equal(bench.codec.canOpen(), false);
  });

  it("gives up a call that is reset, with its connection", () => {
    const bench = new ClientBench();
    const writer = bench.get();
    writer.reset(8);
    assert.deepEqual(bench.take(), ["done 1", "closed local_reset"]);
    bench.receive(OK);
    writer.reset(8);
    assert.deepEqual(bench.take(), []);
  });

  it("stops and continues its socket for the sink", () => {
    const bench = new ClientBench();
    const writer = bench.get();
    writer.pauseSource();
    assert.equal(bench.sink.paused, true);
    writer.resumeSource();
    assert.equal(bench.sink.paused, false);
    writer.pauseSource();
    bench.receive(OK);
    assert.equal(bench.sink.paused, false);
  });

  it("tells a call that was backed up when the socket took its bytes", () => {
    const bench = new ClientBench();
    const writer = bench.open();
    writer.writeHead(request("POST", "/", []), false);
    bench.sink.queued = 140_000;
    assert.equal(writer.isBackedUp(), true);
    bench.codec.onDrain();
    bench.codec.onDrain();
    assert.deepEqual(bench.take(), ["writable"]);
  });

  describe("a tunnel", () => {
    const upgrade = request("GET", "/", [
      ["connection", "Upgrade"],
      ["upgrade", "websocket"],
    ]);
    const SWITCH = "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

    it("opens with 101; what was written early goes out then", () => {
      const bench = new ClientBench();
      const writer = bench.open();
      writer.writeHead(upgrade, false);
      assert.equal(bench.sink.text(), "GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
      body(writer, "EARLY", false);
      assert.equal(bench.sink.text(), "");
      bench.receive(`${SWITCH}HELLO`);
      assert.deepEqual(bench.take(), ["draining 1", "head 101 connection=Upgrade|upgrade=websocket", "data HELLO"]);
      body(writer, "0\r\n", false);
      assert.equal(bench.sink.text(), "EARLY0\r\n");
      bench.codec.receiveEnd();
      assert.deepEqual(bench.take(), ["end", "done 1", "closed -"]);
    });

    it("passes the end of our side on, and ends with the other end's", () => {
      const bench = new ClientBench();
      const writer = bench.open();
      writer.writeHead(upgrade, false);
      bench.receive(SWITCH);
      bench.take();
      body(writer, "bye", true);
      assert.equal(bench.sink.finished, true);
      assert.deepEqual(bench.take(), []);
      bench.receive("and you");
      bench.codec.receiveEnd();
      assert.deepEqual(bench.take(), ["data and you", "end", "done 1", "closed -"]);
    });

    it("takes what its owner sends as soon as it hears that it is open", () => {
      const bench = new ClientBench();
      const sink = new Recorder(bench.log);
      const writer = bench.codec.open(sink);
      sink.onHead = () => body(writer, "AT ONCE", false);
      writer.writeHead(upgrade, false);
      bench.sink.text();
      bench.receive(SWITCH);
      assert.equal(bench.sink.text(), "AT ONCE");
    });

    it("is backed up by too much that is early, until it opens", () => {
      const bench = new ClientBench();
      const writer = bench.open();
      writer.writeHead(upgrade, false);
      body(writer, "x".repeat(32_769), false);
      assert.equal(writer.isBackedUp(), true);
      bench.codec.onDrain();
      assert.deepEqual(bench.take(), []);
      bench.receive(SWITCH);
      assert.deepEqual(bench.take().at(-1), "writable");
    });

    it("is refused with any other answer, and what was early never goes out", () => {
      const bench = new ClientBench();
      const writer = bench.open();
      writer.writeHead(upgrade, false);
      bench.sink.text();
      body(writer, "GET /smuggled HTTP/1.1\r\n\r\n", false);
      bench.receive(OK);
      assert.deepEqual(bench.take(), [...OK_LOG, "done 1", "closed -"]);
      assert.equal(bench.sink.text(), "");
    });

    it("opens for CONNECT with 200", () => {
      const bench = new ClientBench();
      const writer = bench.open();
      const head = request("CONNECT", "/", []);
      head.removeName(":path");
      writer.writeHead(head, false);
      assert.equal(bench.sink.text(), "CONNECT a HTTP/1.1\r\nhost: a\r\n\r\n");
      bench.receive("HTTP/1.1 200 OK\r\n\r\nraw");
      body(writer, "up", false);
      assert.deepEqual(bench.take(), ["draining 1", "head 200", "data raw"]);
      assert.equal(bench.sink.text(), "up");
    });
  });
});
