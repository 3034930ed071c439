import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type PriorityCounts, priorityLoads } from "../../src/telemetry/priority-load.ts";

function counts(hosts: number, healthy: number, degraded: number = 0, excluded: number = 0): PriorityCounts {
  return { hosts, healthy, degraded, excluded };
}

/** Priorities as real Envoy 1.40 was measured with (P0 two hosts, P1 two, P2 one), and cases of its documentation. */
const ROWS: readonly {
  name: string;
  counts: readonly PriorityCounts[];
  threshold?: number;
  healthy: readonly number[];
  degraded?: readonly number[];
  panic?: readonly boolean[];
}[] = [
  { name: "all healthy", counts: [counts(2, 2), counts(2, 2), counts(1, 1)], healthy: [100, 0, 0] },
  { name: "P0 half healthy", counts: [counts(2, 1), counts(2, 2), counts(1, 1)], healthy: [70, 30, 0] },
  { name: "P0 dead", counts: [counts(2, 0), counts(2, 2), counts(1, 1)], healthy: [0, 100, 0] },
  { name: "P0 dead, P1 half", counts: [counts(2, 0), counts(2, 1), counts(1, 1)], healthy: [0, 70, 30] },
  {
    name: "one of P0 degraded: healthy ones of P1 come before it",
    counts: [counts(2, 1, 1), counts(2, 2), counts(1, 1)],
    healthy: [70, 30, 0],
  },
  { name: "one of P0 draining: left out of the sum", counts: [counts(2, 1, 0, 1), counts(2, 2)], healthy: [100, 0] },
  {
    name: "all unhealthy: panic over every priority by size",
    counts: [counts(2, 0), counts(2, 0), counts(1, 0)],
    healthy: [40, 40, 20],
    panic: [true, true, true],
  },
  {
    name: "total panic whose shares do not divide: the rest goes to the first that has hosts",
    counts: [counts(0, 0), counts(1, 0), counts(2, 0)],
    healthy: [0, 34, 66],
    panic: [true, true, true],
  },
  {
    name: "too few over all priorities: only the poor priority panics",
    counts: [counts(10, 1), counts(10, 5)],
    healthy: [17, 83],
    panic: [true, false],
  },
  {
    name: "degraded takes what healthy leaves",
    counts: [counts(4, 1, 3)],
    healthy: [35],
    degraded: [65],
  },
  { name: "no hosts at all", counts: [counts(0, 0)], healthy: [100], panic: [true] },
  { name: "panic off, nobody healthy", counts: [counts(2, 0), counts(2, 0)], threshold: 0, healthy: [100, 0] },
  { name: "panic off, P1 has one", counts: [counts(2, 0), counts(2, 1)], threshold: 0, healthy: [0, 100] },
];

describe("load of priorities", () => {
  for (const row of ROWS) {
    it(`is Envoy's: ${row.name}`, () => {
      const loads = priorityLoads(row.counts, 140, row.threshold ?? 50);
      const nothing = row.counts.map(() => 0);
      assert.deepEqual(loads.healthy, row.healthy);
      assert.deepEqual(loads.degraded, row.degraded ?? nothing);
      assert.deepEqual(loads.panic, row.panic ?? row.counts.map(() => false));
    });
  }

  it("is always 100 percent in whole numbers", () => {
    const some = fc
      .tuple(fc.nat(20), fc.nat(20), fc.nat(20), fc.nat(20))
      .map(([healthy, degraded, dead, draining]) =>
        counts(healthy + degraded + dead + draining, healthy, degraded, draining),
      );
    fc.assert(
      fc.property(
        fc.array(some, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 100, max: 200 }),
        fc.nat(100),
        (all, overprovisioning, threshold) => {
          const { healthy, degraded } = priorityLoads(all, overprovisioning, threshold);
          const shares = [...healthy, ...degraded];
          assert.ok(shares.every((share) => Number.isInteger(share) && share >= 0));
          assert.equal(
            shares.reduce((sum, share) => sum + share, 0),
            100,
          );
        },
      ),
    );
  });
});
