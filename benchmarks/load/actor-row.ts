// The load-report thread alone, as the supervisor runs it, over counters of two writers that all move in every interval: what ten thousand endpoints
// cost it when each of them has something to tell.

import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { threadLink } from "../../src/actor/thread-link.ts";
import { workerUrl } from "../../src/base/location.ts";
import type { ClusterPlan } from "../../src/config/plan/cluster.ts";
import type { LoadOrder, LoadOutput } from "../../src/messages/load.ts";
import { HOST } from "../../src/telemetry/host-stats.ts";
import { createNodeMemory } from "../../src/telemetry/node-memory.ts";
import { type StatsNotice, StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint } from "../../test/support/cluster-plans.ts";
import { threadCpuSeconds, threadsNamed } from "../mesh/threads.ts";
import type { LrsSink } from "./lrs-sink.ts";

/** What it cost. */
export interface ActorFigures {
  readonly endpoints: number;
  readonly seconds: number;
  readonly reports: number;
  readonly kilobytes: number;
  /** Share of a core that the thread used. */
  readonly core: number;
}

/** Runs it for so long, after the first reports. */
export async function measureActor(
  sink: LrsSink,
  cluster: string,
  count: number,
  seconds: number,
): Promise<ActorFigures> {
  const { link, port } = threadLink<LoadOutput, LoadOrder>();
  const workerData = { port, restored: [], memory: createNodeMemory(1) };
  const worker = new Worker(workerUrl("load-report"), { name: THREAD, workerData, transferList: [port] });
  let moving: NodeJS.Timeout | undefined;
  try {
    link.receive(() => {});
    const blocks = begin((order) => link.send(order), { sink, cluster, count });
    moving = setInterval(() => move(blocks), MOVE_MS);
    while (sink.reports < WARM_REPORTS) await sleep(100);
    const [thread] = threadsNamed(process.pid, THREAD);
    if (thread === undefined) throw new Error("no load-report thread");
    const before = { cpu: threadCpuSeconds(process.pid, thread), reports: sink.reports, bytes: sink.bytes };
    const begunMs = performance.now();
    await sleep(seconds * 1_000);
    const elapsed = (performance.now() - begunMs) / 1_000;
    const reports = sink.reports - before.reports;
    return {
      endpoints: count,
      seconds: elapsed,
      reports,
      kilobytes: (sink.bytes - before.bytes) / reports / 1_024,
      core: (threadCpuSeconds(process.pid, thread) - before.cpu) / elapsed,
    };
  } finally {
    clearInterval(moving);
    link.close();
    await worker.terminate();
  }
}

/** Tells the thread everything; answers the blocks of all endpoints. */
function begin(
  send: (order: LoadOrder) => void,
  { sink, cluster, count }: { sink: LrsSink; cluster: string; count: number },
): Float64Array[] {
  const many = Array.from({ length: count }, (_, i) => endpoint(1 + i));
  const base = clusterPlan("lrs", []);
  const server: ClusterPlan = { ...base, protocol: "http2" };
  const node = { id: "bench", cluster: "bench", region: "", zone: "", subZone: "", metadata: {} };
  const load = { cluster: "lrs", authority: "lrs", metadata: [], skipEnvoyHeaders: false };
  const clusters = [clusterPlan(cluster, many), server];
  send({ type: "plan-assigned", load, node, version: "0.0.0", clusters, connectionClusters: [], merge: null });
  const blocks: Float64Array[] = [];
  for (const writer of ["listener-0", "listener-1"]) {
    const notices: StatsNotice[] = [];
    const stats = new StatsWriter((notice) => notices.push(notice));
    for (let i = 0; i < count; i++) blocks.push(stats.block(HOST, `host.${cluster}.127.0.0.1:${1 + i}.`));
    send({ type: "stats-told", writer, notices });
  }
  const updates = [
    { kind: "full", cluster, row: 0, version: 1, endpoints: many.map((one, slot) => ({ ...one, slot })) },
    { kind: "full", cluster: "lrs", row: 1, version: 1, endpoints: [{ ...endpoint(sink.port), slot: count }] },
  ] as const;
  send({ type: "endpoints-changed", updates });
  return blocks;
}

function move(blocks: readonly Float64Array[]): void {
  for (const block of blocks) {
    for (const at of [HOST.at.rq_total, HOST.at.rq_success]) block[at] = (block[at] as number) + 1;
  }
}

const THREAD = "load-report";
const MOVE_MS = 250;
const WARM_REPORTS = 5;
