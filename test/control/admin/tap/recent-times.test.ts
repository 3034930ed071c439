import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { endpointKey, RecentTimes, routeKey } from "../../../../src/control/admin/tap/recent-times.ts";
import type { TimedRequest } from "../../../../src/telemetry/request-watch.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const request = (ms: number, status: number = 200): TimedRequest => ({
  cluster: "a",
  endpoint: "192.0.2.1:80",
  route: "a.yaml:7",
  status,
  ms,
});

describe("times of requests that workers told of lately", () => {
  it("are rates, shares of errors and percentiles, by endpoint and by route", () => {
    const clock = new VirtualClock();
    const recent = new RecentTimes(clock);
    for (let second = 0; second < 10; second++) {
      const times = Array.from({ length: 10 }, (_, at) => request(at, at === 0 ? 503 : 200));
      recent.take({ load: null, times, ended: 10, taps: [] });
      clock.advanceMs(1_000);
    }
    for (const key of [endpointKey("a", "192.0.2.1:80"), routeKey("a.yaml:7")]) {
      const figures = recent.figures(key);
      assert.deepEqual([figures?.errors, figures?.p50, figures?.p99], [0.1, 5, 9]);
      assert.ok(Math.abs((figures?.rate ?? 0) - 10) < 0.5, String(figures?.rate));
    }
    assert.equal(recent.figures(routeKey("a.yaml:8")), null);
    clock.advanceMs(31_000);
    assert.equal(recent.figures(routeKey("a.yaml:7")), null);
  });

  it("stand for those whose times were not told", () => {
    const clock = new VirtualClock();
    const recent = new RecentTimes(clock);
    for (let i = 0; i < 8; i++) {
      recent.take({ load: null, times: [request(1), request(2)], ended: 200, taps: [] });
      clock.advanceMs(250);
    }
    const { rate = 0 } = recent.figures(routeKey("a.yaml:7")) ?? {};
    assert.ok(Math.abs(rate - 800) < 120, String(rate));
  });

  it("do not count a while in which nobody looked", () => {
    const clock = new VirtualClock();
    const recent = new RecentTimes(clock);
    recent.take({ load: null, times: [request(1)], ended: 1, taps: [] });
    clock.advanceMs(20_000);
    recent.take({ load: null, times: Array.from({ length: 5 }, () => request(1)), ended: 5, taps: [] });
    clock.advanceMs(750);
    assert.equal(recent.figures(routeKey("a.yaml:7"))?.rate, 5);
  });

  it("do not count a while in which only a tap was told of", () => {
    const clock = new VirtualClock();
    const recent = new RecentTimes(clock);
    for (let second = 0; second < 20; second++) {
      recent.take({ load: null, times: [], ended: 5, taps: [] });
      clock.advanceMs(1_000);
    }
    recent.take({ load: null, times: Array.from({ length: 5 }, () => request(1)), ended: 5, taps: [] });
    clock.advanceMs(750);
    assert.equal(recent.figures(routeKey("a.yaml:7"))?.rate, 5);
  });

  it("are bounded, whatever is told", () => {
    const recent = new RecentTimes(new VirtualClock());
    const times = Array.from({ length: 5_000 }, (_, at) => ({ ...request(1), route: `a.yaml:${at}`, endpoint: "" }));
    recent.take({ load: null, times, ended: 5_000, taps: [] });
    assert.equal(recent.figures(routeKey("a.yaml:0")), null);
    assert.equal(recent.figures(routeKey("a.yaml:4999"))?.p50, 1);
  });
});
