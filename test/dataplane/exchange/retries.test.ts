import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { RetryPlan } from "../../../src/config/plan/retry.ts";
import type { ForwardPlan } from "../../../src/config/plan/route.ts";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { forwarding, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
const POST = "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n";
const CANCEL = 8;
/** Longer than any back-off that is not configured otherwise, and shorter than any timeout. */
const BACK_OFF_MS = 60;

function policy(more: Partial<RetryPlan> = {}): RetryPlan {
  return {
    retryOn: ["5xx"],
    retriesMax: 1,
    perTryTimeoutMs: Number.POSITIVE_INFINITY,
    perTryIdleTimeoutMs: Number.POSITIVE_INFINITY,
    retriableStatusCodes: [],
    retriableHeaders: [],
    retriableRequestHeaders: [],
    backOffBaseMs: 0,
    backOffMaxMs: 0,
    resetHeaders: [],
    resetMaxMs: 300_000,
    avoidsTriedHosts: false,
    avoidsCanaries: false,
    repicksMax: 1,
    ...more,
  };
}

describe("an exchange whose attempts fail", () => {
  let world: ExchangeWorld;
  let up: FakeCluster;
  let client: ClientChannel;

  function begin(more: Partial<RetryPlan> = {}, forward: Partial<ForwardPlan> = {}): void {
    const operators = ["RESPONSE_FLAGS", "RESPONSE_CODE_DETAILS", "UPSTREAM_REQUEST_ATTEMPT_COUNT"];
    const format = operators.flatMap((name) => [
      { kind: "operator", name, args: [], lengthMax: 99 } as const,
      { kind: "literal", text: " " } as const,
    ]);
    const accessLogs = [{ sink: "file", path: "log", format, json: null, omitEmpty: false, filter: null } as const];
    const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up", { retry: policy(more), ...forward })]));
    world = new ExchangeWorld(listener(manager({ accessLogs, routes })));
    up = world.upstreams.add("up");
    client = world.connect();
  }

  beforeEach(() => begin());

  afterEach(() => {
    assert.deepEqual(world.leaks(), []);
    assert.equal(up.retriesFree, 3, "every place among the retries was given back");
    world.clock.advanceMs(3_700_000);
    assert.equal(world.clock.wheel.size, 0, "no timer is left");
  });

  it("gets the answer of the second attempt, and the first one's stream is reset when its body was to come", () => {
    client.send(GET);
    up.stream().respond(503, {}, null);
    assert.equal(up.stream().resetCode, CANCEL);
    world.clock.advanceMs(BACK_OFF_MS);
    assert.equal(up.streams.length, 2);
    up.stream().respond(200);
    assert.match(client.received(), /^HTTP\/1.1 200 /);
    assert.equal(world.log(), "- via_upstream 2 ");
  });

  it("waits a random part of the base before the first retry and of twice as much before the next", () => {
    const pauses: number[][] = [[], []];
    for (let i = 0; i < 60; i++) {
      begin({ retriesMax: 2, backOffBaseMs: 100, backOffMaxMs: 1_000 });
      for (let skip = 0; skip < i; skip++) world.services.random.next32();
      client.send(GET);
      for (const [attempt, list] of pauses.entries()) {
        up.stream().respond(503);
        const from = world.clock.nowMs();
        while (up.streams.length < attempt + 2) world.clock.advanceMs(1);
        list.push(world.clock.nowMs() - from);
      }
      up.stream().respond(200);
      client.hangUp();
    }
    const [first = [], second = []] = pauses;
    assert.ok(Math.max(...first) <= 120 && Math.max(...first) > 80, `${Math.max(...first)}`);
    assert.ok(Math.max(...second) <= 220 && Math.max(...second) > 150, `${Math.max(...second)}`);
    assert.ok(Math.min(...first) < 30);
  });

  it("takes the base from the runtime where the policy has none", () => {
    Object.assign(world.services.runtime, {
      get: (key: string) => (key === "upstream.base_retry_backoff_ms" ? "5000" : undefined),
    });
    client.send(GET);
    up.stream().respond(503);
    world.clock.advanceMs(BACK_OFF_MS);
    assert.equal(up.streams.length, 1);
    world.clock.advanceMs(5_000);
    up.stream().respond(200);
  });

  it("is not retried when the runtime says so", () => {
    Object.assign(world.services.runtime, { get: (key: string) => (key === "upstream.use_retry" ? "0" : undefined) });
    client.send(GET);
    up.stream().respond(503);
    assert.match(client.received(), /^HTTP\/1.1 503 /);
  });

  it("comes back when the answer says, and up to half as long later", () => {
    begin({
      resetHeaders: [
        { name: "x-reset", format: "unix_timestamp" },
        { name: "retry-after", format: "seconds" },
      ],
    });
    client.send(GET);
    const past = String(Math.floor(world.clock.wallMs() / 1_000) - 5);
    up.stream().respond(503, { "x-reset": past, "retry-after": "2" });
    world.clock.advanceMs(1_990);
    assert.equal(up.streams.length, 1);
    world.clock.advanceMs(1_030);
    assert.equal(up.streams.length, 2);
    up.stream().respond(200);
    assert.equal(world.stat("cluster.up.upstream_rq_retry_backoff_ratelimited"), 1);
    assert.equal(world.stat("cluster.up.upstream_rq_retry_backoff_exponential"), 0);
  });

  it("sends the whole body again, what came between the attempts included", () => {
    client.send(`${POST}ab`);
    up.stream().fail();
    client.send("c");
    world.clock.advanceMs(BACK_OFF_MS);
    assert.equal(up.stream().body, "abc");
    client.send("de");
    assert.equal(up.stream().body, "abcde");
    assert.equal(up.stream().requestEnded, true);
    up.stream().respond(200);
    assert.match(client.received(), /^HTTP\/1.1 200 /);
  });

  it("answers 507 when more comes between two attempts than is kept", () => {
    begin({}, { keptBody: { lowerBytesMax: 3, bytesMax: -1 } });
    client.send(`${POST}ab`);
    up.stream().fail();
    client.send("cde");
    assert.match(client.received(), /^HTTP\/1.1 507 .*exceeded request buffer limit while retrying upstream$/s);
    assert.equal(world.log(), "- request_payload_exceeded_retry_buffer_limit 1 ");
    assert.equal(world.stat("cluster.up.retry_or_shadow_abandoned"), 1);
  });

  it("goes on without a retry when more comes than is kept", () => {
    begin({}, { keptBody: { lowerBytesMax: 3, bytesMax: -1 } });
    client.send(`${POST}abcde`);
    assert.equal(up.stream().body, "abcde");
    up.stream().respond(503);
    assert.match(client.received(), /^HTTP\/1.1 503 /);
    assert.equal(world.context.budget.heldBytes, 0);
  });

  it("keeps nothing once the client has its answer", () => {
    client.send(`${POST}abcde`);
    assert.equal(world.context.budget.heldBytes, 5);
    up.stream().respond(200, {}, null);
    assert.equal(world.context.budget.heldBytes, 0);
    up.stream().data("x", true);
  });

  it("ends with its client, in an attempt and between two", () => {
    client.send(GET);
    up.stream().respond(503);
    client.hangUp();
    world.clock.advanceMs(10_000);
    assert.equal(up.streams.length, 1);
    const other = world.connect();
    other.send(GET);
    up.stream().respond(503);
    world.clock.advanceMs(BACK_OFF_MS);
    other.hangUp();
    assert.equal(up.stream().resetCode, CANCEL);
  });

  it("ends with the route's time between two attempts, for which nobody was late", () => {
    begin({ backOffBaseMs: 60_000 }, { timeoutMs: 100 });
    client.send(GET);
    up.stream().respond(503);
    world.clock.advanceMs(120);
    assert.match(client.received(), /^HTTP\/1.1 504 /);
    assert.equal(world.stat("cluster.up.upstream_rq_timeout"), 0);
    assert.equal(world.stat("cluster.up.upstream_rq_retry"), 0);
  });

  it("gives an attempt its time from the moment when it has a stream and the whole request", () => {
    begin({ perTryTimeoutMs: 100 });
    up.mode = "wait";
    client.send(`${POST}ab`);
    world.clock.advanceMs(500);
    up.mode = "open";
    up.openWaiting();
    world.clock.advanceMs(500);
    client.send("cde");
    world.clock.advanceMs(90);
    assert.equal(up.stream().resetCode, -1);
    world.clock.advanceMs(30);
    assert.equal(up.stream().resetCode, CANCEL);
    world.clock.advanceMs(BACK_OFF_MS);
    up.stream().respond(200);
    assert.equal(world.stat("cluster.up.upstream_rq_per_try_timeout"), 1);
    assert.equal(world.stat("host.up.127.0.0.1:80.rq_timeout"), 1);
  });

  it("breaks an answer that falls silent for the time between two bytes", () => {
    begin({ perTryIdleTimeoutMs: 100 });
    client.send(GET);
    up.stream().respond(200, {}, null);
    for (let i = 0; i < 5; i++) {
      world.clock.advanceMs(80);
      up.stream().data("x", false);
    }
    world.clock.advanceMs(120);
    assert.equal(client.ending, "close");
    assert.equal(world.log(), "UT upstream_per_try_idle_timeout 1 ");
  });

  it("is retried after a failure to connect at once, and says how it ended", () => {
    begin({ retryOn: ["connect-failure"], retriesMax: 2 });
    up.mode = "connection_failure";
    up.transportText = "delayed_connect_error:_Connection_refused";
    client.send(GET);
    world.clock.advanceMs(BACK_OFF_MS);
    world.clock.advanceMs(BACK_OFF_MS);
    assert.match(client.received(), /^HTTP\/1.1 503 .*retried and the latest reset reason: remote connection failure/s);
    assert.match(world.log(), /^URX,UF .* 3 $/);
    assert.equal(world.stat("host.up.127.0.0.1:80.rq_error"), 3);
  });

  it("answers as if there were no endpoint when the cluster is gone at the retry", () => {
    client.send(GET);
    up.stream().respond(503);
    Object.assign(world.upstreams, { cluster: () => null });
    world.clock.advanceMs(BACK_OFF_MS);
    assert.match(client.received(), /^HTTP\/1.1 503 .*no healthy upstream$/s);
  });

  it("is not retried when an interim answer went to the client", () => {
    client.send(GET);
    up.stream().interim(103, { link: "</a>" });
    up.stream().fail("remote_reset");
    assert.match(client.received(), /^HTTP\/1.1 103 .*HTTP\/1.1 503 /s);
    assert.equal(world.log(), "UR upstream_reset_after_response_started{remote_reset} 1 ");
  });

  it("says overflow when as many retries run as may", () => {
    up.retriesFree = 0;
    client.send(GET);
    up.stream().respond(503);
    assert.equal(world.log(), "UO via_upstream 1 ");
    assert.equal(world.stat("cluster.up.upstream_rq_retry_overflow"), 1);
    up.retriesFree = 3;
  });

  it("holds its place among the retries until the answer", () => {
    client.send(GET);
    up.stream().respond(503);
    assert.equal(up.retriesFree, 2);
    world.clock.advanceMs(BACK_OFF_MS);
    assert.equal(up.retriesFree, 2);
    up.stream().respond(200, {}, null);
    assert.equal(up.retriesFree, 3);
    up.stream().data("x", true);
  });

  it("counts every attempt for the endpoint: issued when it has a stream, an error when it is retried", () => {
    begin({ retriesMax: 2 });
    client.send(GET);
    up.stream().respond(503);
    world.clock.advanceMs(BACK_OFF_MS);
    up.stream().fail();
    world.clock.advanceMs(100);
    up.stream().respond(200);
    assert.equal(world.stat("host.up.127.0.0.1:80.rq_error"), 2);
    assert.equal(world.stat("host.up.127.0.0.1:80.rq_success"), 1);
    assert.equal(world.stat("cluster.up.retry.upstream_rq_503"), 1);
    assert.equal(world.stat("cluster.up.upstream_rq_completed"), 1);
    assert.equal(world.stat("cluster.up.upstream_rq_retry_success"), 1);
  });
});
