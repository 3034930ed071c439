// The arithmetic under a clock that a test moves; that Envoy gives the same shares is asked in test/differential/slow-start.full.test.ts.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../../src/base/random.ts";
import type { SlowStartPlan, TurnBalancerPlan } from "../../../../src/config/plan/cluster.ts";
import { createBalancer } from "../../../../src/dataplane/upstream/balance/balancer.ts";
import { HostList } from "../../../../src/dataplane/upstream/balance/host-list.ts";
import { SlowStart } from "../../../../src/dataplane/upstream/balance/slow-start.ts";
import { HealthFlag } from "../../../../src/telemetry/health-table.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";
import { PlainHost, tally } from "../support/plain-host.ts";

const PLAN: SlowStartPlan = { windowMs: 10_000, aggression: 1, aggressionKey: "", leastFactor: 0.1 };

class Scene {
  readonly clock = new VirtualClock();
  readonly runtime = new Map<string, string>();
  readonly slowStart: SlowStart;
  readonly hosts = [new PlainHost("old"), new PlainHost("new")] as const;

  /** One host is there for long when the other one comes. */
  constructor(plan: Partial<SlowStartPlan> = {}) {
    this.slowStart = new SlowStart({ ...PLAN, ...plan }, this.clock, this.runtime);
    const [first, second] = this.hosts;
    this.slowStart.review([first]);
    this.clock.advanceMs(60_000);
    this.slowStart.review([first, second]);
  }

  /** What part of its weight the new host has after so long, each counted from the one before. */
  factors(...afterMs: readonly number[]): number[] {
    return afterMs.map((ms) => {
      this.clock.advanceMs(ms);
      return this.slowStart.factor(this.hosts[1]);
    });
  }
}

describe("a slow start", () => {
  it("raises the share of a new host with time, from the least one to the whole", () => {
    const scene = new Scene();
    assert.deepEqual(scene.factors(0, 500, 1_500, 3_000, 4_000, 1_000), [0.1, 0.1, 0.2, 0.5, 0.9, 1]);
    assert.equal(scene.slowStart.factor(scene.hosts[0]), 1);
    assert.equal(scene.slowStart.isOn(), true);
    assert.deepEqual(scene.factors(1), [1]);
    assert.equal(scene.slowStart.isOn(), false);
  });

  it("is faster with aggression, which the runtime may change", () => {
    const scene = new Scene({ aggression: 2, aggressionKey: "pace" });
    assert.deepEqual(scene.factors(2_500), [0.5]);
    scene.runtime.set("pace", "1");
    assert.deepEqual(scene.factors(0), [0.25]);
    scene.runtime.set("pace", "-3");
    assert.deepEqual(scene.factors(0), [0.25], "none below 0, as in Envoy");
  });

  it("begins anew after failed active checks, not after an ejection, and has no part for who is not well", () => {
    const scene = new Scene();
    const [, host] = scene.hosts;
    scene.clock.advanceMs(5_000);
    host.flags = HealthFlag.FailedOutlierCheck;
    scene.slowStart.review(scene.hosts);
    host.flags = 0;
    scene.slowStart.review(scene.hosts);
    assert.deepEqual(scene.factors(0), [0.5]);
    host.flags = HealthFlag.FailedActiveHc;
    scene.slowStart.review(scene.hosts);
    assert.deepEqual(scene.factors(0), [1], "in a panic it has its whole share");
    host.flags = 0;
    scene.slowStart.review(scene.hosts);
    assert.deepEqual(scene.factors(0, 4_000), [0.1, 0.4]);
  });

  const balancers: readonly TurnBalancerPlan[] = [
    { kind: "round_robin", slowStart: PLAN },
    { kind: "least_request", choices: 2, activeRequestBias: 1, biasKey: "", slowStart: PLAN },
  ];
  for (const plan of balancers) {
    it(`has ${plan.kind} pick by the shares of the moment, and all alike afterwards`, () => {
      const { clock, hosts, runtime, slowStart } = new Scene();
      const balancer = createBalancer(plan, { random: new SeededRandom(1), runtime, slowStart });
      const list = new HostList<PlainHost>("usual");
      list.fill(hosts, true);
      const picks = (): number => {
        const names = Array.from({ length: 1_200 }, () => balancer.pick(list)?.name ?? "");
        return tally(names)["new"] ?? 0;
      };
      clock.advanceMs(2_000);
      assert.ok(Math.abs(picks() - 200) <= 10, "a sixth: 0.2 of 1.2");
      clock.advanceMs(3_000);
      assert.ok(Math.abs(picks() - 400) <= 10, "a third: 0.5 of 1.5");
      clock.advanceMs(6_000);
      assert.ok(Math.abs(picks() - 600) <= 60);
    });
  }
});
