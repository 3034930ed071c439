import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { SMUGGLING_CASES } from "./smuggling-cases.ts";
import { body, ClientBench, request, response, ServerBench } from "./support.ts";

const REQUESTS = [
  "GET / HTTP/1.1\r\nHost: a\r\nX-Long: some value  \r\nAccept: */*\r\n\r\n",
  "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
  "POST http://b/c?d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nT: v\r\n\r\n",
  "HEAD /h HTTP/1.1\r\nHost: a\r\nConnection: x\r\nX: y\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: w\r\n\r\nraw bytes",
  "BAD\r\n\r\n",
  ...SMUGGLING_CASES.map((one) => one.bytes),
];
const RESPONSES = [
  "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: v\r\n\r\n",
  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
];

/** Names that a codec does not pass on as they are. */
const HOP = new Set([
  "connection",
  "keep-alive",
  "te",
  "upgrade",
  "host",
  "transfer-encoding",
  "content-length",
  "proxy-connection",
]);
const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/).filter((name) => !HOP.has(name));
const value = latin1(0x20, 0xff, 20).map((text) => text.replace(/[\x7f-\x9f]/g, "?").replace(/^ +| +$/g, ""));
const fields = fc.array(fc.tuple(token, value), { maxLength: 20 });
const pieces = fc.array(latin1(0, 0xff, 40, 1), { maxLength: 5 });

/** Cuts text into pieces at the given places. */
function cut(text: string, places: readonly number[]): string[] {
  const edges = [0, ...places.map((place) => place % (text.length + 1)), text.length].sort((a, b) => a - b);
  return edges.slice(1).map((edge, i) => text.slice(edges[i], edge));
}

/** Log of a server that is fed these pieces and answers each request at its end. */
function served(parts: readonly string[]): string[] {
  const bench = new ServerBench({ trailers: true });
  bench.react = (writer, what) => {
    if (what === "end" || what === "fault" || what === "trailers") writer.writeHead(response(200), true);
  };
  for (const part of parts) bench.receive(part);
  return bench.take();
}

function fetched(parts: readonly string[]): string[] {
  const bench = new ClientBench({ trailers: true });
  bench.get();
  for (const part of parts) bench.receive(part);
  return bench.take();
}

describe("HTTP/1 codec properties", () => {
  it("reads requests the same however their bytes are cut", () => {
    fc.assert(
      fc.property(fc.constantFrom(...REQUESTS), fc.array(fc.nat(), { maxLength: 12 }), (text, places) => {
        assert.deepEqual(served(cut(text, places)), served([text]));
      }),
      { numRuns: 600 },
    );
  });

  it("reads every request the same byte by byte", () => {
    for (const text of REQUESTS) assert.deepEqual(served([...text]), served([text]));
  });

  it("reads responses the same however their bytes are cut", () => {
    fc.assert(
      fc.property(fc.constantFrom(...RESPONSES), fc.array(fc.nat(), { maxLength: 12 }), (text, places) => {
        assert.deepEqual(fetched(cut(text, places)), fetched([text]));
      }),
      { numRuns: 200 },
    );
    for (const text of RESPONSES) assert.deepEqual(fetched([...text]), fetched([text]));
  });

  it("reads back what the client role writes", () => {
    fc.assert(
      fc.property(fields, pieces, fc.boolean(), (list, parts, sized) => {
        const client = new ClientBench();
        const writer = client.open();
        const length = parts.join("").length;
        const head = request("POST", "/p", [...list, ...(sized ? [["content-length", String(length)] as const] : [])]);
        const expected = head.entries().map(([name, text]) => `${name}=${text}`);
        writer.writeHead(head, false);
        for (const part of parts) body(writer, part, false);
        body(writer, "", true);
        const server = new ServerBench().receive(client.sink.text());
        const data = parts.length > 0 ? [`data ${parts.join("")}`] : [];
        const ended = sized && parts.length === 0;
        assert.deepEqual(server.take(), [
          `head${ended ? " end" : ""} ${expected.join("|")}`,
          ...data,
          ...(ended ? [] : ["end"]),
        ]);
      }),
    );
  });

  it("reads heads of any length back, also when its arena has to grow between or within fields", () => {
    const long = fc.tuple(fc.integer({ min: 1, max: 2_500 }), fc.integer({ min: 0, max: 2_500 }));
    fc.assert(
      fc.property(fc.array(long, { minLength: 1, maxLength: 8 }), fc.nat(3_000), fc.nat(), (sizes, path, place) => {
        const target = `http://b?${"p".repeat(path)}`;
        const lines = sizes.map(([name, size], i) => [`n${"x".repeat(name)}`, String(i).repeat(size)]);
        const text = [`GET ${target} HTTP/1.1`, "Host: a", "TE: trailers", ...lines.map(([n, v]) => `${n}: ${v}`)].join(
          "\r\n",
        );
        const fieldsRead = ["te=trailers", ...lines.map(([n, v]) => `${n}=${v}`)];
        const expected = [":method=GET", ":scheme=http", ":authority=b", `:path=/?${"p".repeat(path)}`, ...fieldsRead];
        assert.deepEqual(served(cut(`${text}\r\n\r\n`, [place]))[0], `head end ${expected.join("|")}`);
      }),
    );
  });

  it("reads back what the server role writes", () => {
    fc.assert(
      fc.property(fields, pieces, fc.integer({ min: 200, max: 999 }).filter(hasBody), (list, parts, status) => {
        const server = new ServerBench().receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        const head = response(status, list);
        const expected = head.entries().map(([name, text]) => `${name}=${text}`);
        server.writer.writeHead(head, false);
        for (const part of parts) body(server.writer, part, false);
        body(server.writer, "", true);
        const data = parts.length > 0 ? [`data ${parts.join("")}`] : [];
        const log = [
          `head ${status}${expected.length > 0 ? ` ${expected.join("|")}` : ""}`,
          ...data,
          "end",
          "done 1 reusable",
        ];
        assert.deepEqual(fetched([server.sink.text()]), log);
      }),
    );
  });

  it("never throws on garbage, and takes nothing for a request that the strict grammar refuses", () => {
    const noise = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom("GET ", "/", " HTTP/1.1", "\r\n", "Host: a", "\n", "\r", " ", "\t", ":", "\0"),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom("Content-Length: 1", "Transfer-Encoding: chunked", "0", "1", ",", "chunked", "X"),
      },
      { weight: 1, arbitrary: latin1(0, 0xff, 4) },
    );
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 40 }), (parts) => {
        const text = parts.join("");
        const heads = served([text]).filter((line) => line.startsWith("head")).length;
        const lines = text.split(/GET \S+ HTTP\/1\.1\r\n/).length - 1;
        assert.ok(heads <= lines, `${heads} heads out of ${JSON.stringify(text)}`);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never throws on a good request with one byte changed, and never makes two of it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...REQUESTS.slice(0, 3)),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (text, place, byte) => {
          const at = place % text.length;
          const changed = text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1);
          assert.ok(served([changed]).filter((line) => line.startsWith("head")).length <= 1, JSON.stringify(changed));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("never throws on garbage from an upstream", () => {
    fc.assert(
      fc.property(fc.constantFrom("", "HTTP/1.1 ", "HTTP/1.1 200 OK\r\n"), latin1(0, 0xff, 60), (start, text) => {
        const log = fetched([start + text]);
        assert.ok(log.filter((line) => line.startsWith("done")).length <= 1);
      }),
    );
  });
});

function hasBody(status: number): boolean {
  return status !== 204 && status !== 304;
}

/** Text of bytes between two values. */
function latin1(min: number, max: number, lengthMax: number, lengthMin: number = 0): fc.Arbitrary<string> {
  const bytes = fc.array(fc.integer({ min, max }), { minLength: lengthMin, maxLength: lengthMax });
  return bytes.map((codes) => String.fromCharCode(...codes));
}
