import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import { forwarding, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";

/** A cluster that drops this share. */
function dropping(share: number) {
  const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up")]));
  const world = new ExchangeWorld(listener(manager({ routes })));
  const up = world.upstreams.add("up");
  Object.assign(up, { plan: { ...up.plan, dropOverload: { category: "lb", share } } satisfies ClusterPlan });
  return { world, up, client: world.connect(), dropped: () => world.stat("drop.up.rq_drop_overload") };
}

describe("drop_overloads", () => {
  it("answers every request of a share of 1 in Envoy's words, and asks no endpoint", () => {
    const { world, up, client, dropped } = dropping(1);
    client.send(GET);
    const answer = client.received();
    assert.match(answer, /^HTTP\/1\.1 503 Service Unavailable\r\nx-envoy-unconditional-drop-overload: true\r\n/);
    assert.match(answer, /\r\n\r\nunconditional drop overload$/);
    assert.equal(up.streams.length, 0);
    assert.equal(dropped(), 1);
    assert.equal(world.stat("cluster.up.upstream_rq_503"), 1);
    assert.equal(world.stat("cluster.up.external.upstream_rq_503"), 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("answers about the share, and lets the rest pass", () => {
    const { up, client, dropped, world } = dropping(0.25);
    for (let i = 0; i < 400; i++) {
      client.send(GET);
      for (const stream of up.streams.splice(0)) stream.respond(200, { "content-length": "0" }, "");
    }
    const count = dropped();
    assert.ok(count > 60 && count < 140, String(count));
    assert.equal(client.received().split("x-envoy-drop-overload: true").length - 1, count);
    assert.equal(world.stat("cluster.up.upstream_rq_503"), count);
    assert.equal(world.stat("cluster.up.upstream_rq_completed"), 400);
  });

  it("drops nothing of a share of 0", () => {
    const { up, client } = dropping(0);
    client.send(GET);
    assert.equal(up.streams.length, 1);
  });
});

describe("the maintenance mode of a cluster", () => {
  function world(runtime: Readonly<Record<string, string>>) {
    const made = new ExchangeWorld(listener(manager()));
    made.upstreams.add("up");
    made.runtime.assign(runtime);
    return { made, client: made.connect() };
  }

  it("answers its share of the requests in Envoy's words, and counts them", () => {
    const { made, client } = world({ "upstream.maintenance_mode.up": "100" });
    client.send(GET);
    assert.match(client.received(), /^HTTP\/1\.1 503 .*\r\nx-envoy-overloaded: true\r\n.*\r\n\r\nmaintenance mode$/s);
    assert.equal(made.stat("cluster.up.upstream_rq_maintenance_mode"), 1);
    assert.equal(made.stat("cluster.up.upstream_rq_503"), 1);
  });

  it("is not another cluster's", () => {
    const { made, client } = world({ "upstream.maintenance_mode.down": "100" });
    client.send(GET);
    assert.equal(client.received(), "");
    assert.equal(made.stat("cluster.up.upstream_rq_maintenance_mode"), 0);
  });
});
