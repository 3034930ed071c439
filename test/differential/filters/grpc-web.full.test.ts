// The grpc_web filter beside the real Envoy's: binary and text, over HTTP/1 and HTTP/2, what the upstream sees, and the counters.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { FilterTwins } from "../../support/filter-twins.ts";
import { grpcMessage } from "../../support/grpc-upstream.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";

const ROUTES = [
  { match: { prefix: "/none/" }, direct_response: { status: 429, body: { inline_string: "slow down" } } },
  { match: { prefix: "/bare/" }, direct_response: { status: 403 } },
  { match: { prefix: "/a.B/" }, route: { cluster: "echo" } },
];
const WEB = "application/grpc-web";
const binary = Buffer.concat([grpcMessage("abc"), grpcMessage("")]);
const text = Buffer.from(binary.toString("base64"));
const METHODS = ["Echo", "Empty", "Fail", "Late", "Odd", "Ten", "Big", "Plain", "Html", "Long", "Reset"];

/** Content type, accepted type and body of a call. */
const FORMS: Readonly<Record<string, readonly [string, string, Uint8Array]>> = {
  binary: [WEB, WEB, binary],
  "binary with +proto": [`${WEB}+proto`, "*/*", binary],
  text: [`${WEB}-text`, `${WEB}-text`, text],
  "text with +proto": [`${WEB}-text+proto`, `${WEB}-text+proto`, text],
  "text that asks for binary": [`${WEB}-text`, `${WEB}+proto`, text],
  "binary that asks for text": [WEB, `${WEB}-text`, binary],
  "plain gRPC": ["application/grpc", "*/*", binary],
  "a type with a parameter": [`${WEB};charset=utf-8`, WEB, binary],
};

describe("the grpc_web filter, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let twins: FilterTwins | undefined;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    twins = await FilterTwins.start({ filters: { w: { "@type": "grpc_web.v3.GrpcWeb" } }, routes: ROUTES });
  });

  after(() => twins?.stop());

  for (const [title, [type, accept, body]] of Object.entries(FORMS)) {
    const paths = [...METHODS.map((method) => `/a.B/${method}`), "/none/x", "/bare/x", "/nowhere"];
    it(`answers alike over HTTP/2: ${title}`, async () => {
      for (const path of paths) {
        const [theirs, ours] = (await twins?.http2({ path, fields: { "content-type": type, accept }, body })) ?? [];
        assert.equal(ours, theirs, path);
      }
    });

    it(`answers alike over HTTP/1: ${title}`, async () => {
      for (const path of ["/a.B/Echo", "/a.B/Fail", "/a.B/Plain", "/none/x"]) {
        const head = `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\naccept: ${accept}\r\n`;
        const bytes = `${head}content-length: ${body.length}\r\n\r\n${Buffer.from(body).toString("latin1")}`;
        const [theirs, ours] = (await twins?.raw(bytes)) ?? [];
        assert.equal(ours, theirs, path);
      }
    });
  }

  it("answers alike to text that is no base64 and to text that breaks off", async () => {
    const fields = { "content-type": `${WEB}-text`, accept: `${WEB}-text` };
    for (const body of ["AAA", "A", "!!!!", "", "QUJD QUJD"]) {
      const [theirs, ours] = (await twins?.http2({ path: "/a.B/Echo", fields, body: Buffer.from(body) })) ?? [];
      // Whether the upstream saw the beginning of the call is a race in both.
      assert.equal(ours?.split("upstream:")[0], theirs?.split("upstream:")[0], body);
    }
  });

  it("counts alike", async () => {
    // A status that is none has no counter of its own here.
    const [theirs, ours] =
      (await twins?.stats(/^cluster\.echo\.grpc/, (lines, program) =>
        lines.filter((one) => program === "starling" || !one.includes(".what,")),
      )) ?? [];
    assert.deepEqual(ours, theirs);
    assert.ok((theirs?.length ?? 0) > 10);
  });
});
