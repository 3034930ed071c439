import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { LoadReader } from "../../../src/control/load/load-reader.ts";
import type { ClusterLoad } from "../../../src/messages/load.ts";
import { DROP } from "../../../src/telemetry/drop-stats.ts";
import { HOST } from "../../../src/telemetry/host-stats.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { endpoint } from "../../support/cluster-plans.ts";
import { Bench, fact, NOTHING, only, type Thread } from "./reader-bench.ts";

describe("the reader of a node's load", () => {
  it("tells what came since the last take, and what is under way each time", () => {
    const b = new Bench();
    b.reader.follow(["c"]);
    b.thread(0).count(1, { issued: 3, success: 1, error: 1, inProgress: 1 });
    assert.deepEqual(b.take(), [only({ issued: 3, success: 1, error: 1, inProgress: 1 })]);
    assert.deepEqual(b.take(), [only({ issued: 0, success: 0, error: 0, inProgress: 1 })]);
    b.thread(0).count(1, { issued: 0, success: 1, error: 0, inProgress: -1 });
    assert.deepEqual(b.take(), [only({ issued: 0, success: 1, error: 0, inProgress: 0 })]);
    assert.deepEqual(b.take(), [{ ...NOTHING, localities: [] }]);
  });

  it("counts from zero when a cluster is named, and on when it stays named", () => {
    const b = new Bench();
    b.thread(0).count(1, { issued: 5, success: 5, error: 0, inProgress: 0 });
    b.reader.follow(["c"]);
    b.thread(0).count(1, { issued: 1, success: 1, error: 0, inProgress: 0 });
    b.reader.follow("all");
    assert.equal(issued(b.take()), 1);
    b.reader.follow([]);
    b.thread(0).count(1, { issued: 7, success: 7, error: 0, inProgress: 0 });
    assert.deepEqual(b.take(), []);
    b.reader.follow(["unknown", "c"]);
    assert.deepEqual(b.take(), [{ ...NOTHING, localities: [] }]);
  });

  it("adds up threads, and endpoints by locality and priority", () => {
    const b = new Bench();
    const place = { locality: { region: "r", zone: "z", subZone: "s" }, priority: 1 };
    b.set([fact(1, {}), fact(2, place), fact(3, place)]);
    b.reader.follow("all");
    for (const port of [1, 2, 3])
      for (const thread of [0, 1]) b.thread(thread).count(port, { issued: port, success: 0, error: 0, inProgress: 0 });
    const [cluster] = b.take("endpoints");
    assert.deepEqual(
      cluster?.localities.map(({ locality, priority, issued: sum, endpoints }) => [
        locality.region,
        priority,
        sum,
        endpoints.map(({ address, issued: own }) => [address, own]),
      ]),
      [
        ["", 0, 2, [[endpoint(1).address, 2]]],
        [
          "r",
          1,
          10,
          [
            [endpoint(2).address, 4],
            [endpoint(3).address, 6],
          ],
        ],
      ],
    );
  });

  it("keeps the counts of an endpoint that left, under its locality", () => {
    const b = new Bench();
    b.set([fact(1, { locality: { region: "r", zone: "", subZone: "" } })]);
    b.reader.follow("all");
    b.thread(0).count(1, { issued: 2, success: 2, error: 0, inProgress: 0 });
    b.set([]);
    b.thread(0).release(1);
    b.thread(0).count(9, { issued: 100, success: 0, error: 0, inProgress: 0 });
    const [cluster] = b.take();
    assert.deepEqual(
      cluster?.localities.map(({ locality, issued: sum }) => [locality.region, sum]),
      [["r", 2]],
    );
    assert.equal(issued(b.take()), 0);
  });

  it("does not take for an endpoint's what another counts in its slots before the reader has heard of it", () => {
    const b = new Bench();
    b.set([fact(1, {}), fact(2, {})]);
    b.reader.follow("all");
    const thread = b.thread(0);
    thread.count(1, { issued: 2, success: 0, error: 0, inProgress: 0 });
    assert.equal(issued(b.take()), 2);
    thread.count(1, { issued: 1, success: 0, error: 0, inProgress: 0 }, false);
    thread.release(1, false);
    thread.count(2, { issued: 50, success: 0, error: 0, inProgress: 0 }, false);
    assert.equal(issued(b.take()), 0);
    thread.tell();
    const [cluster] = b.take("endpoints");
    assert.deepEqual(
      cluster?.localities[0]?.endpoints.map(({ address, issued: own }) => [address, own]),
      [
        [endpoint(1).address, 1],
        [endpoint(2).address, 50],
      ],
    );
  });

  it("tells what was refused, by category where there is one", () => {
    const b = new Bench();
    b.reader.follow("all");
    const block = b.thread(0).writer.block(DROP, "drop.c.");
    b.thread(0).tell();
    block[DROP.at.rq_dropped] = 2;
    assert.deepEqual(b.take(), [{ ...NOTHING, localities: [], droppedTotal: 2 }]);
    assert.deepEqual(b.take(), [{ ...NOTHING, localities: [] }]);
    block[DROP.at.rq_drop_overload] = 3;
    const dropped = [{ category: "lb", count: 3 }];
    assert.deepEqual(b.take(), [{ ...NOTHING, localities: [], droppedTotal: 3, dropped }]);
  });

  it("counts on what a cluster refuses that a plan dropped and another one has again", () => {
    const b = new Bench();
    b.reader.follow("all");
    const block = b.thread(0).writer.block(DROP, "drop.c.");
    b.thread(0).tell();
    block[DROP.at.rq_dropped] = 5;
    b.reader.assign([]);
    assert.equal(b.take()[0]?.droppedTotal, 5);
    b.take();
    block[DROP.at.rq_dropped] = 6;
    b.reader.assign([{ name: "c", dropOverload: null }]);
    block[DROP.at.rq_dropped] = 8;
    assert.equal(b.take()[0]?.droppedTotal, 2);
  });

  it("finds clusters and addresses of any name", () => {
    const names = ["a", "a.b", "a.127.0.0.1:80", "[::1]:80"];
    const texts = ["127.0.0.1:80", "[2001:db8::1]:443", "/run/x.sock", "@abstract.name"];
    const reader = new LoadReader();
    reader.assign(names.map((name) => ({ name, dropOverload: null })));
    reader.follow("all");
    const writer = new StatsWriter((notice) => reader.notice("w", [notice]));
    for (const name of names)
      for (const [i, text] of texts.entries()) {
        writer.block(HOST, `host.${name}.${text}.`)[HOST.at.rq_total] = 10 ** i;
        writer.release(HOST, `host.${name}.${text}.`);
      }
    const counts = reader.take("localities").map((load) => [load.cluster, issued([load])]);
    assert.deepEqual(
      counts,
      names.map((name) => [name, 1111]),
    );
  });

  it("loses no count and tells none twice, whatever comes and goes and however late it is heard of", () => {
    fc.assert(
      fc.property(fc.array(step(), { minLength: 40, maxLength: 200, size: "max" }), (steps) => conserves(steps)),
      { numRuns: 300 },
    );
  });
});

interface Step {
  readonly what: "count" | "connect" | "release" | "tell" | "set" | "take";
  readonly thread: number;
  readonly port: number;
}

function step(): fc.Arbitrary<Step> {
  return fc.record({
    what: fc.constantFrom("count", "count", "connect", "connect", "release", "tell", "set", "take"),
    thread: fc.nat(1),
    port: fc.integer({ min: 1, max: 4 }),
  });
}

function conserves(steps: readonly Step[]): void {
  const b = new Bench();
  b.list(["c"]);
  b.reader.follow("all");
  const threads = [b.thread(0), b.thread(1)];
  let taken = 0;
  let connected = 0;
  const acts: Record<Step["what"], (one: Step) => void> = {
    count: ({ thread, port }) =>
      b.thread(thread).count(port, { issued: port, success: 1, error: 0, inProgress: 0 }, false),
    connect: ({ thread, port }) => b.thread(thread).connect(port, { opened: port, failed: 1, active: 0 }, false),
    release: ({ thread, port }) => b.thread(thread).release(port, false),
    tell: ({ thread }) => b.thread(thread).tell(),
    set: ({ port }) => b.set(Array.from({ length: port - 1 }, (_, i) => fact(i + 1, { priority: i % 2 }))),
    take: () => {
      const loads = b.take("endpoints");
      const endpoints = loads.flatMap(({ localities }) => localities).flatMap((one) => one.endpoints);
      assert.ok(endpoints.every((one) => one.issued > 0));
      taken += issued(loads);
      connected += opened(loads);
      assert.ok(taken <= counted(threads) && connected <= openedBy(threads));
    },
  };
  for (const one of steps) acts[one.what](one);
  for (const thread of threads) {
    for (const port of [...thread.held]) thread.release(port);
    thread.tell();
  }
  const rest = b.take();
  assert.equal(taken + issued(rest), counted(threads));
  assert.equal(connected + opened(rest), openedBy(threads));
}

function openedBy(threads: readonly Thread[]): number {
  return threads.reduce((sum, thread) => sum + thread.opened, 0);
}

function opened(loads: readonly ClusterLoad[]): number {
  return loads
    .flatMap(({ localities }) => localities)
    .reduce((sum, { connections }) => sum + (connections?.opened ?? 0), 0);
}

function counted(threads: readonly Thread[]): number {
  return threads.reduce((sum, thread) => sum + thread.counted, 0);
}

function issued(loads: readonly ClusterLoad[]): number {
  return loads.flatMap(({ localities }) => localities).reduce((sum, one) => sum + one.issued, 0);
}
