import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { ForwardPlan } from "../../../src/config/plan/route.ts";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { forwarding, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n";
const GRPC = `${GET}content-type: application/grpc\r\n`;

describe("an exchange that may only take so long", () => {
  let world: ExchangeWorld;
  let up: FakeCluster;
  let client: ClientChannel;

  function begin(forward: Partial<ForwardPlan>, clusterMs: number = Number.POSITIVE_INFINITY): void {
    const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up", forward)]));
    world = new ExchangeWorld(listener(manager({ routes, streamDurationMaxMs: 4_000 })));
    up = world.upstreams.add("up");
    Object.assign(up.plan, { streamDurationMaxMs: clusterMs });
    client = world.connect();
  }

  function timeoutSeen(
    grpcTimeout: ForwardPlan["grpcTimeout"],
    lines: string,
    streamDurationMaxMs: number = -1,
  ): string {
    begin({ grpcTimeout, streamDurationMaxMs });
    client.send(`${lines}\r\n`);
    const seen = up.stream().header("grpc-timeout") ?? "none";
    up.stream().respond(200);
    return seen;
  }

  afterEach(() => {
    assert.deepEqual(world.leaks(), []);
    world.clock.advanceMs(3_700_000);
    assert.equal(world.clock.wheel.size, 0, "no timer is left");
  });

  it("tells a gRPC upstream what holds of the request's time, the route's and the manager's", () => {
    const headers = { kind: "duration", maxMs: 2_000, offsetMs: 500 } as const;
    const alone = { kind: "duration", maxMs: -1, offsetMs: 0 } as const;
    assert.equal(timeoutSeen(headers, `${GRPC}grpc-timeout: 5S\r\n`), "1500m");
    assert.equal(timeoutSeen(headers, `${GRPC}grpc-timeout: 1S\r\n`), "500m");
    assert.equal(timeoutSeen(headers, GRPC), "4000m");
    assert.equal(timeoutSeen(headers, GRPC, 1_000), "1000m");
    assert.equal(timeoutSeen(alone, `${GRPC}grpc-timeout: 200m\r\n`, 1_000), "1000m");
    assert.equal(timeoutSeen(headers, `${GET}grpc-timeout: 5S\r\n`), "5S");
    assert.equal(timeoutSeen(null, `${GRPC}grpc-timeout: 5S\r\n`), "5S");
  });

  it("ends a gRPC stream when its own time is over", () => {
    begin({ grpcTimeout: { kind: "duration", maxMs: Number.POSITIVE_INFINITY, offsetMs: 0 } });
    client.send(`${GRPC}grpc-timeout: 300m\r\n\r\n`);
    world.clock.advanceMs(290);
    assert.equal(client.received(), "");
    world.clock.advanceMs(30);
    assert.match(
      client.received(),
      /^HTTP\/1.1 200 .*grpc-status: 4\r\ngrpc-message: downstream duration timeout\r\n/s,
    );
  });

  it("takes an offset that is no less than the time off the time of a stream, and not off that of a route", () => {
    begin({ grpcTimeout: { kind: "duration", maxMs: 2_000, offsetMs: 500 } });
    client.send(`${GRPC}grpc-timeout: 300m\r\n\r\n`);
    world.clock.advanceMs(30);
    assert.match(client.received(), /grpc-status: 4/);
    begin({ grpcTimeout: { kind: "route", maxMs: 2_000, offsetMs: 500 } });
    client.send(`${GRPC}grpc-timeout: 300m\r\n\r\n`);
    assert.equal(up.stream().header("grpc-timeout"), "300m");
    world.clock.advanceMs(330);
    assert.match(client.received(), /grpc-status: 14\r\ngrpc-message: upstream request timeout/);
  });

  it("ends an attempt by its cluster's limit, whether or not the request is whole", () => {
    begin({ streamDurationMaxMs: Number.POSITIVE_INFINITY }, 300);
    client.send(`${GET}\r\n`);
    world.clock.advanceMs(330);
    assert.match(client.received(), /^HTTP\/1.1 504 .*upstream max stream duration reached$/s);
    const other = world.connect();
    other.send("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab");
    world.clock.advanceMs(330);
    assert.match(other.received(), /^HTTP\/1.1 408 /);
    assert.equal(world.stat("cluster.up.upstream_rq_max_duration_reached"), 2);
    assert.equal(world.stat("cluster.up.upstream_rq_completed"), 0);
  });

  it("ends an answer in its middle by its cluster's limit", () => {
    begin({ streamDurationMaxMs: Number.POSITIVE_INFINITY }, 300);
    client.send(`${GET}\r\n`);
    up.stream().respond(200, {}, null);
    world.clock.advanceMs(200);
    up.stream().data("x", false);
    world.clock.advanceMs(130);
    assert.equal(client.ending, "close");
  });
});
