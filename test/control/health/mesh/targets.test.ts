// What the mesh is told when plans and endpoints change while it is followed.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { NO_ENDPOINT_CHECK } from "../../../../src/config/plan/health-check.ts";
import { groupHash, targetHash } from "../../../../src/control/health/mesh/group-hash.ts";
import type { CheckReport } from "../../../../src/messages/checking.ts";
import { endpoint } from "../../../support/cluster-plans.ts";
import { checkedCluster, httpCheck, numbered } from "../health-simulation.ts";
import { facts, following, GROUP, groupAdded, news, order, PLAN, told } from "./following.ts";

describe("groups and targets of a judge that follows a mesh", () => {
  it("tells of an endpoint that comes and of one that goes, and drops what was ordered for it", () => {
    const sim = following([0, 1]);
    order(
      sim,
      { type: "begin-checks", slot: 0, dueInMs: 0, standing: "healthy" },
      { type: "check-once", slot: 0, ask: 1, cause: "confirm" },
    );
    assert.equal(sim.probes.size, 2);
    sim.update({ kind: "delta", cluster: "c", baseVersion: 1, version: 2, removed: [0], changed: facts(2, 3) });
    assert.deepEqual(news(sim), [
      { type: "targets-removed", group: GROUP, slots: [0] },
      { type: "targets-added", group: GROUP, targets: [told(2, "healthy"), told(3, "healthy")] },
    ]);
    assert.equal(sim.probes.size, 0);
    order(sim, { type: "begin-checks", slot: 0, dueInMs: 0, standing: null });
    assert.equal(sim.probes.size, 0);
  });

  it("takes the slot of an endpoint that is to be reached otherwise for another endpoint", () => {
    const sim = following([0]);
    order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
    const moved = numbered(endpoint(80, { check: { ...NO_ENDPOINT_CHECK, port: 9 } }), 0);
    sim.update({ kind: "delta", cluster: "c", baseVersion: 1, version: 2, removed: [], changed: [moved] });
    assert.deepEqual(news(sim), [
      { type: "targets-removed", group: GROUP, slots: [0] },
      {
        type: "targets-added",
        group: GROUP,
        targets: [{ ...told(0, "healthy"), target: targetHash(moved, "here") }],
      },
    ]);
    assert.notEqual(targetHash(moved, "here"), told(0, null).target);
  });

  it("tells of a group that other checks make another one, and of one that goes", () => {
    const sim = following([0]);
    const changed = checkedCluster("c", [httpCheck({ timeoutMs: 700 })]);
    sim.assign(2, changed);
    sim.assign(3);
    assert.deepEqual(
      news(sim).map((report) => [report.type, groupIn(report)]),
      [
        ["targets-removed", GROUP],
        ["group-removed", GROUP],
        ["group-added", groupHash(changed)],
        ["targets-added", groupHash(changed)],
        ["targets-removed", groupHash(changed)],
        ["group-removed", groupHash(changed)],
      ],
    );
    assert.equal(sim.text(0), "healthy");
  });

  it("tells of a cluster anew that came to another row", () => {
    const sim = following([0]);
    sim.update({ kind: "full", cluster: "c", row: 3, version: 1, endpoints: facts(5) });
    assert.deepEqual(news(sim), [
      { type: "targets-removed", group: GROUP, slots: [0] },
      { type: "group-removed", group: GROUP },
      groupAdded(3),
      { type: "targets-added", group: GROUP, targets: [told(5, "healthy")] },
    ]);
  });

  it("tells nothing when only balancing changed", () => {
    const sim = following([0]);
    sim.assign(2, { ...PLAN, balancer: { kind: "random" } });
    assert.deepEqual(news(sim), []);
  });
});

function groupIn(report: CheckReport): string {
  if (report.type === "group-added") return report.facts.group;
  return "group" in report ? report.group : "";
}
