import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { LocalRateLimitPlan } from "../../../../src/config/plan/filters/local-ratelimit.ts";
import { rateBucketWords } from "../../../../src/config/plan/filters/local-ratelimit.ts";
import type { FractionPlan } from "../../../../src/config/plan/match.ts";
import type { ClientChannel } from "../../../support/client-channel.ts";
import { type FilterScene, filterScene, override } from "../../../support/filter-scene.ts";
import { forwarding } from "../../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../../support/route-plans.ts";

const ALWAYS: FractionPlan = { numerator: 100, denominator: 100, runtimeKey: "" };
const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";

function limit(more: Partial<LocalRateLimitPlan> = {}): LocalRateLimitPlan {
  return {
    kind: "local_ratelimit",
    bucketKey: "",
    statPrefix: "l",
    status: 429,
    grpcStatus: -1,
    bucket: { tokensMax: 2, tokensPerFill: 1, fillMs: 1_000 },
    descriptors: [],
    dynamicMax: 20,
    enabled: ALWAYS,
    enforced: ALWAYS,
    responseAdd: [],
    requestAdd: [],
    stage: 0,
    policies: [],
    hostPolicies: "override",
    alwaysConsumesDefault: true,
    showsHeaders: false,
    retryAfter: false,
    ...more,
  };
}

/** Two limits share what is named alike. */
function scene(plan: LocalRateLimitPlan, routes: FilterSceneOptions["manager"] = {}): FilterScene {
  const words = new Map([["k", new SharedArrayBuffer(rateBucketWords(plan) * 8)]]);
  return filterScene({ filters: { l: plan }, manager: routes, rateBuckets: words });
}

type FilterSceneOptions = Parameters<typeof filterScene>[0];

/** The status that a client gets, by default a new one; the upstream answers 204 when it is asked. */
function ask({ world, up }: FilterScene, client: ClientChannel = world.connect()): string {
  const [streams, bytes] = [up.streams.length, client.received().length];
  client.send(GET);
  for (const stream of up.streams.slice(streams)) stream.respond(204);
  return client.received().slice(bytes + 9, bytes + 12);
}

describe("the local_ratelimit filter", () => {
  it("answers 429 when the bucket is empty, and lets pass what comes in", () => {
    const stage = scene(limit({ bucketKey: "k" }));
    assert.deepEqual([ask(stage), ask(stage), ask(stage)], ["204", "204", "429"]);
    stage.world.clock.advanceMs(1_000);
    assert.deepEqual([ask(stage), ask(stage)], ["204", "429"]);
    assert.equal(stage.world.stat("l.http_local_rate_limit.enabled"), 5);
    assert.equal(stage.world.stat("l.http_local_rate_limit.ok"), 3);
    assert.equal(stage.world.stat("l.http_local_rate_limit.enforced"), 2);
    assert.deepEqual(stage.world.leaks(), []);
  });

  it("gives each connection a bucket of its own when told so", () => {
    const stage = scene(limit());
    const client = stage.world.connect();
    assert.deepEqual([ask(stage, client), ask(stage, client), ask(stage, client)], ["204", "204", "429"]);
    assert.equal(ask(stage), "204");
    assert.deepEqual(stage.world.leaks(), []);
  });

  it("takes a route's limit in place of its own", () => {
    const settings = limit({
      bucketKey: "k",
      bucket: { tokensMax: 1, tokensPerFill: 1, fillMs: 1_000 },
      statPrefix: "r",
    });
    const route = { ...forwarding("/", "up"), filterOverrides: [override("l", { settings })] };
    const stage = scene(limit(), { routes: routeConfig(virtualHost("all", ["*"], [route])) });
    assert.deepEqual([ask(stage), ask(stage)], ["204", "429"]);
    assert.equal(stage.world.stat("r.http_local_rate_limit.rate_limited"), 1);
    assert.equal(stage.world.stat("l.http_local_rate_limit.enabled"), 0);
    assert.deepEqual(stage.world.leaks(), []);
  });
});
