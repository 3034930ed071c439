import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import { breakerDefaults, clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import type { FakeChannel } from "../../support/fake-channel.ts";
import type { FakeCodec } from "../../support/fake-codec.ts";
import { type TestRequest, UpstreamBench } from "./support/upstream-bench.ts";

/** Where the sequence stands. */
interface World {
  readonly b: UpstreamBench;
  readonly requests: TestRequest[];
}

type Step = (world: World, which: number) => void;

/** What may happen; `which` chooses among what there is. */
const STEPS: Readonly<Record<string, Step>> = {
  open: ({ b, requests }) => requests.push(b.open()),
  "open two": ({ b, requests }) => requests.push(b.open(), b.open()),
  "open with a retry": ({ b, requests }) => {
    const request = b.open();
    requests.push(request);
    request.onFailure = () => requests.push(b.open());
  },
  "open urgently": ({ b, requests }) => requests.push(b.open({ priority: "high" })),
  connect: (world, which) => connecting(world, which)?.connect(),
  refuse: (world, which) => connecting(world, which)?.break({ kind: "connect-refused", text: "" }),
  "time out": (world, which) => connecting(world, which)?.break({ kind: "connect-timeout", text: "" }),
  finish: (world, which) => busy(world, which)?.finish(),
  "finish for good": (world, which) => busy(world, which)?.finish(false),
  announce: (world, which) => busy(world, which)?.announceEnd(),
  fail: (world, which) => busy(world, which)?.fail("nonsense"),
  reset: (world, which) => busy(world, which)?.exchanges[0]?.reset(8),
  "end by the peer": (world, which) => standing(world, which)?.receiveEnd(),
  break: (world, which) => standing(world, which)?.break(null),
  limit: ({ b }, which) =>
    pick(
      b.codecs.made.filter((codec) => codec.protocol === "http2"),
      which,
    )?.allow(1 + (which % 3)),
  cancel: ({ requests }, which) => {
    const request = pick(
      requests.filter(({ outcome }) => outcome === "waiting"),
      which,
    );
    if (request === undefined) return;
    request.outcome = "failed";
    request.cluster?.cancel(request);
  },
  wait: ({ b }, which) => b.clock.advanceMs(which * 10),
  "change endpoints": ({ b }, which) => b.manager.replaceEndpoints("c", [endpoint(80 + (which % 3)), endpoint(90)]),
  "change the plan": ({ b }, which) => b.manager.applyPlan([plan(planProtocol(b), { connectTimeoutMs: 1 + which })]),
};

describe("pool under any sequence of events", () => {
  for (const protocol of ["http1", "http2"] as const) {
    it(`counts what there is at every step and leaves nothing behind (${protocol})`, () => {
      const step = fc.tuple(fc.constantFrom(...Object.keys(STEPS)), fc.nat(40));
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const world: World = { b: new UpstreamBench([plan(protocol)]), requests: [] };
          for (const [name, which] of steps) {
            STEPS[name]?.(world, which);
            assertCounts(world, name);
          }
          for (const request of world.requests) request.onFailure = () => {};
          world.b.manager.close();
          assert.ok(world.requests.every(({ outcome }) => outcome !== "waiting"));
          world.b.assertClean();
        }),
        { numRuns: 300 },
      );
    });
  }
});

function plan(protocol: "http1" | "http2", more: Partial<ClusterPlan> = {}): ClusterPlan {
  const limits = { ...breakerDefaults, connectionsMax: 4, requestsMax: 5, pendingMax: 4 };
  return clusterPlan("c", [endpoint(80), endpoint(90)], {
    protocol,
    breakers: { default: limits, high: limits },
    idleTimeoutMs: 300,
    requestsPerConnectionMax: 4,
    connectionDurationMaxMs: 900,
    ...more,
  });
}

function planProtocol(b: UpstreamBench): "http1" | "http2" {
  return b.cluster().plan.protocol === "http2" ? "http2" : "http1";
}

function assertCounts({ b, requests }: World, after: string): void {
  const inFlight = b.codecs.made.reduce((sum, codec) => sum + codec.openExchanges(), 0);
  const waiting = requests.filter(({ outcome }) => outcome === "waiting").length;
  assert.equal(b.stat("upstream_rq_active"), inFlight, `requests in flight after ${after}`);
  assert.equal(b.stat("upstream_rq_pending_active"), waiting, `waiting requests after ${after}`);
  assert.equal(b.stat("upstream_cx_active"), b.dialer.open(), `connections after ${after}`);
  assert.equal(b.stat("upstream_cx_destroy") + b.dialer.open(), b.stat("upstream_cx_total"), `all after ${after}`);
}

function pick<T>(all: readonly T[], which: number): T | undefined {
  return all[which % Math.max(1, all.length)];
}

function connecting({ b }: World, which: number): FakeChannel | undefined {
  return pick(
    b.dialer.channels.filter((channel) => !channel.isGone && !channel.isConnected),
    which,
  );
}

function standing({ b }: World, which: number): FakeChannel | undefined {
  return pick(
    b.dialer.channels.filter((channel) => !channel.isGone && channel.isConnected),
    which,
  );
}

function busy({ b }: World, which: number): FakeCodec | undefined {
  return pick(
    b.codecs.made.filter((codec) => codec.openExchanges() > 0),
    which,
  );
}
