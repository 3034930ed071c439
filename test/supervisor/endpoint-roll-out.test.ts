import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { SeededRandom } from "../../src/base/random.ts";
import type { BalancerPlan } from "../../src/config/plan/cluster.ts";
import type { EndpointTable } from "../../src/dataplane/upstream/endpoint-table.ts";
import { addressRange, EndpointPath, type StageTimes } from "../support/endpoint-path.ts";

const LEAST_REQUEST: BalancerPlan = {
  kind: "least_request",
  choices: 2,
  activeRequestBias: 1,
  biasKey: "",
  slowStart: null,
};
const RUNS = 21;

describe("endpoints on their way from an answer to a pick", () => {
  it("are after any answers and verdicts the ones that a full copy has, in its order, with the same lists to pick from", () => {
    const host = fc.integer({ min: 0, max: 9 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant("answer" as const), name: fc.nat(2), hosts: fc.uniqueArray(host) }),
      fc.record({ kind: fc.constant("fail" as const), slots: fc.uniqueArray(fc.nat(12), { maxLength: 4 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const path = new EndpointPath({ kind: "round_robin", slowStart: null }, [1, 3, 1]);
        path.answer([], 0); // the worker is there from the start: what comes reaches it as deltas
        for (const one of steps) {
          if (one.kind === "fail") path.fail(one.slots);
          else
            path.answer(
              one.hosts.flatMap((n) => addressRange(n, 1)),
              one.name,
            );
          const copy = path.copy();
          assert.deepEqual(slotsOf(path.table), slotsOf(copy));
          assert.deepEqual(pickedFrom(path.table), pickedFrom(copy));
        }
        path.close();
      }),
    );
  });

  for (const [name, balancer, weights] of [
    ["in rotation", { kind: "round_robin", slowStart: null }, [1]],
    ["by weight and load", LEAST_REQUEST, [1, 3]],
  ] as const) {
    it(`cost less by one of 10,000 than a full copy of 1,000 on every thread that serves, picked ${name}`, () => {
      const all = addressRange(0, 10_001);
      const begin = (count: number): EndpointPath => {
        const path = new EndpointPath(balancer, weights);
        for (let i = 1; i < weights.length; i++) path.answer(addressRange(60_000, 1), i);
        path.answer(all.slice(0, count));
        return path;
      };
      const [copies, added, removed]: StageTimes[][] = [[], [], []];
      const path = begin(10_000);
      for (let i = 0; i < RUNS; i++) {
        const fresh = begin(1_000);
        copies?.push({ ...fresh.times });
        fresh.close();
        path.answer(all);
        added?.push({ ...path.times });
        path.answer(all.slice(0, 10_000));
        removed?.push({ ...path.times });
      }
      path.close();
      const copy = medians(copies ?? []);
      for (const one of [medians(added ?? []), medians(removed ?? [])]) {
        const shown = JSON.stringify({ one, copy });
        assert.ok(one.main < copy.main, shown);
        assert.ok(one.worker < copy.worker, shown);
        // Discovery compares two answers of 10,000 addresses: dearer than reading one of 1,000, but not than the whole way.
        assert.ok(one.discovery + one.main + one.worker < copy.discovery + copy.main + copy.worker, shown);
      }
    });
  }
});

function slotsOf(table: EndpointTable): number[] {
  return table.endpoints().map(({ slot }) => slot);
}

/** All that a balancer sees of a table, but for where a rotation stands. */
function pickedFrom(table: EndpointTable): object {
  const { hosts, isPanic, weightsAreEqual } = table.current().choose(new SeededRandom(7));
  return { hosts: hosts.map(({ slot, weight }) => [slot, weight]), isPanic, weightsAreEqual };
}

function medians(runs: readonly StageTimes[]): StageTimes {
  const of = (name: keyof StageTimes): number =>
    runs.map((times) => times[name]).sort((a, b) => a - b)[runs.length >> 1] as number;
  return { discovery: of("discovery"), main: of("main"), worker: of("worker") };
}
