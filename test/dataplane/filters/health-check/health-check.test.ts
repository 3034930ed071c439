import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { HealthCheckFilterPlan } from "../../../../src/config/plan/filters/health-check.ts";
import { type FilterScene, filterScene } from "../../../support/filter-scene.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";

function scene(more: Partial<HealthCheckFilterPlan>): FilterScene {
  const plan: HealthCheckFilterPlan = {
    kind: "health_check",
    passThrough: false,
    cacheMs: 0,
    clusterPercents: [],
    headers: [],
    localCluster: "mine",
    ...more,
  };
  return filterScene({ filters: { h: plan } });
}

describe("the health_check filter", () => {
  it("asks the upstream once a period", () => {
    const { world, up } = scene({ passThrough: true, cacheMs: 1_000 });
    const ask = (): string => {
      const before = up.streams.length;
      const client = world.connect();
      client.send(GET);
      for (const stream of up.streams.slice(before)) stream.respond(500 + before, { "x-envoy-degraded": "" });
      return client.received().split("\r\n")[0] ?? "";
    };
    const answers = [ask(), ask()];
    world.clock.advanceMs(999);
    answers.push(ask());
    world.clock.advanceMs(1);
    answers.push(ask());
    assert.deepEqual(
      answers.map((line) => line.split(" ")[1]),
      ["500", "500", "500", "501"],
    );
    assert.equal(up.streams.length, 2);
    assert.equal(world.stat("http.main.downstream_rq_5xx"), 0);
    assert.equal(world.stat("http.main.tracing.health_check"), 4);
    assert.deepEqual(world.leaks(), []);
  });

  for (const [available, percent, status] of [
    [1, 50, "200"],
    [1, 51, "503"],
    [0, 0, "200"],
  ] as const) {
    it(`answers ${status} with ${available} of 2 endpoints where ${percent} % are wanted`, () => {
      const { world, up } = scene({ clusterPercents: [{ cluster: "up", percent }] });
      up.members = { total: 2, available };
      assert.equal(world.ask(GET).split(" ")[1], status);
      assert.deepEqual(world.leaks(), []);
    });
  }

  it("answers 503 for a cluster without endpoints unless none are wanted", () => {
    const { world, up } = scene({ clusterPercents: [{ cluster: "up", percent: 1 }] });
    up.members = { total: 0, available: 0 };
    assert.equal(world.ask(GET).split(" ")[1], "503");
    assert.deepEqual(world.leaks(), []);
  });

  it("says in every answer that the node was told to fail", () => {
    const { world } = scene({});
    world.service.setFailing(true);
    assert.match(world.ask(GET), /^HTTP\/1.1 503 .*x-envoy-immediate-health-check-fail: true\r\n/s);
    world.service.setFailing(false);
    assert.match(world.ask(GET), /^HTTP\/1.1 200 /);
  });
});
