// The grpc_http1_bridge filter beside the real Envoy's: what HTTP/1 clients get of gRPC answers, with and without bare messages.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { FilterTwins } from "../../support/filter-twins.ts";
import { grpcMessage } from "../../support/grpc-upstream.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";

const METHODS = ["Echo", "Echo?x=1", "Empty", "Fail", "Late", "Odd", "Ten", "Plain", "Html", "Reset"];
const TYPES = ["application/grpc", "application/grpc+proto", "application/x-protobuf", "application/json"];
const CHUNKS = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

for (const [title, config] of Object.entries({
  "nothing set": {},
  "bare messages": { upgrade_protobuf_to_grpc: true, ignore_query_parameters: true },
})) {
  describe(`the grpc_http1_bridge filter with ${title}, the real Envoy beside Starling`, function () {
    this.timeout(60_000);
    let twins: FilterTwins | undefined;

    before(async function () {
      if (!envoyInstalled()) this.skip();
      const filters = { b: { "@type": "grpc_http1_bridge.v3.Config", ...config } };
      twins = await FilterTwins.start({ filters });
    });

    after(() => twins?.stop());

    for (const type of TYPES) {
      it(`answers alike to ${type}`, async () => {
        const body = type === "application/x-protobuf" ? "abc" : grpcMessage("abc").toString("latin1");
        // What is not bridged is sent in chunks, which every program cuts as it likes.
        const large = type.startsWith("application/grpc") ? ["Big", "Huge"] : [];
        for (const method of [...METHODS, ...large]) {
          const head = `POST /a.B/${method} HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\n`;
          const [theirs, ours] = (await twins?.raw(`${head}content-length: ${body.length}\r\n\r\n${body}`)) ?? [];
          assert.equal(ours, theirs, method);
        }
      });

      it(`answers alike to ${type} in chunks and without a body`, async () => {
        const head = `POST /a.B/Echo HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\n`;
        for (const rest of [`transfer-encoding: chunked\r\n\r\n${CHUNKS}`, "content-length: 0\r\n\r\n"]) {
          const [theirs, ours] = (await twins?.raw(head + rest)) ?? [];
          assert.equal(ours, theirs, rest);
        }
      });

      it(`answers alike to ${type} over HTTP/2`, async () => {
        for (const method of ["Echo", "Late", "Plain"]) {
          const request = {
            path: `/a.B/${method}`,
            fields: { "content-type": type, "content-length": "3" },
            body: Buffer.from("abc"),
          };
          const [theirs, ours] = (await twins?.http2(request)) ?? [];
          assert.equal(ours, theirs, method);
        }
      });
    }

    it("counts alike", async () => {
      const names = /^cluster\.echo\.grpc|main\.(downstream_rq_.xx|rs_too_large)/;
      const plain = (lines: readonly string[]): string[] => lines.map((one) => one.replace(/_\d+\.http/, "_0.http"));
      const [theirs, ours] = (await twins?.stats(names, plain)) ?? [];
      assert.deepEqual(ours, theirs);
    });
  });
}
