// The grpc_stats filter beside the real Envoy's: answers pass untouched and the counters have the same names and values.
import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { FilterTwins } from "../../support/filter-twins.ts";
import { grpcMessage } from "../../support/grpc-upstream.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";

const TYPE = "grpc_stats.v3.FilterConfig";
const NAMES = /^cluster\.echo\.grpc\./;

const CONFIGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "all methods": { stats_for_all_methods: true, enable_upstream_stats: true },
  "no method": { stats_for_all_methods: false },
  "nothing said": {},
  "a list of methods": {
    individual_method_stats_allowlist: { services: [{ name: "a.B", method_names: ["Echo", "Late"] }] },
  },
  "dots replaced": { stats_for_all_methods: true, replace_dots_in_grpc_service_name: true },
};

const PATHS = [
  "/a.B/Echo",
  "/a.B/Echo?x=1",
  "/a.B/Ten",
  "/a.B/Fail",
  "/a.B/Late",
  "/a.B/Plain",
  "/a.B/Reset",
  "/no",
  "/a//Echo",
  "/a/b/Echo",
  "/",
];

describe("the grpc_stats filter, the real Envoy beside Starling", function () {
  this.timeout(60_000);

  before(function () {
    if (!envoyInstalled()) this.skip();
  });

  for (const [title, config] of Object.entries(CONFIGS)) {
    it(`counts alike with ${title}`, async () => {
      const twins = await FilterTwins.start({ filters: { g: { "@type": TYPE, ...config } } });
      try {
        for (const path of PATHS) {
          const body = Buffer.concat([grpcMessage("abc"), grpcMessage("")]);
          for (const type of ["application/grpc", "application/grpc+proto", "text/plain"]) {
            const [theirs, ours] = await twins.http2({ path, fields: { "content-type": type }, body });
            assert.equal(ours, theirs);
          }
        }
        const [theirs, ours] = await twins.stats(NAMES);
        assert.deepEqual(ours, theirs);
        assert.ok(theirs.length > 3, "something was counted");
      } finally {
        await twins.stop();
      }
    });
  }
});
