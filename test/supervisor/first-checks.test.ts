import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan } from "../../src/config/plan/cluster.ts";
import { FirstChecks } from "../../src/supervisor/first-checks.ts";
import { ReadinessBook } from "../../src/supervisor/readiness.ts";
import { httpCheck } from "../control/health/health-simulation.ts";
import { clusterPlan, upstreamTls } from "../support/cluster-plans.ts";

class World {
  readonly readiness = new ReadinessBook();
  readonly sizes = new Map<string, number>();
  readonly first = new FirstChecks(this.readiness, (cluster) => this.sizes.get(cluster) ?? 0);

  get reasons(): readonly string[] {
    return this.readiness.current().reasons;
  }
}

function checked(name: string, more: Partial<ClusterPlan> = {}): ClusterPlan {
  return clusterPlan(name, [], { healthChecks: [httpCheck()], ...more });
}

/** The same cluster with endpoints that are names. */
function named(plan: ClusterPlan): ClusterPlan {
  return { ...plan, discovery: { kind: "strict_dns" } as ClusterPlan["discovery"] };
}

describe("the first checks", () => {
  it("are over at once when no cluster has any", () => {
    const world = new World();
    world.first.begin([clusterPlan("a", [])]);
    assert.deepEqual([world.first.isOver, world.reasons], [true, []]);
  });

  it("are a reason not to be ready until every cluster has had its own", () => {
    const world = new World();
    world.sizes.set("a", 2).set("b", 1);
    world.first.begin([checked("a"), checked("b")]);
    assert.deepEqual(world.reasons, [
      "waiting for the first health checks of a: 2 endpoints",
      "waiting for the first health checks of b: 1 endpoint",
    ]);
    world.first.warmed("a");
    assert.equal(world.first.isOver, false);
    world.first.warmed("b");
    assert.deepEqual([world.first.isOver, world.reasons], [true, []]);
  });

  it("are of what a cluster's names say, so that they wait for every name's first answer", () => {
    const world = new World();
    world.first.begin([named(checked("a")), checked("b")]);
    assert.deepEqual([world.first.isKnown("a"), world.first.isKnown("b")], [false, true]);
    assert.match(world.reasons[0] ?? "", /of a: its names have no answer yet$/);
    world.sizes.set("a", 1);
    world.first.namesKnown(["a"]);
    assert.equal(world.first.isKnown("a"), true);
    assert.match(world.reasons[0] ?? "", /of a: 1 endpoint$/);
  });

  it("may take longer for a crowd, and longer yet for one with handshakes", () => {
    const world = new World();
    world.sizes.set("a", 20_000).set("b", 1_000);
    const plan = httpCheck({ timeoutMs: 1_000 });
    world.first.begin([
      checked("a", { healthChecks: [plan] }),
      checked("b", { healthChecks: [plan], tls: upstreamTls }),
    ]);
    assert.equal(world.first.boundMs(), 2_000 + 5_000 + 10_000 + 10_000);
  });

  it("may take twice the longest time-out with its jitter and five seconds, and are then waited for no longer", () => {
    const world = new World();
    const slow = httpCheck({ timeoutMs: 3_000, initialJitterMs: 500 });
    world.first.begin([checked("a"), checked("b", { healthChecks: [httpCheck({ timeoutMs: 100 }), slow] })]);
    assert.equal(world.first.boundMs(), 12_000);
    world.first.warmed("a");
    assert.deepEqual(world.first.giveUp(), ["b"]);
    assert.deepEqual([world.first.isOver, world.reasons], [true, []]);
  });
});
