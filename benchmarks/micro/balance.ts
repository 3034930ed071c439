// What a pick costs by number of endpoints and balancer, and what a change of the set costs. Prints nanoseconds a pick, the best of
// several rounds, and medians of changes. Run: node benchmarks/micro/balance.ts
import { Bits64 } from "../../src/base/bits64.ts";
import { SeededRandom } from "../../src/base/random.ts";
import type { HashBalancerPlan, TurnBalancerPlan } from "../../src/config/plan/cluster.ts";
import type { EndpointFacts } from "../../src/config/plan/endpoint-set.ts";
import { NO_ENDPOINT_CHECK } from "../../src/config/plan/health-check.ts";
import { createBalancer } from "../../src/dataplane/upstream/balance/balancer.ts";
import { HashBalancer } from "../../src/dataplane/upstream/balance/hash-balancer.ts";
import type { UpstreamEndpoint } from "../../src/dataplane/upstream/endpoint.ts";
import { EndpointTable } from "../../src/dataplane/upstream/endpoint-table.ts";
import { HostBlocks } from "../../src/dataplane/upstream/host-blocks.ts";
import { createNodeMemory, nodeTables } from "../../src/telemetry/node-memory.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";

const SIZES = [1, 1_000, 100_000];
const PICKS = 200_000;
const ROUNDS = 7;

const BALANCERS: readonly { name: string; plan: TurnBalancerPlan; weight: (i: number) => number }[] = [
  { name: "round robin", plan: { kind: "round_robin", slowStart: null }, weight: () => 1 },
  { name: "round robin, weighted", plan: { kind: "round_robin", slowStart: null }, weight: (i) => 1 + (i % 5) },
  {
    name: "least request",
    plan: { kind: "least_request", choices: 2, activeRequestBias: 1, biasKey: "", slowStart: null },
    weight: () => 1,
  },
  { name: "random", plan: { kind: "random" }, weight: () => 1 },
];

const HASH_OPTIONS = { hashPolicy: [], usesHostname: false, balanceFactorPercent: 0, isLocalityWeighted: false };
const HASHING: readonly (readonly [string, HashBalancerPlan])[] = [
  ["ring hash", { kind: "ring_hash", hash: "xx_hash", pointsMin: 1_024, pointsMax: 8_388_608, ...HASH_OPTIONS }],
  ["maglev", { kind: "maglev", tableSize: 65_537, ...HASH_OPTIONS }],
];

const random = new SeededRandom(1);

function facts(count: number, weight: (i: number) => number): EndpointFacts[] {
  return Array.from({ length: count }, (_, i) => ({
    address: { kind: "socket", host: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, port: 80, ipv4Compat: false },
    hostname: "",
    weight: weight(i),
    priority: 0,
    locality: { region: "", zone: "", subZone: "" },
    localityWeight: 0,
    health: "unknown",
    metadata: {},
    canary: false,
    check: NO_ENDPOINT_CHECK,
    slot: i,
  }));
}

function table(endpoints: readonly EndpointFacts[]): EndpointTable {
  const { health, load } = nodeTables(createNodeMemory(1), 0);
  const blocks = new HostBlocks(new StatsWriter(() => {}));
  const home = { hostPrefix: "host.c.", blocks, health, load, connections: null, slowStart: null, failAtOnce: null };
  const made = new EndpointTable(home, { overprovisioningPercent: 140, panicThresholdPercent: 50 });
  made.apply({ kind: "full", cluster: "c", row: 0, version: 1, endpoints });
  return made;
}

function nanos(act: () => void): number {
  const begun = process.hrtime.bigint();
  act();
  return Number(process.hrtime.bigint() - begun);
}

let sink = 0;
for (const { name, plan, weight } of BALANCERS) {
  const row = SIZES.map((size) => {
    const endpoints = table(facts(size, weight));
    const balancer = createBalancer(plan, { random, runtime: new Map(), slowStart: null });
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const spent = nanos(() => {
        for (let i = 0; i < PICKS; i++) sink += balancer.pick(endpoints.current().choose(random))?.slot ?? 0;
      });
      best = Math.min(best, spent / PICKS);
    }
    return `${size}: ${best.toFixed(1)} ns`;
  });
  console.log(`${name.padEnd(24)}${row.join("   ")}`);
}

for (const [name, plan] of HASHING) {
  const row = [10, 1_000].map((size) => {
    const endpoints = table(facts(size, () => 1));
    const hash = new Bits64();
    const everyone = endpoints.endpoints();
    const list = endpoints.current().choose(random);
    const builds = Array.from({ length: 15 }, () => {
      const balancer = new HashBalancer<UpstreamEndpoint>(plan, () => 0);
      return nanos(() => (sink += balancer.pick(list, everyone, 0, hash, 0)?.slot ?? 0));
    });
    const balancer = new HashBalancer<UpstreamEndpoint>(plan, () => 0);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const spent = nanos(() => {
        for (let i = 0; i < PICKS; i++) {
          hash.set(random.next32(), random.next32());
          sink += balancer.pick(list, everyone, 0, hash, 0)?.slot ?? 0;
        }
      });
      best = Math.min(best, spent / PICKS);
    }
    const build = (builds.sort((a, b) => a - b)[7] as number) / 1_000_000;
    return `${size}: ${best.toFixed(1)} ns, made in ${build.toFixed(2)} ms`;
  });
  console.log(`${name.padEnd(24)}${row.join("   ")}`);
}

const many = facts(10_020, () => 1);
const changed = table(many.slice(0, 10_000));
const deltas: number[] = [];
const copies: number[] = [];
const some = many.slice(0, 1_000);
for (let i = 0; i < 20; i++) {
  const { version } = changed;
  const update = { kind: "delta", cluster: "c", baseVersion: version, version: version + 1, removed: [i] } as const;
  deltas.push(
    nanos(() => {
      changed.apply({ ...update, changed: [many[10_000 + i] as EndpointFacts] });
      sink += changed.current().choose(random).hosts.length;
    }),
  );
  const fresh = table([]);
  copies.push(
    nanos(() => {
      fresh.apply({ kind: "full", cluster: "c", row: 0, version: 2, endpoints: some });
      sink += fresh.current().choose(random).hosts.length;
    }),
  );
}
const median = (values: number[]): string => `${((values.sort((a, b) => a - b)[10] as number) / 1_000).toFixed(0)} µs`;
console.log(`one of 10,000 replaced: ${median(deltas)}; full copy of 1,000: ${median(copies)} (sum ${sink % 7})`);
