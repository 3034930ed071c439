import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "mocha";
import type { ListenerPlan } from "../../src/config/plan/listener.ts";
import type { MeshPlan } from "../../src/config/plan/mesh.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import { changeText, fixedChanges, planChange, takeOver } from "../../src/supervisor/plan-change.ts";
import { clusterPlan, endpoint, loopback } from "../support/cluster-plans.ts";
import { bareListener, barePlan } from "../support/plans.ts";

const MESH: MeshPlan = {
  name: "m",
  node: "n~ab12",
  isNodeNamed: false,
  broker: { kind: "embedded", port: 14_222 },
  owners: 2,
  flapDamping: false,
  load: "merged",
  announce: [],
  hasRuntimeLayer: false,
};

function at(name: string, port: number): ListenerPlan {
  return bareListener(name, { address: loopback(port) });
}

function portsOf({ listeners }: Plan): unknown[] {
  return listeners.map(({ address }) => address.kind === "socket" && address.port);
}

describe("what another plan takes over", () => {
  it("is the port that 0 became, where the listener stays", () => {
    const held = { asked: barePlan([at("a", 0), at("b", 0)]), real: barePlan([at("a", 1_001), at("b", 1_002)]) };
    const { real } = takeOver(held, barePlan([at("b", 0), at("c", 0), at("a", 80)]));
    assert.deepEqual(portsOf(real), [1_002, 0, 80]);
  });

  it("is the name of a listener without one that stays at its address", () => {
    const names = [randomUUID(), randomUUID()];
    const asked = barePlan([at(names[0] ?? "", 1), at(names[1] ?? "", 2), at("named", 3)]);
    const next = barePlan([at(randomUUID(), 2), at(randomUUID(), 4), at("named", 3)]);
    const { real } = takeOver({ asked, real: asked }, next);
    assert.deepEqual(
      real.listeners.map(({ name }) => name),
      [names[1], next.listeners[1]?.name, "named"],
    );
  });

  it("is a made-up name in the mesh, not one that somebody chose", () => {
    const asked = barePlan([], { mesh: MESH });
    const nodeOf = (mesh: MeshPlan) => takeOver({ asked, real: asked }, barePlan([], { mesh })).asked.mesh?.node;
    assert.equal(nodeOf({ ...MESH, node: "n~zz99" }), "n~ab12");
    assert.equal(nodeOf({ ...MESH, node: "front", isNodeNamed: true }), "front");
  });
});

describe("what only a restart changes", () => {
  const admin = (port: number): Plan => barePlan([], { admin: { address: loopback(port), accessLogs: [] } });
  const rows: readonly (readonly [name: string, before: Plan, after: Plan, says: string[]])[] = [
    ["nothing", barePlan([at("a", 1)]), barePlan([]), []],
    [
      "the admin address",
      admin(9_901),
      admin(9_902),
      ["admin changed (127.0.0.1:9902 instead of 127.0.0.1:9901): that needs a restart"],
    ],
    ["the roles", barePlan([]), barePlan([], { roles: ["health"] }), ["the roles changed: that needs a restart"]],
    [
      "the broker of the mesh",
      barePlan([], { mesh: MESH }),
      barePlan([], { mesh: { ...MESH, broker: { kind: "embedded", port: 1 } } }),
      ["the mesh (what it announces aside) changed: that needs a restart"],
    ],
    [
      "not what is announced",
      barePlan([], { mesh: MESH }),
      barePlan([], { mesh: { ...MESH, announce: [{ service: "s", endpoints: [] }] } }),
      [],
    ],
  ];
  for (const [name, before, after, says] of rows) {
    it(`is ${name}`, () => assert.deepEqual(fixedChanges(before, after), says));
  }
});

describe("the change from one plan to the next", () => {
  it("names what came, is otherwise, and went, in one line", () => {
    const before = barePlan([at("a", 1), at("b", 2)], { clusters: [clusterPlan("c", []), clusterPlan("d", [])] });
    const after = barePlan([at("a", 1), at("x", 3)], {
      clusters: [
        clusterPlan("c", [endpoint(1)]),
        ...["e", "f", "g", "h", "i", "j"].map((name) => clusterPlan(name, [])),
      ],
      runtime: { layers: [{ name: "s", kind: "static", entries: { a: "1" } }] },
    });
    const change = planChange(before, after);
    assert.equal(
      changeText(change),
      "clusters: 6 added (e, f, g, h, i, …), 1 changed (c), 1 removed (d); listeners: 1 added (x), 1 removed (b); the runtime's layers",
    );
    assert.equal(changeText(planChange(after, structuredClone(after))), "");
  });

  it("names what belongs to no cluster and no listener", () => {
    const before = barePlan([]);
    const { stats } = before;
    const target = { protocol: "grpc", cluster: "c", authority: "c", path: "/", timeoutMs: 1, headers: [] } as const;
    const sink = { target, intervalMs: 5_000, countersAsDeltas: false, histogramsAsDeltas: false, prefix: "" };
    const metricsSinks = [{ ...sink, emitsTags: true, usesTaglessNames: true, pointsMax: Number.POSITIVE_INFINITY }];
    const rows: readonly (readonly [Partial<Plan>, string])[] = [
      [{ outlierLogPath: "/log" }, "the log of outlier detection"],
      [{ statsFlushIntervalMs: 1 }, "the flush interval"],
      [{ stats: { ...stats, shown: { kind: "none" } } }, "how statistics are shown"],
      [{ metricsSinks }, "where metrics go"],
    ];
    for (const [parts, says] of rows) {
      assert.equal(changeText(planChange(before, barePlan([], parts))), says);
      assert.equal(changeText(planChange(barePlan([], parts), structuredClone(barePlan([], parts)))), "");
    }
  });
});
