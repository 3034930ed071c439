// What one endpoint more or less of 10,000 costs from a name's answer to the next pick, beside a first full copy of 1,000; by thread.
// Prints medians in microseconds and the ratio, which may not pass 1. Run: node benchmarks/micro/endpoint-sets.ts
import type { ResolvedAddress } from "../../src/messages/discovery.ts";
import { addressRange, EndpointPath, type StageTimes } from "../../test/support/endpoint-path.ts";

const LEAST_REQUEST = {
  kind: "least_request",
  choices: 2,
  activeRequestBias: 1,
  biasKey: "",
  slowStart: null,
} as const;
const CASES = [
  { name: "round robin", balancer: { kind: "round_robin", slowStart: null }, weights: [1], failing: 0 },
  { name: "round robin, weighted", balancer: { kind: "round_robin", slowStart: null }, weights: [1, 3], failing: 0 },
  { name: "least request, weighted", balancer: LEAST_REQUEST, weights: [1, 3], failing: 0 },
  {
    name: "round robin, a third failing",
    balancer: { kind: "round_robin", slowStart: null },
    weights: [1],
    failing: 1 / 3,
  },
  { name: "least request, weighted, a third failing", balancer: LEAST_REQUEST, weights: [1, 3], failing: 1 / 3 },
] as const;
const RUNS = 41;

for (const { name, balancer, weights, failing } of CASES) {
  const begin = (addresses: readonly ResolvedAddress[]): EndpointPath => {
    const path = new EndpointPath(balancer, weights);
    path.fail(Array.from({ length: failing * addresses.length }, (_, i) => i + 1));
    for (let i = 1; i < weights.length; i++) path.answer(addressRange(60_000, 1), i);
    path.answer(addresses);
    return path;
  };
  const copies: StageTimes[] = [];
  const added: StageTimes[] = [];
  const removed: StageTimes[] = [];
  const all = addressRange(0, 10_001);
  const path = begin(all.slice(1));
  for (let i = 0; i < RUNS; i++) {
    const fresh = begin(all.slice(0, 1_000));
    copies.push({ ...fresh.times });
    fresh.close();
    path.answer(all);
    added.push({ ...path.times });
    path.answer(all.slice(1));
    removed.push({ ...path.times });
  }
  path.close();
  console.log(name);
  console.log(`  full copy of 1,000  ${line(copies)}`);
  console.log(`  one of 10,000 more  ${line(added)}  ratio ${ratio(added, copies)}`);
  console.log(`  one of 10,000 less  ${line(removed)}  ratio ${ratio(removed, copies)}`);
}

function line(runs: readonly StageTimes[]): string {
  const { discovery, main, worker } = medians(runs);
  const of = (name: string, nanos: number) => `${name} ${(nanos / 1_000).toFixed(0)}`;
  return `${of("discovery", discovery)}, ${of("main", main)}, ${of("worker", worker)}, ${of("all", discovery + main + worker)} µs`;
}

function ratio(runs: readonly StageTimes[], copies: readonly StageTimes[]): string {
  const [a, b] = [medians(runs), medians(copies)];
  const sum = (times: StageTimes): number => times.discovery + times.main + times.worker;
  const of = (name: "main" | "worker") => `${name} ${(a[name] / b[name]).toFixed(2)}`;
  return `${(sum(a) / sum(b)).toFixed(2)} (${of("main")}, ${of("worker")})`;
}

function medians(runs: readonly StageTimes[]): StageTimes {
  const of = (name: keyof StageTimes): number =>
    runs.map((times) => times[name]).sort((a, b) => a - b)[runs.length >> 1] as number;
  return { discovery: of("discovery"), main: of("main"), worker: of("worker") };
}
