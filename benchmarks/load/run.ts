// `npm run bench:load`: what load reports of many endpoints cost: their thread, and the listener beside them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { endpointAt, OVER_HTTP2, socketAddress, staticCluster } from "../../test/support/file-parts.ts";
import { managerFilter } from "../../test/support/proxy-file.ts";
import { load } from "../hop/load.ts";
import { freePort } from "../hop/machine.ts";
import { ownsPort, portReady, type Started, startPinned, usageOf } from "../hop/process.ts";
import { median } from "../hop/report.ts";
import { LISTENER_CORE, LISTENER_THREAD, OTHER_CORE } from "../mesh/checked-node.ts";
import { pinThreads, threadCpuSeconds, threadsNamed } from "../mesh/threads.ts";
import { measureActor } from "./actor-row.ts";
import { type LrsSink, startLrsSink } from "./lrs-sink.ts";

const HELP = `Usage: npm run bench:load -- [--endpoints 10000] [--seconds 10] [--pairs 7] [--rate 8000]
A server asks for a report of every endpoint each second. thread: the share of a core that the load-report thread uses when each of so many endpoints
has something to tell in each report (bar 0.15). listener: its CPU per request beside such reports to that without, at the same rate, median of
interleaved pairs (bar 1.01).`;

const { values: options } = parseArgs({
  options: {
    endpoints: { type: "string", default: "10000" },
    seconds: { type: "string", default: "10" },
    pairs: { type: "string", default: "7" },
    rate: { type: "string", default: "8000" },
    help: { type: "boolean", short: "h", default: false },
  },
});

const PROGRAM = fileURLToPath(new URL("../../src/starling.mjs", import.meta.url));
const BACKEND = fileURLToPath(new URL("backend.ts", import.meta.url));
const CLUSTER = "many";
/** Behind the listener: few, so that it is requests that cost, not connections. */
const LISTENER_ENDPOINTS = 64;

if (options.help) console.log(HELP);
else await main();

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "load-"));
  const upstream = await freePort();
  const backend = startPinned(OTHER_CORE, [process.execPath, BACKEND, String(upstream)], join(folder, "backend.log"));
  const sink = await startLrsSink(CLUSTER);
  try {
    const actor = await measureActor(sink, CLUSTER, Number(options.endpoints), Number(options.seconds));
    const told = `${actor.reports} reports of ${actor.kilobytes.toFixed(0)} KB in ${actor.seconds.toFixed(0)} s`;
    console.log(`thread: ${actor.core.toFixed(3)} of a core (bar 0.15), ${actor.endpoints} endpoints, ${told}`);
    await portReady(backend, upstream);
    const ratios: number[] = [];
    for (let i = 0; i < Number(options.pairs); i++) {
      const sides = new Map<boolean, Side>();
      // Which goes first alternates: what drifts hits both alike.
      for (const reports of i % 2 === 0 ? [false, true] : [true, false]) {
        sides.set(reports, await measure(folder, { upstream, sink, reports }));
      }
      const [without, beside] = [sides.get(false) as Side, sides.get(true) as Side];
      ratios.push(beside.cpuMicros / without.cpuMicros);
      console.log(`#${i} without ${sideText(without)}; with ${sideText(beside)}; ratio ${ratios.at(-1)?.toFixed(3)}`);
    }
    console.log(`listener: ${median(ratios).toFixed(3)} x CPU per request (bar 1.01), ${ratios.map(two).join(" ")}`);
  } finally {
    sink.stop();
    await backend.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Side {
  readonly cpuMicros: number;
  readonly requestsPerSecond: number;
  readonly actorCore: number;
  readonly reports: number;
  readonly kilobytes: number;
  readonly rssMb: number;
}

interface House {
  readonly upstream: number;
  readonly sink: LrsSink;
  readonly reports: boolean;
}

async function measure(folder: string, { upstream, sink, reports }: House): Promise<Side> {
  const listen = await freePort();
  const file = join(folder, `${listen}.json`);
  writeFileSync(file, fileOf(listen, upstream, reports ? sink.port : null));
  const command = [process.execPath, PROGRAM, "-c", file, "--concurrency", "1", "-l", "warning"];
  const node = startPinned(`${LISTENER_CORE},${OTHER_CORE}`, command, join(folder, `${listen}.log`));
  try {
    await portReady(node, listen);
    if (!ownsPort(node.pid, listen)) throw new Error(`another process listens on ${listen}`);
    return await measureNode(node, listen, sink, reports);
  } finally {
    await node.stop();
  }
}

async function measureNode(node: Started, listen: number, sink: LrsSink, reports: boolean): Promise<Side> {
  const { pid } = node;
  const [listener] = threadsNamed(pid, LISTENER_THREAD);
  if (listener === undefined) throw new Error("the process has no listener thread");
  const actor = threadsNamed(pid, "load-report")[0] ?? null;
  if ((actor === null) === reports) throw new Error(`load-report thread ${actor}, reports ${reports}`);
  pinThreads(pid, [listener], LISTENER_CORE, OTHER_CORE);
  const base = { url: `http://127.0.0.1:${listen}/`, protocol: "http1", connections: 32, streams: 1 } as const;
  const how = { ...base, warmUpSeconds: 0, core: OTHER_CORE, call: "", rate: Number(options.rate) };
  await load({ ...how, seconds: 4 });
  const before = { listener: cpu(pid, listener), actor: cpu(pid, actor), ms: performance.now() };
  const { reports: reportsBefore, bytes } = sink;
  const result = await load({ ...how, seconds: Number(options.seconds) });
  const seconds = (performance.now() - before.ms) / 1000;
  if (result.failed > 0) throw new Error(`${result.failed} requests failed`);
  const told = sink.reports - reportsBefore;
  return {
    cpuMicros: ((cpu(pid, listener) - before.listener) * 1e6) / result.succeeded,
    requestsPerSecond: result.requestsPerSecond,
    actorCore: (cpu(pid, actor) - before.actor) / seconds,
    reports: told,
    kilobytes: told === 0 ? 0 : (sink.bytes - bytes) / told / 1024,
    rssMb: usageOf(pid).rssBytes / 1048576,
  };
}

function cpu(pid: number, thread: number | null): number {
  return thread === null ? 0 : threadCpuSeconds(pid, thread);
}

function fileOf(listen: number, upstream: number, lrs: number | null): string {
  const endpoints = Array.from({ length: LISTENER_ENDPOINTS }, (_, i) =>
    endpointAt(upstream, `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`),
  );
  const manager = managerFilter({
    route_config: {
      virtual_hosts: [{ name: "v", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: CLUSTER } }] }],
    },
  });
  const server = { ...staticCluster("lrs", endpointAt(lrs ?? 9)), ...OVER_HTTP2 };
  const many = {
    ...staticCluster(CLUSTER, ...endpoints),
    circuit_breakers: {
      thresholds: [{ max_connections: 100_000, max_pending_requests: 100_000, max_requests: 100_000 }],
    },
  };
  const config = { api_type: "GRPC", grpc_services: [{ envoy_grpc: { cluster_name: "lrs" } }] };
  return JSON.stringify({
    node: { id: "bench", cluster: "bench" },
    ...(lrs === null ? {} : { cluster_manager: { load_stats_config: config } }),
    static_resources: {
      listeners: [
        {
          name: "l",
          address: socketAddress(listen),
          filter_chains: [{ filters: [manager] }],
        },
      ],
      clusters: [many, server],
    },
  });
}

function sideText(side: Side): string {
  const { cpuMicros, requestsPerSecond, actorCore, reports, kilobytes, rssMb } = side;
  const told =
    reports === 0 ? "" : `, ${reports} reports of ${kilobytes.toFixed(0)} KB, thread ${actorCore.toFixed(3)} of a core`;
  return `${cpuMicros.toFixed(2)} us at ${requestsPerSecond.toFixed(0)}/s, ${rssMb.toFixed(0)} MB${told}`;
}

function two(value: number): string {
  return value.toFixed(3);
}
