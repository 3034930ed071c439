// Rings and Maglev tables: who gets a key, how many keys move when an endpoint goes, and when a table is made anew. That Envoy chooses the
// same is in test/differential/hashing.full.test.ts.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Bits64 } from "../../../../src/base/bits64.ts";
import { xxHash64 } from "../../../../src/base/xx-hash64.ts";
import type { HashBalancerPlan } from "../../../../src/config/plan/cluster.ts";
import { HashBalancer, type HashHost } from "../../../../src/dataplane/upstream/balance/hash-balancer.ts";
import { HostList } from "../../../../src/dataplane/upstream/balance/host-list.ts";

const OPTIONS = { hashPolicy: [], usesHostname: false, balanceFactorPercent: 0, isLocalityWeighted: false };
const RING: HashBalancerPlan = {
  kind: "ring_hash",
  hash: "xx_hash",
  pointsMin: 1_024,
  pointsMax: 8_388_608,
  ...OPTIONS,
};
const MAGLEV: HashBalancerPlan = { kind: "maglev", tableSize: 65_537, ...OPTIONS };

class Host implements HashHost {
  readonly weight: number;
  readonly locality = { region: "", zone: "", subZone: "" };
  readonly localityWeight = 1;
  readonly wellSinceMs = -1;
  readonly name: string;
  active = 0;
  /** How often its key was asked for: once for each table. */
  asked = 0;

  constructor(name: string, weight: number = 1) {
    this.name = name;
    this.weight = weight;
  }

  activeRequests(): number {
    return this.active;
  }

  hashKey(): string {
    this.asked++;
    return this.name;
  }
}

const names = (count: number): Host[] => Array.from({ length: count }, (_, i) => new Host(`10.0.0.${i}:80`));

class Scene {
  readonly list = new HostList<Host>("usual");
  private readonly balancer: HashBalancer<Host>;

  constructor(plan: HashBalancerPlan, hosts: readonly Host[], running: () => number = () => 0) {
    this.balancer = new HashBalancer(plan, running);
    this.list.fill(hosts, true);
  }

  pick(key: string, attempt: number = 0): string | undefined {
    const hash = new Bits64();
    xxHash64(key, hash);
    return this.balancer.pick(this.list, this.list.hosts, 0, hash, attempt)?.name;
  }

  picks(count: number): (string | undefined)[] {
    return Array.from({ length: count }, (_, i) => this.pick(`user-${i}`));
  }
}

describe("a balancer by hash", () => {
  it("chooses what Envoy chooses", () => {
    const five = names(5);
    const first = (plan: HashBalancerPlan): string =>
      new Scene(plan, five)
        .picks(12)
        .map((name) => name?.slice(7, 8))
        .join("");
    assert.equal(first(RING), "442304332023");
    assert.equal(first(MAGLEV), "120103220332");
  });

  it("moves the keys of a lost endpoint, and few others: those of points that the rest of a ring has more of", () => {
    const hosts = names(10);
    for (const [plan, othersMax] of [
      [RING, 500],
      [MAGLEV, 100],
    ] as const) {
      const before = new Scene(plan, hosts).picks(5_000);
      const after = new Scene(plan, hosts.slice(1)).picks(5_000);
      const lost = before.filter((name) => name === hosts[0]?.name).length;
      const others = before.filter((name, i) => name !== after[i] && name !== hosts[0]?.name).length;
      assert.ok(lost > 300 && others < othersMax, `${plan.kind}: ${lost} and ${others}`);
    }
  });

  it("gives endpoints keys by their weights", () => {
    for (const plan of [RING, MAGLEV]) {
      const found = new Scene(plan, [new Host("a", 1), new Host("b", 3)]).picks(10_000);
      const share = found.filter((name) => name === "b").length / found.length;
      assert.ok(Math.abs(share - 0.75) < 0.06, `${plan.kind}: ${share}`);
    }
  });

  it("leads another attempt elsewhere, sooner or later", () => {
    for (const plan of [RING, MAGLEV]) {
      const scene = new Scene(plan, names(4));
      const tried = Array.from({ length: 20 }, (_, attempt) => scene.pick("u", attempt));
      assert.ok(new Set(tried).size > 1);
    }
  });

  it("has nobody when there is no host, and somebody when there is one", () => {
    for (const plan of [RING, MAGLEV]) {
      const scene = new Scene(plan, []);
      assert.equal(scene.pick("u"), undefined);
      scene.list.fill(names(1), true);
      assert.equal(scene.pick("u"), "10.0.0.0:80");
    }
  });

  it("looks at its hosts again only when they were filled in again", () => {
    const hosts = names(3);
    const scene = new Scene(RING, hosts);
    scene.picks(10);
    assert.equal(hosts[0]?.asked, 1);
    const before = scene.picks(100);
    scene.list.fill(hosts, true);
    assert.deepEqual(scene.picks(100), before);
    assert.equal(hosts[0]?.asked, 2);
  });

  it("fills every entry of a table whatever the weights", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 30 }), (weights) => {
        const scene = new Scene(
          { ...MAGLEV, tableSize: 101 },
          weights.map((weight, i) => new Host(`h${i}`, weight)),
        );
        assert.ok(scene.picks(50).every((name) => name !== undefined));
      }),
      { numRuns: 50 },
    );
  });

  it("passes on what is too much for one endpoint, always to the same others", () => {
    for (const plan of [RING, MAGLEV]) {
      const hosts = names(4);
      const running = (): number => hosts.reduce((sum, { active }) => sum + active, 0);
      const scene = new Scene({ ...plan, balanceFactorPercent: 100 }, hosts, running);
      const order = (): (string | undefined)[] => {
        for (const host of hosts) host.active = 0;
        return Array.from({ length: 16 }, () => {
          const name = scene.pick("u");
          const host = hosts.find((one) => one.name === name);
          if (host !== undefined) host.active++;
          return name;
        });
      };
      const first = order();
      assert.deepEqual(order(), first);
      assert.equal(new Set(first).size, 4);
      assert.ok(hosts.every(({ active }) => active <= 5));
    }
  });
});
