import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type {
  FaultAbortPlan,
  FaultDelayPlan,
  FaultPlan,
  FaultRatePlan,
} from "../../../../src/config/plan/filters/fault.ts";
import type { FractionPlan } from "../../../../src/config/plan/match.ts";
import { runtimeView } from "../../../../src/dataplane/routing/runtime-view.ts";
import { createCountMemory, NodeCounts } from "../../../../src/telemetry/node-counts.ts";
import { type FilterScene, filterScene, override } from "../../../support/filter-scene.ts";
import { acting, forward } from "../../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../../support/route-plans.ts";

const ALWAYS: FractionPlan = { numerator: 100, denominator: 100, runtimeKey: "k.percent" };
const DELAY: FaultDelayPlan = { percent: ALWAYS, byHeader: false, ms: 1_000, msKey: "k.ms" };
const ABORT: FaultAbortPlan = {
  percent: ALWAYS,
  byHeader: false,
  status: 418,
  grpcStatus: -1,
  statusKey: "k.status",
  grpcStatusKey: "k.grpc",
  body: "fault filter abort",
};
const RATE: FaultRatePlan = { percent: ALWAYS, byHeader: false, kbps: 1 };
const IDLE: FaultPlan = {
  kind: "fault",
  delay: null,
  abort: null,
  rateLimit: null,
  cluster: "",
  headers: [],
  nodes: [],
  activeMax: Number.POSITIVE_INFINITY,
  activeMaxKey: "k.max",
  countsClusters: true,
  metadata: [],
};

function scene(more: Partial<FaultPlan>): FilterScene {
  return filterScene({ filters: { f: { ...IDLE, ...more } } });
}

const get = (...fields: readonly string[]): string =>
  `GET /x HTTP/1.1\r\nhost: a\r\n${fields.map((one) => `${one}\r\n`).join("")}\r\n`;
const stat = ({ world }: FilterScene, name: string): number => world.stat(`http.main.fault.${name}`);

describe("the fault filter", () => {
  it("aborts with its own answer", () => {
    const one = scene({ abort: ABORT });
    assert.match(one.world.ask(get()), /^HTTP\/1.1 418 .*\r\n\r\nfault filter abort$/s);
    assert.equal(stat(one, "aborts_injected"), 1);
    assert.equal(stat(one, "active_faults"), 0);
    assert.equal(one.up.streams.length, 0);
    assert.deepEqual(one.world.leaks(), []);
  });

  it("delays a request, with its body, and goes on", () => {
    const one = scene({ delay: DELAY });
    const client = one.world.connect();
    client.send("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc");
    one.world.clock.advanceMs(900);
    assert.equal(one.up.streams.length, 0);
    assert.equal(stat(one, "active_faults"), 1);
    one.world.clock.advanceMs(200);
    assert.equal(one.up.stream().body, "abc");
    one.up.stream().respond(204);
    assert.equal(stat(one, "delays_injected"), 1);
    assert.deepEqual(one.world.leaks(), []);
  });

  it("takes its timer back when the client goes away", () => {
    const one = scene({ delay: DELAY });
    const client = one.world.connect();
    client.send(get());
    client.hangUp();
    one.world.clock.advanceMs(5_000);
    assert.equal(one.up.streams.length, 0);
    assert.deepEqual(one.world.leaks(), []);
  });

  it("aborts after a delay", () => {
    const one = scene({ delay: DELAY, abort: ABORT });
    const client = one.world.connect();
    client.send(get());
    assert.equal(client.received(), "");
    one.world.clock.advanceMs(1_100);
    assert.match(client.received(), /^HTTP\/1.1 418 /);
    assert.deepEqual(one.world.leaks(), []);
  });

  const asked: readonly (readonly [title: string, fields: readonly string[], status: string])[] = [
    ["a status", ["x-envoy-fault-abort-request: 429"], "429"],
    ["a status that is none", ["x-envoy-fault-abort-request: 100"], ""],
    ["a gRPC status", ["x-envoy-fault-abort-grpc-request: 7"], "200"],
    ["a share of none", ["x-envoy-fault-abort-request: 429", "x-envoy-fault-abort-request-percentage: 0"], ""],
    ["nothing", [], ""],
  ];
  for (const [title, fields, status] of asked) {
    it(`aborts as the client's headers ask: ${title}`, () => {
      const { world } = scene({ abort: { ...ABORT, byHeader: true, status: 0 } });
      assert.equal(/^HTTP\/1.1 (\d+)/.exec(world.ask(get(...fields)))?.[1] ?? "", status);
    });
  }

  it("delays as the client's header asks", () => {
    const one = scene({ delay: { ...DELAY, byHeader: true } });
    one.world.connect().send(get("x-envoy-fault-delay-request: 300"));
    one.world.clock.advanceMs(250);
    assert.equal(one.up.streams.length, 0);
    one.world.clock.advanceMs(100);
    one.up.stream().respond(204);
    assert.deepEqual(one.world.leaks(), []);
  });

  it("asks the runtime for shares, times and statuses, and that of the client's cluster before", () => {
    const one = scene({ delay: DELAY, abort: ABORT });
    const told = (entries: Readonly<Record<string, string>>): void => {
      one.world.services.runtime = runtimeView(entries);
    };
    told({ "k.percent": "0" });
    one.world.connect().send(get());
    one.up.stream().respond(204);
    told({ "k.ms": "0", "k.status": "451" });
    assert.match(one.world.ask(get()), /^HTTP\/1.1 451 /);
    told({
      "k.percent": "100",
      "fault.http.c1.delay.fixed_delay_percent": "0",
      "fault.http.c1.abort.http_status": "409",
    });
    assert.match(one.world.ask(get("x-envoy-downstream-service-cluster: c1")), /^HTTP\/1.1 409 /);
    assert.equal(stat(one, "c1.aborts_injected"), 1);
    assert.equal(stat(one, "aborts_injected"), 2);
    assert.deepEqual(one.world.leaks(), []);
  });

  it("has no more faults at a time than it may", () => {
    const one = scene({ delay: DELAY, activeMax: 1 });
    one.world.connect().send(get());
    one.world.connect().send(get());
    assert.equal(one.up.streams.length, 1);
    assert.equal(stat(one, "faults_overflow"), 1);
    one.up.stream().respond(204);
    one.world.clock.advanceMs(1_100);
    one.up.stream().respond(204);
    assert.deepEqual(one.world.leaks(), []);
  });

  it("has no more than it may over all workers, and gives back what it had", () => {
    const memory = createCountMemory(2);
    const filters = { f: { ...IDLE, delay: DELAY, activeMax: 2 } };
    const [a, b] = [0, 1].map((worker) => filterScene({ filters, counts: new NodeCounts(memory, 2, worker) })) as [
      FilterScene,
      FilterScene,
    ];
    const ask = ({ world }: FilterScene): void => world.connect().send(get());
    for (const one of [a, b, b, a]) ask(one);
    const figures = (name: string): number[] => [a, b].map((one) => stat(one, name));
    assert.deepEqual(
      [figures("active_faults"), figures("faults_overflow")],
      [
        [1, 1],
        [1, 1],
      ],
    );
    a.world.clock.advanceMs(1_100);
    for (const stream of a.up.streams) stream.respond(204);
    ask(b);
    assert.deepEqual(
      [figures("active_faults"), figures("faults_overflow")],
      [
        [0, 2],
        [1, 1],
      ],
    );
    b.world.clock.advanceMs(1_100);
    for (const stream of b.up.streams) stream.respond(204);
    assert.deepEqual([...a.world.leaks(), ...b.world.leaks()], []);
  });

  it("is for its cluster, nodes and headers only, and for a route what the route says", () => {
    const only: Partial<FaultPlan>[] = [
      { cluster: "other" },
      { nodes: ["n1"] },
      {
        headers: [
          { name: "x-f", match: { kind: "present", present: true }, invert: false, treatMissingAsEmpty: false },
        ],
      },
    ];
    for (const more of only) {
      const { world, up } = scene({ abort: ABORT, ...more });
      world.connect().send(get());
      up.stream().respond(204);
      assert.deepEqual(world.leaks(), []);
    }
    assert.match(scene({ abort: ABORT, ...only[1] }).world.ask(get("x-envoy-downstream-service-node: n1")), / 418 /);
    assert.match(scene({ abort: ABORT, ...only[2] }).world.ask(get("x-f: 1")), / 418 /);
    const filterOverrides = [override("f", { settings: { ...IDLE, abort: { ...ABORT, status: 503 } } })];
    const routes = routeConfig(virtualHost("all", ["*"], [acting("/", forward("up"), { filterOverrides })]));
    const { world } = filterScene({ filters: { f: IDLE }, manager: { routes } });
    assert.match(world.ask(get()), /^HTTP\/1.1 503 /);
  });
});

describe("an answer whose rate is limited", () => {
  it("comes in parts of a twentieth of a second, from the first byte on", () => {
    const one = scene({ rateLimit: { ...RATE, kbps: 10 } });
    const client = one.world.connect();
    client.send(get());
    one.up.stream().respond(200, { "content-length": "2000" }, "x".repeat(2_000));
    const first = client.received();
    assert.equal(first.split("\r\n\r\n")[1]?.length, 512);
    one.world.clock.advanceMs(70);
    assert.equal(client.received().length, 512);
    one.world.clock.advanceMs(1_000);
    assert.equal(client.received().length, 976);
    assert.equal(stat(one, "response_rl_injected"), 1);
    assert.deepEqual(one.world.leaks(), []);
  });

  it("pauses the upstream when 32 KiB wait, and lets it go on", () => {
    const one = scene({ rateLimit: { ...RATE, kbps: 1_000 } });
    const client = one.world.connect();
    client.send(get());
    const stream = one.up.stream();
    stream.respond(200, { "content-length": "160000" }, null);
    stream.data("x".repeat(100_000), false);
    assert.equal(stream.isPaused, true);
    one.world.clock.advanceMs(200);
    assert.equal(stream.isPaused, false);
    stream.data("x".repeat(60_000), true);
    one.world.clock.advanceMs(500);
    assert.equal(client.received().split("\r\n\r\n")[1]?.length, 160_000);
    assert.deepEqual(one.world.leaks(), []);
  });

  it("is forgotten when the client goes away in its middle", () => {
    const one = scene({ rateLimit: { ...RATE, byHeader: true } });
    const client = one.world.connect();
    client.send(get("x-envoy-fault-throughput-response: 1"));
    one.up.stream().respond(200, { "content-length": "5000" }, "x".repeat(5_000));
    one.world.clock.advanceMs(200);
    client.hangUp();
    one.world.clock.advanceMs(10_000);
    assert.deepEqual(one.world.leaks(), []);
  });
});
