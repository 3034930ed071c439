// How long a verdict takes from the health side's memory to a pick on another thread: a worker picks without pause, this thread takes one
// endpoint of many out and back in. node benchmarks/mesh/verdict.ts [ENDPOINTS]
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { SeededRandom } from "../../src/base/random.ts";
import type { EndpointFacts } from "../../src/config/plan/endpoint-set.ts";
import { EndpointTable } from "../../src/dataplane/upstream/endpoint-table.ts";
import { HostBlocks } from "../../src/dataplane/upstream/host-blocks.ts";
import { HealthFlag } from "../../src/telemetry/health-table.ts";
import { createNodeMemory, type NodeMemory, nodeTables } from "../../src/telemetry/node-memory.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { endpoint } from "../../test/support/cluster-plans.ts";

/** Microseconds from the write of a flag to the first pick from a list that obeys it. */
export interface VerdictTimes {
  readonly endpoints: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

interface Task {
  readonly memory: NodeMemory;
  readonly endpoints: number;
  /** [0]: how often the worker has seen the count of hosts change. */
  readonly seen: SharedArrayBuffer;
  /** [0]: when it did last, in nanoseconds of the machine's clock. */
  readonly seenAt: SharedArrayBuffer;
}

/** Measures; takes about two seconds. */
export async function verdictTimes(endpoints: number): Promise<VerdictTimes> {
  const memory = createNodeMemory(1);
  const task: Task = { memory, endpoints, seen: new SharedArrayBuffer(4), seenAt: new SharedArrayBuffer(8) };
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  const { health } = nodeTables(memory, 0);
  const seen = new Int32Array(task.seen);
  const seenAt = new BigInt64Array(task.seenAt);
  while (Atomics.load(seen, 0) === 0) await pause(5);
  const tookUs: number[] = [];
  for (let i = 0; i < VERDICTS; i++) {
    await pause(1 + (i % 7));
    const slot = (i >> 1) % endpoints;
    const count = Atomics.load(seen, 0);
    const at = process.hrtime.bigint();
    if (i % 2 === 0) health.set(slot, HealthFlag.FailedActiveHc);
    else health.clear(slot, HealthFlag.FailedActiveHc);
    health.bump(ROW);
    while (Atomics.load(seen, 0) === count) Atomics.wait(seen, 0, count, 100);
    tookUs.push(Number(Atomics.load(seenAt, 0) - at) / 1_000);
  }
  await worker.terminate();
  tookUs.sort((a, b) => a - b);
  const at = (share: number): number => tookUs[Math.min(tookUs.length - 1, Math.floor(tookUs.length * share))] ?? 0;
  return { endpoints, p50Us: at(0.5), p99Us: at(0.99), maxUs: at(1) };
}

function pickForEver({ memory, endpoints, seen, seenAt }: Task): void {
  const { health } = nodeTables(memory, 0);
  const home = {
    hostPrefix: "host.c.",
    blocks: new HostBlocks(new StatsWriter(() => {})),
    health,
    load: null,
    connections: null,
    slowStart: null,
    failAtOnce: null,
  };
  const table = new EndpointTable(home, { overprovisioningPercent: 140, panicThresholdPercent: 50 });
  const facts = Array.from({ length: endpoints }, (_, slot): EndpointFacts => ({ ...endpoint(80), slot }));
  table.apply({ kind: "full", cluster: "c", row: ROW, version: 1, endpoints: facts });
  const random = new SeededRandom(1);
  const count = new Int32Array(seen);
  const at = new BigInt64Array(seenAt);
  let before = 0;
  for (;;) {
    const { length } = table.current().choose(random).hosts;
    if (length === before) continue;
    before = length;
    Atomics.store(at, 0, process.hrtime.bigint());
    Atomics.add(count, 0, 1);
    Atomics.notify(count, 0);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const ROW = 0;
const VERDICTS = 400;

if (!isMainThread) pickForEver(workerData as Task);
else if (process.argv[1]?.endsWith("verdict.ts")) console.log(await verdictTimes(Number(process.argv[2] ?? 20_000)));
