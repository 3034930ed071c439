import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { BreakerPlan, ClusterPlan } from "../../src/config/plan/cluster.ts";
import { breakerColumn, PriorityIndex, Resource } from "../../src/telemetry/breaker-columns.ts";
import { BreakerGauges } from "../../src/telemetry/breaker-gauges.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { clearWorker, createNodeMemory, nodeTables } from "../../src/telemetry/node-memory.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { breakerDefaults, clusterPlan } from "../support/cluster-plans.ts";

const ROW = 3;
const REQUESTS = breakerColumn(PriorityIndex.default, Resource.Requests);
const CONNECTIONS = breakerColumn(PriorityIndex.high, Resource.Connections);

function plan(limits: Partial<BreakerPlan>): ClusterPlan {
  const breakers = { ...breakerDefaults, ...limits };
  return clusterPlan("c", [], { breakers: { default: breakers, high: breakers } });
}

function setUp() {
  const memory = createNodeMemory(2, 64, 8);
  const [first, second] = [nodeTables(memory, 0).breakers, nodeTables(memory, 1).breakers];
  const writer = new StatsWriter(() => {});
  const gauges = new BreakerGauges(writer, nodeTables(memory, 0).breakers);
  const isOpen = (limited: ClusterPlan, name: keyof typeof CLUSTER.at): number => {
    gauges.show(limited, ROW, new Map());
    return writer.block(CLUSTER, "cluster.c.")[CLUSTER.at[name]] as number;
  };
  const remaining = (limited: ClusterPlan, name: string): number => {
    gauges.show(limited, ROW, new Map());
    const slot = writer.gauge(`cluster.c.circuit_breakers.${name}`);
    return slot.values[slot.at] as number;
  };
  return { memory, first, second, isOpen, remaining };
}

describe("gauges of circuit breakers", () => {
  it("are open, once, when the workers together are at the limit, whoever was last", () => {
    const { first, second, isOpen } = setUp();
    const limited = plan({ requestsMax: 2 });
    first.add(ROW, REQUESTS, 1);
    assert.equal(isOpen(limited, "circuit_breakers.default.rq_open"), 0);
    second.add(ROW, REQUESTS, 1);
    assert.equal(isOpen(limited, "circuit_breakers.default.rq_open"), 1);
    assert.equal(isOpen(limited, "circuit_breakers.high.rq_open"), 0);
    first.add(ROW, REQUESTS, -1);
    assert.equal(isOpen(limited, "circuit_breakers.default.rq_open"), 0);
  });

  it("are not open at a limit of 0 that nobody met", () => {
    const { isOpen } = setUp();
    assert.equal(isOpen(plan({ connectionsMax: 0 }), "circuit_breakers.high.cx_open"), 0);
  });

  it("say what remains for all workers together, never less than nothing, and all of it when a worker died", () => {
    const { memory, first, second, remaining } = setUp();
    const limited = plan({ connectionsMax: 5, trackRemaining: true });
    assert.equal(remaining(limited, "high.remaining_cx"), 5);
    first.add(ROW, CONNECTIONS, 4);
    second.add(ROW, CONNECTIONS, 3);
    assert.equal(remaining(limited, "high.remaining_cx"), 0);
    clearWorker(memory, 0);
    assert.equal(remaining(limited, "high.remaining_cx"), 2);
    assert.equal(remaining(limited, "default.remaining_cx_pools"), 2 ** 64);
  });
});
