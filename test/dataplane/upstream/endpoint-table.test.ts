import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../src/base/random.ts";
import type { EndpointPlan } from "../../../src/config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetUpdate } from "../../../src/config/plan/endpoint-set.ts";
import { EndpointTable } from "../../../src/dataplane/upstream/endpoint-table.ts";
import { HostBlocks } from "../../../src/dataplane/upstream/host-blocks.ts";
import { HealthFlag } from "../../../src/telemetry/health-table.ts";
import { createNodeMemory, type NodeTables, nodeTables } from "../../../src/telemetry/node-memory.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { endpoint } from "../../support/cluster-plans.ts";

const ROW = 3;
const random = new SeededRandom(1);

function made(slots: number = 4096): { table: EndpointTable; tables: NodeTables } {
  const tables = nodeTables(createNodeMemory(1, slots, 8), 0);
  const home = {
    hostPrefix: "host.c.",
    blocks: new HostBlocks(new StatsWriter(() => {})),
    health: tables.health,
    load: null,
    connections: null,
    slowStart: null,
    failAtOnce: null,
  };
  return { table: new EndpointTable(home, { overprovisioningPercent: 140, panicThresholdPercent: 50 }), tables };
}

function facts(slot: number, more: Partial<EndpointPlan> = {}): EndpointFacts {
  return { ...endpoint(1_000 + slot, more), slot };
}

function full(version: number, ...endpoints: readonly EndpointFacts[]): EndpointSetUpdate {
  return { kind: "full", cluster: "c", row: ROW, version, endpoints };
}

function delta(
  baseVersion: number,
  removed: readonly number[],
  ...changed: readonly EndpointFacts[]
): EndpointSetUpdate {
  return { kind: "delta", cluster: "c", baseVersion, version: baseVersion + 1, removed, changed };
}

function slots(table: EndpointTable): number[] {
  return table
    .current()
    .choose(random)
    .hosts.map(({ slot }) => slot);
}

describe("endpoint table", () => {
  it("is empty before the first update and finds nothing", () => {
    assert.deepEqual(slots(made().table), []);
  });

  it("keeps the order of the set; what a delta adds comes last", () => {
    const { table } = made();
    table.apply(full(1, facts(5), facts(3), facts(4)));
    assert.deepEqual(slots(table), [5, 3, 4]);
    table.apply(delta(1, [3], facts(9), facts(1)));
    assert.deepEqual(slots(table), [5, 4, 9, 1]);
  });

  it("refuses a delta on another version and stays as it is", () => {
    const { table } = made();
    table.apply(full(4, facts(1)));
    assert.equal(table.apply(delta(3, [1])), false);
    assert.equal(table.apply(delta(5, [1])), false);
    assert.deepEqual([table.version, slots(table)], [4, [1]]);
    assert.equal(table.apply(full(9, facts(2))), true);
    assert.deepEqual([table.version, slots(table)], [9, [2]]);
  });

  it("keeps the endpoint object when its facts change, so that its connections stay", () => {
    const { table } = made();
    table.apply(full(1, facts(1), facts(2)));
    const before = table.endpoints()[0];
    table.apply(delta(1, [], facts(1, { weight: 7, metadata: { a: 1 }, hostname: "one" })));
    assert.equal(table.endpoints()[0], before);
    assert.deepEqual([before?.weight, before?.hostname, before?.facts.metadata], [7, "one", { a: 1 }]);
    table.apply(full(9, facts(2), facts(1)));
    assert.deepEqual([table.endpoints()[1], before?.weight], [before, 1]);
  });

  it("takes a slot with another address for another endpoint", () => {
    const { table } = made();
    table.apply(full(1, facts(1), facts(2)));
    const before = table.endpoints()[0];
    table.apply(delta(1, [], { ...facts(1), address: endpoint(99).address }));
    const after = table.endpoints().find(({ slot }) => slot === 1);
    assert.notEqual(after, before);
    assert.equal(after?.text, "127.0.0.1:99");
    assert.equal(table.size, 2);
  });

  it("moves an endpoint to another priority", () => {
    const { table } = made();
    table.apply(full(1, facts(1), facts(2)));
    const moved = table.endpoints()[0];
    table.apply(delta(1, [], facts(1, { priority: 1 })));
    assert.deepEqual(slots(table), [2]);
    table.apply(delta(2, [2]));
    assert.deepEqual(slots(table), [1]);
    assert.equal(table.endpoints()[0], moved);
  });

  it("removes and adds the same slot within one delta", () => {
    const { table } = made();
    table.apply(full(1, facts(1)));
    const before = table.endpoints()[0];
    table.apply(delta(1, [1], facts(1)));
    assert.deepEqual(slots(table), [1]);
    assert.notEqual(table.endpoints()[0], before);
  });

  it("sees health on the next pick after the generation word changed, and not before", () => {
    const { table, tables } = made();
    table.apply(full(1, facts(1), facts(2), facts(3), facts(4)));
    assert.deepEqual(slots(table), [1, 2, 3, 4]);
    tables.health.set(2, HealthFlag.FailedActiveHc);
    assert.deepEqual(slots(table), [1, 2, 3, 4]);
    tables.health.bump(ROW);
    assert.deepEqual(slots(table), [1, 3, 4]);
    tables.health.clear(2, HealthFlag.FailedActiveHc);
    tables.health.bump(ROW);
    assert.deepEqual(slots(table), [1, 2, 3, 4]);
  });

  it("is not disturbed by the health of other clusters", () => {
    const { table, tables } = made();
    table.apply(full(1, facts(1), facts(2), facts(3)));
    slots(table);
    tables.health.set(2, HealthFlag.FailedActiveHc);
    tables.health.bump(ROW + 1);
    assert.deepEqual(slots(table), [1, 2, 3]);
  });

  it("takes the health status of the set for flags, beside those of the table", () => {
    const { table, tables } = made();
    table.apply(full(1, facts(1), facts(2), facts(3), facts(4, { health: "unhealthy" })));
    assert.deepEqual(slots(table), [1, 2, 3]);
    tables.health.set(1, HealthFlag.FailedOutlierCheck);
    tables.health.bump(ROW);
    assert.deepEqual(slots(table), [2, 3]);
    table.apply(delta(1, [], facts(4)));
    assert.deepEqual(slots(table), [2, 3, 4]);
  });

  it("is after any deltas what a full copy would have made it", () => {
    const step = fc.record({
      removed: fc.uniqueArray(fc.nat(15), { maxLength: 6 }),
      changed: fc.uniqueArray(
        fc.record({ slot: fc.nat(15), weight: fc.integer({ min: 1, max: 9 }), priority: fc.nat(2) }),
        { selector: ({ slot }) => slot, maxLength: 8 },
      ),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const { table } = made();
        table.apply(full(1));
        const model = new Map<number, string>();
        for (const [i, { removed, changed }] of steps.entries()) {
          const all = changed.map(({ slot, ...more }) => facts(slot, more));
          assert.equal(table.apply(delta(i + 1, removed, ...all)), true);
          for (const slot of removed) model.delete(slot);
          for (const { slot, weight, priority } of changed) model.set(slot, `${weight} in ${priority}`);
        }
        const held = table.endpoints().map(({ facts: f }) => [f.slot, `${f.weight} in ${f.priority}`] as const);
        assert.equal(held.length, model.size);
        assert.deepEqual(new Map(held), model);
      }),
    );
  });

  it("costs less to change by one in 10,000 than to copy 1,000, by the median of interleaved runs", () => {
    const many = Array.from({ length: 10_000 }, (_, i) => facts(i));
    const { table } = made(20_000);
    table.apply(full(1, ...many));
    const some = many.slice(0, 1_000);
    const copies: number[] = [];
    const deltas: number[] = [];
    for (let i = 0; i < 41; i++) {
      copies.push(
        timed(() => {
          const fresh = made(2_000).table;
          fresh.apply(full(1, ...some));
          slots(fresh);
        }),
      );
      deltas.push(
        timed(() => {
          table.apply(delta(table.version, [5_000 + i], facts(12_000 + i)));
          table.current().choose(random);
        }),
      );
    }
    assert.ok(median(deltas) < median(copies), `delta ${median(deltas)} ns, copy ${median(copies)} ns`);
  });
});

function timed(act: () => void): number {
  const begun = process.hrtime.bigint();
  act();
  return Number(process.hrtime.bigint() - begun);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}
