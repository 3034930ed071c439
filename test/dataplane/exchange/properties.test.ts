import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { ErrorCode } from "../../../src/protocol/fault.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { Http2Client } from "../../support/http2-client.ts";
import { forwarding, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

/** What can happen; those that do not fit the moment change nothing. */
const EVENTS = [
  "get",
  "post",
  "body",
  "client end",
  "hang up",
  "stall",
  "unstall",
  "head",
  "data",
  "finish",
  "fail",
  "refuse",
  "backed up",
  "writable",
  "open",
  "wait",
  "no host",
  "reused",
  "time",
  "long time",
  "drain",
] as const;
type Event = (typeof EVENTS)[number];

/** Sequences in which exchanges live long enough to come under pressure. */
const LIKELY: readonly Event[] = [
  "get",
  "post",
  "body",
  "body",
  "head",
  "head",
  "data",
  "data",
  "data",
  "stall",
  "backed up",
];
const sequences = fc.array(fc.constantFrom(...EVENTS, ...LIKELY, ...LIKELY, ...LIKELY), { maxLength: 40 });

const routes = routeConfig(
  virtualHost("all", ["*"], [forwarding("/", "up", { timeoutMs: 2_000, idleTimeoutMs: 1_000 })]),
);

/** Upstream events go to the oldest stream that still takes them. */
function upstreamEvent(up: FakeCluster, event: Event): void {
  const stream = up.streams.find(({ isOver }) => !isOver);
  if (event === "open") up.openWaiting();
  else if (event === "wait") up.mode = "wait";
  else if (event === "no host") up.mode = "no_healthy_upstream";
  else if (event === "reused") {
    up.mode = "open";
    up.reused = true;
  } else if (stream === undefined) return;
  else if (event === "head" && !stream.headGiven) stream.respond(200, {}, null);
  else if (event === "data" && stream.headGiven) stream.data("x".repeat(150_000), false);
  else if (event === "finish" && stream.headGiven) stream.data("", true);
  else if (event === "fail") stream.fail();
  else if (event === "refuse" && !stream.headGiven) stream.fail("remote_refused", { retrySafe: true });
  else if (event === "backed up") stream.backedUp = true;
  else if (event === "writable") stream.writable();
}

function timeEvent(world: ExchangeWorld, event: Event): void {
  if (event === "time") world.clock.advanceMs(300);
  else if (event === "long time") world.clock.advanceMs(5_000);
  else if (event === "drain") world.service.drain(false);
}

describe("whatever happens in whatever order", () => {
  it("nothing of an HTTP/1 client is held when it is gone, and every request was counted to its end", () => {
    fc.assert(
      fc.property(sequences, (events) => {
        const world = new ExchangeWorld(listener(manager({ routes, streamIdleTimeoutMs: 3_000 })));
        const up = world.upstreams.add("up");
        const client = world.connect();
        for (const event of events) {
          if (client.isGone || client.ending !== "") break;
          if (event === "get") client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
          else if (event === "post") client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n");
          else if (event === "body" && !client.isPaused) client.send("y".repeat(50_000));
          else if (event === "client end") client.sendEnd();
          else if (event === "hang up") client.hangUp();
          else if (event === "stall") client.isStalled = true;
          else if (event === "unstall") client.unstall();
          upstreamEvent(up, event);
          timeEvent(world, event);
        }
        assert.deepEqual(world.leaks(), []);
        assert.equal(world.recorded("http.main.downstream_rq_time"), world.stat("http.main.downstream_rq_total"));
      }),
      { numRuns: 300 },
    );
  });

  it("nothing of an HTTP/2 client's streams is held when it is gone", () => {
    fc.assert(
      fc.property(sequences, (events) => {
        const world = new ExchangeWorld(listener(manager({ routes, streamIdleTimeoutMs: 3_000 })));
        const up = world.upstreams.add("up");
        const channel = world.connect();
        const client = new Http2Client(channel);
        const calls: ReturnType<Http2Client["request"]>[] = [];
        for (const event of events) {
          if (channel.isGone || channel.ending !== "" || client.goaways.length > 0) break;
          if (event === "get") calls.push(client.request("/"));
          else if (event === "post") calls.push(client.request("/", { end: false, fields: { ":method": "POST" } }));
          else if (event === "body") calls.at(-1)?.writer?.writeData(Buffer.alloc(20_000), 0, 20_000, false);
          else if (event === "client end") calls.at(-1)?.writer?.writeData(Buffer.alloc(0), 0, 0, true);
          else if (event === "hang up") calls.at(0)?.writer?.reset(ErrorCode.Cancel);
          upstreamEvent(up, event);
          timeEvent(world, event);
          client.settle();
        }
        assert.deepEqual(world.leaks(), []);
        assert.equal(world.recorded("http.main.downstream_rq_time"), world.stat("http.main.downstream_rq_total"));
      }),
      { numRuns: 200 },
    );
  });
});
