import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { HeadParser } from "../../../src/protocol/h1/head-parser.ts";
import type { Http1Options } from "../../../src/protocol/h1/options.ts";
import { releaseHeaderList } from "../../../src/protocol/header-list.ts";
import { options } from "./support.ts";

/** Fields of a request head, or the details of its fault; `start` and the lines behind `Host: a` make the head. */
function read(start: string, lines: readonly string[] = [], more: Partial<Http1Options> = {}): string {
  return parse(`${[start, "Host: a", ...lines].join("\r\n")}\r\n\r\n`, more);
}

function parse(text: string, more: Partial<Http1Options> = {}): string {
  const parser = new HeadParser("request", options(more));
  const bytes = Buffer.from(text, "latin1");
  const end = parser.feed(bytes, 0, bytes.length);
  if (parser.fault !== null) return `${parser.fault.status} ${parser.fault.details}`;
  assert.equal(parser.done, true);
  assert.equal(end, bytes.length);
  const list = parser.take();
  const fields = list.entries().map(([name, value]) => `${name}=${value}`);
  releaseHeaderList(list);
  return fields.join("|");
}

const ROOT = ":method=GET|:scheme=http|:authority=a|:path=/";

describe("HTTP/1 head parser", () => {
  describe("targets", () => {
    const cases: [string, string][] = [
      ["GET / HTTP/1.1", ROOT],
      ["GET /a/b?c=d;e HTTP/1.1", ":method=GET|:scheme=http|:authority=a|:path=/a/b?c=d;e"],
      ["GET //a HTTP/1.1", ":method=GET|:scheme=http|:authority=a|:path=//a"],
      ["GET /a#b HTTP/1.1", ":method=GET|:scheme=http|:authority=a|:path=/a#b"],
      ["OPTIONS * HTTP/1.1", ":method=OPTIONS|:scheme=http|:authority=a|:path=*"],
      ["PROPFIND / HTTP/1.1", ":method=PROPFIND|:scheme=http|:authority=a|:path=/"],
      ["GET http://b/c HTTP/1.1", ":method=GET|:scheme=http|:authority=b|:path=/c"],
      ["GET HTTPS://B:8443/c HTTP/1.1", ":method=GET|:scheme=https|:authority=B:8443|:path=/c"],
      ["GET http://b HTTP/1.1", ":method=GET|:scheme=http|:authority=b|:path=/"],
      ["GET http://b?c=/d HTTP/1.1", ":method=GET|:scheme=http|:authority=b|:path=/?c=/d"],
      ["GET http://[::1]:80/c HTTP/1.1", ":method=GET|:scheme=http|:authority=[::1]:80|:path=/c"],
      ["CONNECT b:443 HTTP/1.1", ":method=CONNECT|:authority=b:443"],
      ["CONNECT b HTTP/1.1", "400 http1.invalid_url"],
      ["CONNECT b: HTTP/1.1", "400 http1.invalid_url"],
      ["CONNECT :443 HTTP/1.1", "400 http1.invalid_url"],
      ["CONNECT u@b:443 HTTP/1.1", "400 http1.invalid_url"],
      ["GET * HTTP/1.1", "400 http1.invalid_url"],
      ["GET ftp://b/ HTTP/1.1", "400 http1.invalid_scheme"],
      ["GET http:/b HTTP/1.1", "400 http1.codec_error"],
      ["GET http:// HTTP/1.1", "400 http.invalid_authority"],
      ["GET http://u:p@b/ HTTP/1.1", "400 http.invalid_authority"],
      ["GET a HTTP/1.1", "400 http1.codec_error"],
      ["GET  HTTP/1.1", "400 http1.codec_error"],
      ["GET /\x00 HTTP/1.1", "400 http1.invalid_characters"],
      ["GET /\x7f HTTP/1.1", "400 http1.invalid_characters"],
      ["GET /\xff HTTP/1.1", "400 http1.codec_error"],
      ["GET / HTTP/1.0", "426 low_version"],
      ["GET / HTTP/1.2", "426 low_version"],
      ["GET / HTTP/2.0", "426 low_version"],
      ["GET /", "426 low_version"],
      ["GET / HTTP/x.1", "400 http1.codec_error"],
      ["FOO / HTTP/1.1", "400 http1.codec_error"],
      ["get / HTTP/1.1", "400 http1.codec_error"],
      [" GET / HTTP/1.1", "400 http1.codec_error"],
    ];
    for (const [start, expected] of cases) {
      it(`reads ${JSON.stringify(start)} as ${expected}`, () => assert.equal(read(start), expected));
    }

    it("refuses an absolute one when it is not allowed", () => {
      assert.equal(read("GET http://b/ HTTP/1.1", [], { allowAbsoluteUrl: false }), "400 http1.invalid_url");
    });

    it("needs one Host whatever the target is, and lets it be empty", () => {
      assert.equal(parse("GET / HTTP/1.1\r\n\r\n"), "400 missing_host_header");
      assert.equal(parse("GET http://b/ HTTP/1.1\r\n\r\n"), "400 missing_host_header");
      assert.equal(parse("GET / HTTP/1.1\r\nHost:\r\n\r\n"), ":method=GET|:scheme=http|:authority=|:path=/");
    });
  });

  describe("fields", () => {
    const cases: [string, string[], string][] = [
      ["names become lower case, values keep theirs", ["X-Ab: Cd"], "|x-ab=Cd"],
      ["white space around a value goes", ["X: \t a b\t ", "Y:z"], "|x=a b|y=z"],
      ["an empty value stays", ["X:", "Accept: "], "|x=|accept="],
      ["bytes beyond ASCII pass", ["X: \xe9\xff"], "|x=\xe9\xff"],
      [
        "known and unknown names keep their order",
        ["X: 1", "Accept: 2", "X: 3", "Cookie: 4"],
        "|x=1|accept=2|x=3|cookie=4",
      ],
      ["every token byte may be in a name", ["!#$%&'*+-.^_`|~09az: 1"], "|!#$%&'*+-.^_`|~09az=1"],
      ["a length is kept", ["Content-Length: 5"], "|content-length=5"],
      ["the largest length is kept", ["Content-Length: 9007199254740991"], "|content-length=9007199254740991"],
      ["the coding is not", ["Transfer-Encoding: chunked"], ""],
      ["the fields of this hop go", ["Connection: keep-alive", "Keep-Alive: 1", "Proxy-Connection: x"], ""],
      [
        "the fields that Connection names go, before it and after",
        ["X: 1", "Connection: x, Y", "Y: 2", "Z: 3"],
        "|z=3",
      ],
      [
        "Connection cannot name what routes or frames",
        ["Connection: host, content-length", "Content-Length: 1"],
        "|content-length=1",
      ],
      ["TE keeps trailers and nothing else", ["TE: gzip;q=1, Trailers"], "|te=trailers"],
      ["TE without trailers goes", ["TE: gzip"], ""],
      ["TE: trailers stays though Connection names it", ["Connection: TE", "TE: trailers"], "|te=trailers"],
      ["an upgrade stays", ["Connection: Upgrade", "Upgrade: websocket"], "|connection=Upgrade|upgrade=websocket"],
      [
        "an upgrade stays without the other names",
        ["Upgrade: x", "Connection: upgrade, Y", "Y: 1"],
        "|upgrade=x|connection=upgrade",
      ],
      [
        "an upgrade in two fields becomes one",
        ["Connection: upgrade", "Connection: upgrade", "Upgrade: x"],
        "|connection=upgrade|upgrade=x",
      ],
      ["an upgrade to h2c goes", ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"], ""],
      ["Upgrade without Connection goes", ["Upgrade: websocket"], ""],
      ["Connection without Upgrade goes", ["Connection: upgrade"], ""],
      [
        "an upgrade of HTTP/1.1 with a body goes",
        ["Connection: upgrade", "Upgrade: x", "Content-Length: 1"],
        "|content-length=1",
      ],
    ];
    for (const [title, lines, expected] of cases) {
      it(title, () => assert.equal(read("GET / HTTP/1.1", lines), ROOT + expected));
    }

    it("refuses Connection fields that name more than 32 others", () => {
      const names = Array.from({ length: 33 }, (_, i) => `n${i}`);
      assert.equal(read("GET / HTTP/1.1", [`Connection: ${names.slice(1).join()}`]), ROOT);
      assert.equal(read("GET / HTTP/1.1", [`Connection: ${names.join()}`]), "400 http1.codec_error");
    });

    it("allows, drops or refuses names with underscores as told", () => {
      const lines = ["a_b: 1", "c: 2"];
      assert.equal(read("GET / HTTP/1.1", lines), `${ROOT}|a_b=1|c=2`);
      assert.equal(read("GET / HTTP/1.1", lines, { underscores: "drop" }), `${ROOT}|c=2`);
      assert.equal(read("GET / HTTP/1.1", lines, { underscores: "reject" }), "400 http1.unexpected_underscore");
    });

    it("leaves the names of answers alone: the choice is about what clients send", () => {
      const parser = new HeadParser("response", options({ underscores: "reject" }));
      const bytes = Buffer.from("HTTP/1.1 200 OK\r\na_b: 1\r\n\r\n", "latin1");
      parser.feed(bytes, 0, bytes.length);
      assert.equal(parser.fault, null);
      assert.equal(parser.take().valueByName("a_b"), "1");
    });
  });

  describe("limits", () => {
    const ROOT_BYTES = "GET / HTTP/1.1\r\nHost: a\r\n".length + 32;
    /** A head whose bytes and 32 a field make exactly `size`. */
    const sized = (size: number): string => read("GET / HTTP/1.1", [`X: ${"a".repeat(size - ROOT_BYTES - 32 - 7)}`]);

    it("lets a head of 61 440 bytes pass and no longer one, 32 bytes a field included", () => {
      assert.match(sized(61_440), /^:method=GET/);
      assert.equal(sized(61_441), "431 http1.headers_too_large");
    });

    it("counts the request line into it", () => {
      assert.equal(read(`GET /${"a".repeat(61_440)} HTTP/1.1`), "431 http1.headers_too_large");
    });

    it("counts white space that is not kept, and empty lines", () => {
      assert.equal(read("GET / HTTP/1.1", [`X:${" ".repeat(61_440)}`]), "431 http1.headers_too_large");
      assert.equal(parse("\r\n".repeat(40_000)), "431 http1.headers_too_large");
    });

    it("lets 100 fields pass and no longer 101, Host included", () => {
      const lines = Array.from({ length: 99 }, (_, i) => `x${i}: 1`);
      assert.match(read("GET / HTTP/1.1", lines), /x98=1$/);
      assert.equal(read("GET / HTTP/1.1", [...lines, "x: 1"]), "431 http1.too_many_headers");
    });

    it("counts fields that are dropped", () => {
      const lines = Array.from({ length: 100 }, () => "Keep-Alive: 1");
      assert.equal(read("GET / HTTP/1.1", lines), "431 http1.too_many_headers");
    });

    it("lets trailers of 8 KiB pass and no longer ones", () => {
      const feed = (size: number): string => {
        const parser = new HeadParser("trailers", options({}));
        const bytes = Buffer.from(`X: ${"a".repeat(size - 7 - 32)}\r\n\r\n`, "latin1");
        parser.feed(bytes, 0, bytes.length);
        return parser.fault?.details ?? `done ${parser.done}`;
      };
      assert.equal(feed(8_192), "done true");
      assert.equal(feed(8_193), "http1.trailers_too_large");
    });
  });
});
