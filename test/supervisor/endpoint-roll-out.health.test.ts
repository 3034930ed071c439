import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan, EndpointPlan } from "../../src/config/plan/cluster.ts";
import type { EndpointSetUpdate } from "../../src/config/plan/endpoint-set.ts";
import { NO_ENDPOINT_CHECK } from "../../src/config/plan/health-check.ts";
import { EndpointRollOut } from "../../src/supervisor/endpoint-roll-out.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { HealthFlag, HealthTable, healthText } from "../../src/telemetry/health-table.ts";
import { createNodeMemory } from "../../src/telemetry/node-memory.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { httpCheck } from "../control/health/health-simulation.ts";
import { clusterPlan, endpoint, namesFound } from "../support/cluster-plans.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const unchecked = { ...NO_ENDPOINT_CHECK, disabled: true };

/** A cluster of names with active checks, and what a worker hears of it. */
class World {
  readonly clock = new VirtualClock();
  readonly memory = createNodeMemory(1, 64, 8);
  readonly health = new HealthTable(this.memory.health);
  readonly stats = new StatsWriter(() => {});
  readonly rollOut = new EndpointRollOut({ memory: this.memory, stats: this.stats, wheel: this.clock.wheel });
  readonly heard: EndpointSetUpdate[] = [];
  readonly plan: ClusterPlan;

  constructor(more: Partial<ClusterPlan> = {}) {
    this.plan = clusterPlan("c", [], { healthChecks: [httpCheck()], discovery: namesFound(), ...more });
    this.rollOut.assign([this.plan]);
    this.rollOut.openReader(0, { send: (updates) => this.heard.push(...updates), wants: () => true });
    this.rollOut.applied(0, []);
  }

  find(...endpoints: EndpointPlan[]): void {
    this.rollOut.resolved("c", endpoints);
    this.rollOut.applied(0, []);
  }

  /** Every endpoint by its port, as /clusters shows its flags. */
  flags(): Record<number, string> {
    const all = this.rollOut.all()[0]?.endpoints ?? [];
    return Object.fromEntries(
      all.map((facts) => [
        facts.address.kind === "socket" ? facts.address.port : 0,
        healthText(this.rollOut.flagsOf(facts)),
      ]),
    );
  }

  /** A check of every endpoint passes. */
  pass(): void {
    for (const { slot } of this.rollOut.all()[0]?.endpoints ?? []) this.health.clear(slot, HealthFlag.FailedActiveHc);
  }

  /** The check of an endpoint fails. */
  fail(port: number): void {
    const all = this.rollOut.all()[0]?.endpoints ?? [];
    for (const { slot, address } of all)
      if (address.kind === "socket" && address.port === port) this.health.set(slot, HealthFlag.FailedActiveHc);
  }

  stat(name: "membership_change" | "membership_healthy" | "membership_excluded" | "membership_total"): number {
    this.rollOut.showHealth();
    return this.stats.block(CLUSTER, "cluster.c.")[CLUSTER.at[name]] as number;
  }
}

describe("an endpoint that enters a cluster", () => {
  it("fails its active checks until one has passed", () => {
    const world = new World();
    world.find(endpoint(1));
    assert.deepEqual(world.flags(), { 1: "/failed_active_hc" });
    assert.equal(world.stat("membership_healthy"), 0);
  });

  it("does not count in the total before its first check when the cluster ignores new ones", () => {
    const world = new World({ ignoreNewHostsUntilFirstCheck: true });
    world.find(endpoint(1));
    assert.deepEqual(world.flags(), { 1: "/failed_active_hc/pending_active_hc" });
    assert.deepEqual([world.stat("membership_total"), world.stat("membership_excluded")], [1, 1]);
  });

  it("is healthy when the cluster has none, or its own are disabled", () => {
    const without = new World({ healthChecks: [] });
    without.find(endpoint(1));
    const disabled = new World();
    disabled.find(endpoint(1, { check: unchecked }));
    assert.deepEqual([without.flags(), disabled.flags()], [{ 1: "healthy" }, { 1: "healthy" }]);
  });

  it("never inherits the flags of one that had its number before", () => {
    const world = new World({ healthChecks: [] });
    world.find(endpoint(1));
    world.health.set(0, HealthFlag.FailedOutlierCheck);
    world.find(endpoint(2));
    world.rollOut.applied(0, []);
    world.find(endpoint(2), endpoint(3));
    assert.deepEqual(world.flags(), { 2: "healthy", 3: "healthy" });
  });

  it("shows what its configured status means, and draining ones as excluded", () => {
    const world = new World();
    world.find(endpoint(1, { health: "draining" }), endpoint(2, { health: "unhealthy" }), endpoint(3));
    world.pass();
    assert.deepEqual(world.flags(), { 1: "/eds_status_draining", 2: "/failed_eds_health", 3: "healthy" });
    assert.deepEqual(
      [world.stat("membership_excluded"), world.stat("membership_healthy"), world.stat("membership_total")],
      [1, 1, 3],
    );
  });
});

describe("a plan without the checks of the one before", () => {
  it("takes back what they had raised", () => {
    const world = new World();
    world.find(endpoint(1));
    world.rollOut.assign([{ ...world.plan, healthChecks: [] }]);
    assert.deepEqual(world.flags(), { 1: "healthy" });
  });
});

describe("an endpoint that discovery drops while its checks pass", () => {
  it("goes at once when it was announced: the end of its lease is its announcer's word", () => {
    const world = new World({ discovery: { kind: "mesh", service: "s", endpoints: [] } });
    world.find(endpoint(1), endpoint(2));
    world.pass();
    world.find(endpoint(1));
    assert.deepEqual(world.flags(), { 1: "healthy" });
  });

  it("stays, flagged, until a check fails, and only then counts as a change", () => {
    const world = new World();
    world.find(endpoint(1), endpoint(2));
    world.pass();
    world.find(endpoint(1));
    assert.deepEqual(world.flags(), { 1: "healthy", 2: "/pending_dynamic_removal" });
    assert.deepEqual([world.stat("membership_total"), world.stat("membership_change")], [2, 1]);
    world.clock.advanceMs(5_000);
    assert.deepEqual(Object.keys(world.flags()), ["1", "2"]);
    world.fail(2);
    world.clock.advanceMs(200);
    assert.deepEqual(world.flags(), { 1: "healthy" });
    assert.deepEqual([world.stat("membership_total"), world.stat("membership_change")], [1, 2]);
    assert.deepEqual(world.heard.at(-1)?.kind, "delta");
    assert.equal(world.clock.wheel.size, 0);
  });

  for (const how of ["whole", "as a change"] as const) {
    it(`loses the flag when it comes back, told ${how}`, () => {
      const world = new World();
      world.find(endpoint(1), endpoint(2));
      world.pass();
      world.rollOut.moved("c", [endpoint(2)], []);
      assert.deepEqual(world.flags(), { 1: "healthy", 2: "/pending_dynamic_removal" });
      const tell = {
        whole: () => world.find(endpoint(1), endpoint(2)),
        "as a change": () => world.rollOut.moved("c", [], [endpoint(2)]),
      };
      tell[how]();
      world.fail(2);
      world.clock.advanceMs(5_000);
      assert.deepEqual(world.flags(), { 1: "healthy", 2: "/failed_active_hc" });
      assert.equal(world.stat("membership_change"), 1);
    });
  }

  it("goes at once when it failed before, its status says unhealthy, its checks are disabled or the file says so", () => {
    const world = new World();
    world.find(endpoint(1), endpoint(2), endpoint(3, { health: "unhealthy" }), endpoint(4, { check: unchecked }));
    world.pass();
    world.fail(2);
    world.find(endpoint(1));
    assert.deepEqual(world.flags(), { 1: "healthy" });
    const ignoring = new World({ ignoreHealthOnHostRemoval: true });
    ignoring.find(endpoint(1), endpoint(2));
    ignoring.pass();
    ignoring.find(endpoint(1));
    assert.deepEqual(ignoring.flags(), { 1: "healthy" });
  });

  it("stays as one of several twins at its address, and goes without taking another with it", () => {
    const world = new World();
    world.find(endpoint(1), endpoint(1, { weight: 2 }), endpoint(1, { weight: 3 }));
    world.pass();
    world.rollOut.moved("c", [endpoint(1, { weight: 2 })], []);
    world.fail(1);
    world.clock.advanceMs(200);
    const weights = world.rollOut.all()[0]?.endpoints.map(({ weight }) => weight);
    assert.deepEqual(weights?.sort(), [1, 3]);
  });
});
