import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { body, ClientBench, request } from "./support.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

describe("HTTP/1 client connection", () => {
  it("carries one exchange after the other", () => {
    const bench = new ClientBench();
    for (const turn of [1, 2]) {
      assert.equal(bench.codec.canOpen(), true);
      bench.get();
      assert.equal(bench.codec.canOpen(), false);
      assert.equal(bench.sink.text(), "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      bench.receive(OK);
      assert.deepEqual(bench.take(), ["head 200 content-length=2", "data ok", "end", `done ${turn} reusable`]);
    }
  });

  it("frames a request by its length, chunked, or as empty", () => {
    const cases: [string, [string, string][], string[], string][] = [
      ["POST", [["content-length", "2"]], ["ok"], "content-length: 2\r\n\r\nok"],
      ["POST", [["x", "y"]], ["ok"], "x: y\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
      ["POST", [], [], "content-length: 0\r\n\r\n"],
      ["DELETE", [], [], "\r\n"],
    ];
    for (const [method, fields, pieces, expected] of cases) {
      const bench = new ClientBench();
      const writer = bench.open();
      writer.writeHead(request(method, "/", fields), pieces.length === 0);
      for (const [i, piece] of pieces.entries()) body(writer, piece, i === pieces.length - 1);
      assert.equal(bench.sink.text(), `${method} / HTTP/1.1\r\nhost: a\r\n${expected}`);
    }
  });
});
