// What sticky splits promise, for any weights: who may move when they change, and that shares are kept.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Bits64 } from "../../../src/base/bits64.ts";
import { SeededRandom } from "../../../src/base/random.ts";
import { xxHash64 } from "../../../src/base/xx-hash64.ts";
import type { ClusterChoicePlan } from "../../../src/config/plan/route.ts";
import { chooseCluster } from "../../../src/dataplane/routing/cluster-choice.ts";
import { inGrowingFraction, runtimeView } from "../../../src/dataplane/routing/runtime-view.ts";
import { splitPoint } from "../../../src/dataplane/routing/sticky-split.ts";
import { HeaderList } from "../../../src/protocol/header-list.ts";
import { noChanges } from "../../support/route-plans.ts";

type Weights = readonly number[];

const HEAD = new HeaderList();
const RANDOM = new SeededRandom(1);

function split(by: "hash" | "sticky", weights: Weights): ClusterChoicePlan {
  const rest = { headers: noChanges, hostRewrite: "", filterOverrides: [], metadataMatch: null };
  const clusters = weights.map((weight, i) => ({ name: `v${i + 1}`, key: `v${i + 1}`, weight, ...rest }));
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0);
  return { kind: "weighted", by, clusters, totalWeight, runtimeKeyPrefix: "", headerName: "" };
}

/** Which cluster, counted from 0. */
function side(choice: ClusterChoicePlan, hash: Bits64): number {
  const chosen = chooseCluster(choice, HEAD, { runtime: runtimeView({}), random: RANDOM.next32(), hash });
  return Number(chosen?.name.slice(1)) - 1;
}

function userHash(user: number): Bits64 {
  const hash = new Bits64();
  xxHash64(`user-${user}`, hash);
  return hash;
}

const USERS: readonly Bits64[] = Array.from({ length: 10_000 }, (_, user) => userHash(user));

function shares(choice: ClusterChoicePlan, count: number): number[] {
  const found = new Array<number>(count).fill(0);
  for (const hash of USERS) found[side(choice, hash)] = (found[side(choice, hash)] as number) + 1;
  return found;
}

/** Three standard deviations of so many of all users. */
function slack(share: number): number {
  return 3 * Math.sqrt(USERS.length * share * (1 - share));
}

const hashes = fc
  .tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 0xffff_ffff }))
  .map(([high, low]) => new Bits64(high, low));
const manyHashes = fc.array(hashes, { minLength: 50, maxLength: 50 });
const weight = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 1_000_000 }));
const twoWeightings = fc
  .integer({ min: 2, max: 5 })
  .chain((count) => fc.tuple(...[0, 1].map(() => fc.array(weight, { minLength: count, maxLength: count }))))
  .filter((all) => all.every((weights) => weights.some((one) => one > 0)));

describe("a sticky split by weight", () => {
  for (const weights of [
    [90, 10],
    [50, 50],
    [1, 2],
    [99, 1],
    [60, 30, 10],
    [5, 0, 5, 10],
  ] as Weights[]) {
    it(`gives ${weights.join(":")} within three standard deviations of 10,000 users`, () => {
      const total = weights.reduce((sum, one) => sum + one, 0);
      for (const [i, found] of shares(split("sticky", weights), weights.length).entries()) {
        const share = (weights[i] as number) / total;
        assert.ok(Math.abs(found - share * USERS.length) <= slack(share), `v${i + 1}: ${found}`);
      }
    });
  }

  it("moves nobody from one cluster to another that did not grow in proportion to it, whatever the totals", () => {
    fc.assert(
      fc.property(twoWeightings, manyHashes, ([before, after], users) => {
        for (const hash of users) {
          const from = side(split("sticky", before as Weights), hash);
          const to = side(split("sticky", after as Weights), hash);
          const [wasFrom, wasTo] = [before?.[from] as number, before?.[to] as number];
          const [isFrom, isTo] = [after?.[from] as number, after?.[to] as number];
          assert.ok(
            from === to || isTo * wasFrom > wasTo * isFrom,
            `${before} to ${after}: v${from + 1} to v${to + 1}`,
          );
        }
      }),
    );
  });

  it("moves users in one direction while a version grows, and back when it shrinks", () => {
    const steps: readonly Weights[] = [
      [100, 0],
      [99, 1],
      [90, 10],
      [9, 9],
      [1, 99],
      [0, 1],
    ];
    for (const [i, weights] of steps.slice(1).entries()) {
      const [before, after] = [split("sticky", steps[i] as Weights), split("sticky", weights)];
      const left = USERS.filter((hash) => side(before, hash) === 1 && side(after, hash) === 0);
      assert.equal(left.length, 0);
    }
  });

  it("does not mind the order of its clusters, and a new one takes from each its part only", () => {
    const three = split("sticky", [60, 30, 10]);
    const turned = { ...three, clusters: [...(three.kind === "weighted" ? three.clusters : [])].reverse() };
    const two = split("sticky", [60, 30]);
    for (const hash of USERS) {
      assert.equal(side(turned as ClusterChoicePlan, hash), side(three, hash));
      assert.ok(side(three, hash) === 2 || side(three, hash) === side(two, hash));
    }
  });
});

describe("a split by use_hash_policy", () => {
  it("moves nobody back while the total stays and every weight goes from an earlier to a later cluster", () => {
    const steps: readonly Weights[] = [
      [90, 10, 0],
      [60, 30, 10],
      [50, 30, 20],
      [10, 50, 40],
      [0, 0, 100],
    ];
    for (const [i, weights] of steps.slice(1).entries()) {
      const [before, after] = [split("hash", steps[i] as Weights), split("hash", weights)];
      assert.ok(USERS.every((hash) => side(after, hash) >= side(before, hash)));
    }
  });

  it("moves users both ways when the total changes, as Envoy's remainder does", () => {
    const [before, after] = [split("hash", [90, 10]), split("hash", [9, 9])];
    assert.ok(USERS.some((hash) => side(before, hash) === 1 && side(after, hash) === 0));
  });

  it("keeps the shares", () => {
    const [v1, v2] = shares(split("hash", [90, 10]), 2);
    assert.ok(Math.abs((v2 as number) - 1_000) <= slack(0.1), `${v1}:${v2}`);
  });
});

describe("a sticky fraction", () => {
  const fractions = fc
    .tuple(fc.constantFrom(100, 10_000, 1_000_000), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([denominator, share]) => ({ numerator: Math.round(share * denominator), denominator, runtimeKey: "" }));
  const isIn = (fraction: { numerator: number; denominator: number; runtimeKey: string }, hash: Bits64): boolean =>
    inGrowingFraction(fraction, runtimeView({}), splitPoint(hash));

  it("has everybody of every smaller one, whatever their denominators", () => {
    fc.assert(
      fc.property(fractions, fractions, manyHashes, (one, other, users) => {
        const byShare = [one, other].sort((a, b) => a.numerator / a.denominator - b.numerator / b.denominator);
        const [smaller, larger] = byShare as [typeof one, typeof one];
        for (const hash of users) assert.ok(!isIn(smaller, hash) || isIn(larger, hash));
      }),
    );
  });

  it("grows by the runtime", () => {
    const fraction = { numerator: 10, denominator: 10_000, runtimeKey: "k" };
    const count = (text: string): number =>
      USERS.filter((hash) => inGrowingFraction(fraction, runtimeView({ k: text }), splitPoint(hash))).length;
    assert.equal(count("0"), 0);
    assert.ok(Math.abs(count("25") - 2_500) <= slack(0.25));
    assert.equal(count("100"), USERS.length);
  });

  it("has its share within three standard deviations, also of those who are in a part of a ring", () => {
    const tenth = { numerator: 1, denominator: 10, runtimeKey: "" };
    const low = USERS.filter((hash) => hash.high >>> 0 < 0x4000_0000);
    for (const users of [USERS, low]) {
      const found = users.filter((hash) => isIn(tenth, hash)).length;
      assert.ok(Math.abs(found - users.length / 10) <= 3 * Math.sqrt(users.length * 0.09), `${found}`);
    }
  });
});
