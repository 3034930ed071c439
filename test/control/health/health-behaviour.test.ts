import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { endpoint } from "../../support/cluster-plans.ts";
import { checkedCluster, HealthSimulation, httpCheck, numbered, outcome } from "./health-simulation.ts";

const PREFIX = "cluster.c.health_check.";

/** One cluster `c` of row 0 with one endpoint of slot 0, with traffic. */
function one(check = httpCheck(), answer = outcome("success")): HealthSimulation {
  const sim = new HealthSimulation();
  const plan = checkedCluster("c", [check]);
  sim.traffic.add(0);
  sim.script(0, answer);
  sim.assign(1, plan);
  sim.enter(plan, 0, [numbered(endpoint(80), 0)]);
  return sim;
}

describe("the judge of active checks", () => {
  it("probes at once and takes the first pass for healthy", () => {
    const sim = one();
    assert.equal(sim.text(0), "/failed_active_hc");
    assert.deepEqual(sim.counts(PREFIX), { attempt: 1 });
    sim.clock.advanceMs(50);
    assert.equal(sim.text(0), "healthy");
    assert.deepEqual(sim.counts(PREFIX), { attempt: 1, success: 1, healthy: 1 });
  });
});
