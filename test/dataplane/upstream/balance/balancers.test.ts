import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../../src/base/random.ts";
import type { TurnBalancerPlan } from "../../../../src/config/plan/cluster.ts";
import { RuntimeValues } from "../../../../src/config/plan/runtime.ts";
import { createBalancer } from "../../../../src/dataplane/upstream/balance/balancer.ts";
import { HostList } from "../../../../src/dataplane/upstream/balance/host-list.ts";
import { home, hosts, type PlainHost, tally } from "../support/plain-host.ts";

function listOf(all: readonly PlainHost[]): HostList<PlainHost> {
  const list = new HostList<PlainHost>("usual");
  list.fill(all, new Set(all.map(({ weight }) => weight)).size < 2);
  return list;
}

function picks(plan: TurnBalancerPlan, list: HostList<PlainHost>, count: number, seed: number = 1): string[] {
  const balancer = createBalancer(plan, home(new SeededRandom(seed)));
  return Array.from({ length: count }, () => balancer.pick(list)?.name ?? "none");
}

const roundRobin: TurnBalancerPlan = { kind: "round_robin", slowStart: null };
const leastRequest: TurnBalancerPlan = {
  kind: "least_request",
  choices: 2,
  activeRequestBias: 1,
  biasKey: "",
  slowStart: null,
};
const weightLists = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 12 });

describe("round robin", () => {
  it("rotates strictly over equal weights, from any start", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), (count, seed) => {
        const names = picks(roundRobin, listOf(hosts(...new Array<number>(count).fill(3))), count * 3, seed);
        const start = names[0]?.charCodeAt(0) ?? 0;
        const expected = names.map((_, i) => String.fromCharCode(97 + ((start - 97 + i) % count)));
        assert.deepEqual(names, expected);
      }),
    );
  });

  it("starts at different hosts for different seeds", () => {
    const starts = new Set(
      [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => picks(roundRobin, listOf(hosts(1, 1, 1, 1)), 1, seed)[0]),
    );
    assert.ok(starts.size > 1);
  });

  it("gives every host exactly its weight in any sum(weights) picks in a row", () => {
    fc.assert(
      fc.property(weightLists, fc.nat(), (weights, seed) => {
        const round = weights.reduce((sum, weight) => sum + weight, 0);
        const names = picks(roundRobin, listOf(hosts(...weights)), round * 3, seed);
        const expected = Object.fromEntries(hosts(...weights).map(({ name, weight }) => [name, weight]));
        for (let from = 0; from < names.length; from += Math.max(1, round >> 2)) {
          if (from + round > names.length) break;
          assert.deepEqual(tally(names.slice(from, from + round)), expected);
        }
      }),
    );
  });

  it("spreads a weighted host's picks over the round instead of bunching them", () => {
    const names = picks(roundRobin, listOf(hosts(3, 1)), 40).join("");
    assert.ok(!names.includes("bb"));
    assert.ok(!names.includes("aaaa"));
  });

  it("goes on where it stands when the list shrinks or grows", () => {
    const [a, b, c, d] = hosts(1, 1, 1, 1) as [PlainHost, PlainHost, PlainHost, PlainHost];
    const list = listOf([a, b, c]);
    const balancer = createBalancer(roundRobin, home(new SeededRandom(1)));
    const first = balancer.pick(list)?.name;
    list.fill([a, b, c, d], true);
    const order = ["a", "b", "c", "d"];
    assert.equal(balancer.pick(list)?.name, order[(order.indexOf(first ?? "") + 1) % 4]);
    list.fill([a], true);
    assert.equal(balancer.pick(list)?.name, "a");
    list.fill([], true);
    assert.equal(balancer.pick(list), null);
    list.fill([b, c], true);
    assert.deepEqual(["b", "c"].includes(balancer.pick(list)?.name ?? ""), true);
  });

  it("starves nobody when the list is made anew before every pick", () => {
    const all = hosts(5, 1, 1, 1, 1, 1);
    const list = listOf(all);
    const balancer = createBalancer(roundRobin, home(new SeededRandom(3)));
    const names: string[] = [];
    for (let i = 0; i < 1_000; i++) {
      list.fill(all, false);
      names.push(balancer.pick(list)?.name ?? "");
    }
    assert.ok((tally(names)["f"] ?? 0) > 50, JSON.stringify(tally(names)));
  });
});

describe("least request", () => {
  it("picks the less busy of two choices", () => {
    const [idle, busy] = hosts(1, 1) as [PlainHost, PlainHost];
    busy.load = 10;
    const counts = tally(picks(leastRequest, listOf([idle, busy]), 4_000));
    // Both choices fall on the busy one in a quarter of the picks.
    assert.ok((counts["b"] ?? 0) > 850 && (counts["b"] ?? 0) < 1_150, JSON.stringify(counts));
  });

  it("finds the idle one nearly always with many choices", () => {
    const all = hosts(1, 1, 1, 1);
    for (const host of all.slice(1)) host.load = 3;
    const counts = tally(picks({ ...leastRequest, choices: 20 } as TurnBalancerPlan, listOf(all), 1_000));
    assert.ok((counts["a"] ?? 0) > 980, JSON.stringify(counts));
  });

  it("takes the bias from the runtime, from the next pick on", () => {
    const [heavy, light] = hosts(2, 1) as [PlainHost, PlainHost];
    heavy.load = 3;
    const runtime = new RuntimeValues();
    const plan: TurnBalancerPlan = { ...leastRequest, activeRequestBias: 0, biasKey: "bias" } as TurnBalancerPlan;
    const balancer = createBalancer(plan, { random: new SeededRandom(1), runtime, slowStart: null });
    const list = listOf([heavy, light]);
    const share = (): number => {
      const names = Array.from({ length: 3_000 }, () => balancer.pick(list)?.name ?? "");
      return (tally(names)["a"] ?? 0) / 3_000;
    };
    const shares = [{}, { bias: "1" }, { bias: "-1" }, { bias: "2" }].map((entries) => {
      runtime.assign(entries);
      return share();
    });
    // A bias below 0 is 1, as in Envoy.
    for (const [i, expected] of [2 / 3, 1 / 3, 1 / 3, 1 / 9].entries()) {
      assert.ok(Math.abs((shares[i] ?? 0) - expected) < 0.01, JSON.stringify(shares));
    }
  });

  it("divides a weight by the load, and not at all with a bias of 0", () => {
    const rows = [
      { bias: 0, expected: 2 / 3 },
      { bias: 1, expected: 1 / 3 },
      { bias: 2, expected: 1 / 9 },
    ];
    for (const { bias, expected } of rows) {
      const [heavy, light] = hosts(2, 1) as [PlainHost, PlainHost];
      heavy.load = 3;
      const plan: TurnBalancerPlan = {
        kind: "least_request",
        choices: 2,
        activeRequestBias: bias,
        biasKey: "",
        slowStart: null,
      };
      const share = (tally(picks(plan, listOf([heavy, light]), 9_000))["a"] ?? 0) / 9_000;
      assert.ok(Math.abs(share - expected) < 0.01, `bias ${bias}: ${share}`);
    }
  });
});

describe("random", () => {
  it("picks every host about as often, weights not looked at", () => {
    const counts = tally(picks({ kind: "random" }, listOf(hosts(1, 50, 1, 1)), 8_000));
    for (const count of Object.values(counts)) assert.ok(Math.abs(count - 2_000) < 200, JSON.stringify(counts));
  });
});

describe("every balancer", () => {
  it("finds nothing in an empty list", () => {
    for (const plan of [roundRobin, leastRequest, { kind: "random" } as const]) {
      assert.deepEqual(picks(plan, listOf([]), 1), ["none"]);
    }
  });
});
