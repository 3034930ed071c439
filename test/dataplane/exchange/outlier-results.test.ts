import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { OutlierPlan } from "../../../src/config/plan/health-check.ts";
import { type OnSuspected, OutlierMonitor } from "../../../src/dataplane/upstream/outlier-monitor.ts";
import { createHealthMemory, HealthTable } from "../../../src/telemetry/health-table.ts";
import { createOutlierMemory, OutlierCount, OutlierTable } from "../../../src/telemetry/outlier-table.ts";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { forwarding, listener, manager } from "../../support/listener-plans.ts";
import { outlierPlan } from "../../support/outlier-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
const GRPC = "POST /x HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\ncontent-length: 0\r\n\r\n";

describe("what an exchange tells outlier detection", () => {
  let world: ExchangeWorld;
  let up: FakeCluster;
  let client: ClientChannel;
  let table: OutlierTable;
  let suspected: string[];

  function watch(more: Partial<OutlierPlan> = {}): void {
    table = new OutlierTable(createOutlierMemory(4, 4));
    suspected = [];
    const onSuspected: OnSuspected = (_row, _slot, kind) => suspected.push(kind);
    const health = new HealthTable(createHealthMemory(4, 4));
    up.outlier = new OutlierMonitor(outlierPlan(more), { outliers: table, health, runtime: new Map(), onSuspected }, 0);
  }

  function counts(): Record<string, number> {
    const all = Object.entries(OutlierCount).map(([name, count]): [string, number] => [name, table.read(0, count)]);
    return Object.fromEntries(all.filter(([, value]) => value !== 0));
  }

  beforeEach(() => {
    const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up")]));
    world = new ExchangeWorld(listener(manager({ routes })));
    up = world.upstreams.add("up");
    client = world.connect();
    watch();
  });

  afterEach(() => assert.deepEqual(world.leaks(), []));

  it("an answer by its status", () => {
    client.send(GET);
    up.stream().respond(200, {}, "ok");
    assert.deepEqual(counts(), { Requests: 1, Successes: 1 });
    client.send(GET);
    up.stream().respond(500, {}, "no");
    assert.deepEqual(counts(), { Requests: 2, Successes: 1, Consecutive5xx: 1 });
  });

  it("an answer that is no 5xx and says that its endpoint is degraded", () => {
    watch({ detectsDegraded: true });
    for (const [status, told] of [
      [500, 0],
      [404, 1],
      [200, 2],
    ] as const) {
      client.send(GET);
      up.stream().respond(status, { "x-envoy-degraded": "" }, "x");
      assert.deepEqual(suspected, new Array(told).fill("degradation"));
    }
    client.send(GRPC);
    up.stream().respond(200, { "content-type": "application/grpc", "grpc-status": "14", "x-envoy-degraded": "" }, "");
    assert.equal(suspected.length, 2);
  });

  it("a gRPC answer by the status in its head, and by HTTP's when it has none there", () => {
    client.send(GRPC);
    up.stream().respond(200, { "content-type": "application/grpc", "grpc-status": "14" }, "");
    assert.deepEqual(counts(), { Requests: 1, Consecutive5xx: 1, ConsecutiveGatewayFailure: 1 });
    client.send(GRPC);
    up.stream().respond(200, { "content-type": "application/grpc", "grpc-status": "99" }, "");
    assert.deepEqual(counts(), { Requests: 2, Consecutive5xx: 2 });
    client.send(GRPC);
    up.stream().respond(200, { "content-type": "application/grpc", "grpc-status": "1" }, "");
    assert.deepEqual(counts(), { Requests: 3, Successes: 1 });
    client.send(GRPC);
    up.stream().respond(200, { "content-type": "application/grpc" }, "");
    assert.deepEqual(counts(), { Requests: 4, Successes: 2 });
  });

  it("a reset before the head as 503, though the client may get 502", () => {
    client.send(GET);
    up.stream().fail("codec_error");
    assert.match(client.received(), /^HTTP\/1.1 502 /);
    assert.deepEqual(counts(), { Requests: 1, Consecutive5xx: 1, ConsecutiveGatewayFailure: 1 });
  });

  it("a reset in the middle of an answer as a failure after the success that its head was", () => {
    client.send(GET);
    up.stream().respond(200, { "content-length": "9" }, null);
    up.stream().fail("connection_closed");
    assert.deepEqual(counts(), { Requests: 2, Successes: 1, Consecutive5xx: 1, ConsecutiveGatewayFailure: 1 });
  });

  it("a connection that cannot be made", () => {
    up.mode = "connection_failure";
    client.send(GET);
    assert.deepEqual(counts(), { Requests: 1, Consecutive5xx: 1, ConsecutiveGatewayFailure: 1 });
  });

  it("a route's timeout before the head", () => {
    client.send(GET);
    world.clock.advanceMs(15_020);
    assert.deepEqual(counts(), { Requests: 1, Consecutive5xx: 1, ConsecutiveGatewayFailure: 1 });
  });

  it("nothing of a full breaker, a missing endpoint, a client that went away or a timeout in the middle of an answer", () => {
    up.mode = "overflow";
    client.send(GET);
    up.mode = "no_healthy_upstream";
    client.send(GET);
    up.mode = "open";
    client.send(GET);
    client.hangUp();
    assert.deepEqual(counts(), {});
    const other = world.connect();
    other.send(GET);
    up.stream().respond(200, { "content-length": "9" }, null);
    world.clock.advanceMs(15_020);
    assert.deepEqual(counts(), { Requests: 1, Successes: 1 });
  });

  it("connections apart from answers when the cluster wants that", () => {
    watch({ splitExternalLocalOriginErrors: true });
    client.send(GET);
    up.stream().respond(500, {}, "no");
    assert.deepEqual(counts(), { Requests: 1, Consecutive5xx: 1, LocalAttempts: 1, LocalSuccesses: 1 });
    client.send(GET);
    world.clock.advanceMs(15_020);
    assert.deepEqual(counts(), {
      Requests: 1,
      Consecutive5xx: 1,
      LocalAttempts: 3,
      LocalSuccesses: 2,
      ConsecutiveLocalOriginFailure: 1,
    });
  });
});
