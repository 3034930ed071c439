// The health_check filter beside the real Envoy's: who answers, what it says, and what is not counted.
import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { FilterTwins, type TwinOptions } from "../../support/filter-twins.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";

const TYPE = "health_check.v3.HealthCheck";
const headers = [{ name: ":path", string_match: { prefix: "/health" } }];
const FLAGS = ["--service-cluster", "mine", "--service-node", "n"];
const NAMES = /^http\.main\.(downstream_rq_|rq_|tracing\.|no_)|^cluster\.echo\.upstream_rq_\d\w\w$/;

/** A request, or an order on the admin page. */
const STEPS = [
  "GET /health/Echo",
  "GET /health/Plain",
  "GET /health/Plain",
  "GET /a.B/Echo",
  "POST /health/Echo",
  "HEAD /health/Echo",
  "/healthcheck/fail",
  "GET /health/Echo",
  "GET /a.B/Echo",
  "POST /health/Echo",
  "/healthcheck/ok",
  "GET /health/Echo",
];

const CONFIGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "no upstream": { pass_through_mode: false, headers },
  "the upstream": { pass_through_mode: true, headers },
  "the upstream and a cache": { pass_through_mode: true, cache_time: "100s", headers },
  "all of a cluster": { pass_through_mode: false, headers, cluster_min_healthy_percentages: { echo: { value: 100 } } },
  "a cluster that is none": {
    pass_through_mode: false,
    headers,
    cluster_min_healthy_percentages: { no: { value: 0 } },
  },
  "no condition at all": { pass_through_mode: false },
};

describe("the health_check filter, the real Envoy beside Starling", function () {
  this.timeout(60_000);

  before(function () {
    if (!envoyInstalled()) this.skip();
  });

  for (const [title, config] of Object.entries(CONFIGS)) {
    it(`answers and counts alike with ${title}`, async () => {
      const options: TwinOptions = { filters: { h: { "@type": TYPE, ...config } }, flags: FLAGS };
      const twins = await FilterTwins.start(options);
      try {
        for (const step of STEPS) {
          const [theirs, ours] = await play(twins, step);
          assert.equal(ours, theirs, step);
        }
        const [theirs, ours] = await twins.stats(NAMES);
        assert.deepEqual(ours, theirs);
      } finally {
        await twins.stop();
      }
    });
  }
});

async function play(twins: FilterTwins, step: string): Promise<readonly string[]> {
  const [method = "", path] = step.split(" ");
  if (path === undefined) return twins.admin(step);
  const body = method === "POST" ? "content-length: 3\r\n\r\nabc" : "\r\n";
  return twins.raw(`${method} ${path} HTTP/1.1\r\nhost: a\r\n${body}`);
}
