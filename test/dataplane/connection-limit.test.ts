import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ListenerPlan } from "../../src/config/plan/listener.ts";
import { RuntimeValues } from "../../src/config/plan/runtime.ts";
import { ConnectionLimit } from "../../src/dataplane/connection-limit.ts";
import type { Admission } from "../../src/net/listen-events.ts";
import { createCountMemory, NodeCounts } from "../../src/telemetry/node-counts.ts";
import { listener } from "../support/listener-plans.ts";

const KEY = "envoy.resource_limits.listener.main.connection_limit";
const NODE_KEY = "overload.global_downstream_max_connections";

/** The limits of listeners of a node, each on a worker of its own. */
function limits(runtime: RuntimeValues, ...plans: readonly Partial<ListenerPlan>[]): ConnectionLimit[] {
  const workers = plans.length;
  const memory = createCountMemory(workers);
  return plans.map((more, worker) => {
    const counts = new NodeCounts(memory, workers, worker);
    return new ConnectionLimit({ counts, workers, services: { runtime } }, { ...listener(), ...more });
  });
}

const verdict = (limit: ConnectionLimit | undefined): string | undefined => {
  const admission = limit?.admit();
  return typeof admission === "object" ? "admitted" : admission;
};

describe("the limit of a listener's connections", () => {
  it("is one of all workers, and what the runtime says now", () => {
    const runtime = new RuntimeValues({ [KEY]: "3" });
    const same = limits(runtime, {}, {});
    const first = same[0]?.admit() as Admission;
    assert.deepEqual(
      [1, 1, 0, 1].map((at) => verdict(same[at])),
      ["admitted", "admitted", "listener", "listener"],
    );
    first.end();
    assert.deepEqual(
      [1, 0].map((at) => verdict(same[at])),
      ["admitted", "listener"],
    );
    runtime.assign({ [KEY]: "4" });
    assert.deepEqual(
      [0, 0].map((at) => verdict(same[at])),
      ["admitted", "listener"],
    );
    runtime.assign({});
    assert.equal(verdict(same[0]), "admitted");
  });

  it("comes after the node's, which the overload manager counts without the listeners that ignore it", () => {
    const runtime = new RuntimeValues({ [KEY]: "1", [NODE_KEY]: "1" });
    const [main, other, free] = limits(
      runtime,
      { nodeConnectionsMax: 2 },
      { name: "other", nodeConnectionsMax: 2 },
      { name: "free", nodeConnectionsMax: 2, ignoresNodeLimit: true },
    );
    assert.deepEqual(
      [verdict(free), verdict(free), verdict(main), verdict(main)],
      ["admitted", "admitted", "admitted", "listener"],
    );
    const second = other?.admit() as Admission;
    assert.deepEqual([verdict(other), verdict(main), verdict(free)], ["node", "node", "admitted"]);
    second.end();
    assert.deepEqual([verdict(other), verdict(other)], ["admitted", "node"]);
  });

  it("is by the runtime's old key one of everything that is open", () => {
    const [main, free] = limits(new RuntimeValues({ [NODE_KEY]: "2" }), {}, { name: "free", ignoresNodeLimit: true });
    const first = free?.admit() as Admission;
    assert.deepEqual([verdict(free), verdict(main), verdict(free)], ["admitted", "node", "admitted"]);
    first.end();
    free?.applyPlan({ ...listener(), name: "free" });
    assert.deepEqual([verdict(main), verdict(free)], ["node", "node"]);
  });
});
