import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { FilterChainPlan } from "../../src/config/plan/listener.ts";
import { ExchangeWorld } from "../support/exchange-harness.ts";
import { listener, manager } from "../support/listener-plans.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
const OK = { "content-length": "2" };

describe("a listener with drain_type MODIFY_ONLY", () => {
  it("ends no connection while the node fails its health check, but when it drains itself", () => {
    const world = new ExchangeWorld({ ...listener(), drainType: "modify_only" });
    const up = world.upstreams.add("up");
    const client = world.connect();
    const answered = (): string => {
      up.stream().respond(200, OK, "ok");
      return client.received();
    };
    world.service.setFailing(true);
    client.send(GET);
    assert.doesNotMatch(answered(), /connection: close/);
    client.send(GET);
    world.service.drain(false);
    assert.match(answered(), /connection: close/);
    assert.deepEqual(world.leaks(), []);
  });
});

describe("a listener's new plan", () => {
  it("serves the next request of an open connection", () => {
    const plan = listener();
    const world = new ExchangeWorld(plan);
    const up = world.upstreams.add("up");
    const client = world.connect();
    client.send(GET);
    up.stream().respond(200, OK, "ok");
    assert.match(client.received(), /server: envoy/);
    world.service.applyPlan(listener(manager({ serverName: "other" })));
    client.send(GET);
    up.stream().respond(200, OK, "ok");
    assert.match(client.received(), /server: other/);
    assert.deepEqual(world.leaks(), []);
  });

  it("keeps a connection under the chain that matches it, wherever that stands now", () => {
    const named = (name: string, serverName: string): FilterChainPlan[] =>
      listener(manager({ serverName })).filterChains.map((chain) => ({ ...chain, name }));
    const plan = { ...listener(), filterChains: named("a", "one") };
    const world = new ExchangeWorld(plan);
    const up = world.upstreams.add("up");
    const client = world.connect();
    world.service.applyPlan({ ...plan, filterChains: [...named("b", "stranger"), ...named("a", "two")] });
    client.send(GET);
    up.stream().respond(200, OK, "ok");
    assert.match(client.received(), /server: two/);
    assert.deepEqual(world.leaks(), []);
  });

  it("lets an idle HTTP/1 connection whose chain is gone ask once more, and ends it when its time is over", () => {
    const world = new ExchangeWorld(listener());
    const up = world.upstreams.add("up");
    const [asking, silent] = [world.connect(), world.connect()];
    world.service.applyPlan({ ...listener(), filterChains: [] }, 1_000);
    asking.send(GET);
    up.stream().respond(200, OK, "ok");
    assert.match(asking.received(), /200 OK[\s\S]*connection: close/);
    asking.hangUp();
    world.clock.advanceMs(900);
    assert.equal(world.service.connections(), 1);
    world.clock.advanceMs(200);
    silent.hangUp();
    assert.deepEqual(world.leaks(), []);
  });

  it("leaves a request in flight as it began, and drains a connection whose chain is gone", () => {
    const world = new ExchangeWorld(listener());
    const up = world.upstreams.add("up");
    const client = world.connect();
    client.send(GET);
    world.service.applyPlan({ ...listener(), filterChains: [] });
    up.stream().respond(200, OK, "ok");
    assert.match(client.received(), /server: envoy\r\nconnection: close/);
    assert.deepEqual(world.leaks(), []);
  });
});
