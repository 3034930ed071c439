// `npm run bench`: the same row through Starling and its peers, interleaved, CPU per request of the proxy process from the kernel's own account.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { allocatedBytes, TRACE_FLAG } from "./allocations.ts";
import { idleClients } from "./idle-clients.ts";
import { type LoadOptions, load } from "./load.ts";
import { freePort, machine } from "./machine.ts";
import { commandOf, fill, versionOf } from "./peers.ts";
import { ownsPort, portReady, type Started, startPinned, systemCalls, usageOf } from "./process.ts";
import { saveRun, updateReadme } from "./readme.ts";
import { markdownTable, median, type RowResult, type Sample, sampleLine } from "./report.ts";
import { measureTracing } from "./tracing.ts";
import { type PeerName, WORKLOADS, type Workload } from "./workloads.ts";

const HELP = `Usage: npm run bench -- [--rows h1,h2c] [--peers starling,envoy] [--rounds 5] [--seconds 4] [--save NAME] [--strace] [--tracing]
Runs each row through every installed peer, interleaved, the proxy on one core, load and backend on the other.
Rows: ${WORKLOADS.map((row) => row.name).join(", ")}`;

const { values: options } = parseArgs({
  options: {
    rows: { type: "string" },
    peers: { type: "string" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    save: { type: "string" },
    strace: { type: "boolean", default: false },
    tracing: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const PROXY_CORE = "0";
const LOAD_CORE = "1";
/** Load before a figure is taken, for each worker: each compiles what is hot for itself, two of them share the requests. */
const WARM_UP_SECONDS = 2;
/** Connections of the load before memory is read, so that code is compiled and pools are filled; and how long it may settle. */
const IDLE_WARM_UP = 64;
const IDLE_SETTLE_MS = 1_500;
const BODY = "x".repeat(64);
const GRPC_BACKEND = join(dirname(fileURLToPath(import.meta.url)), "grpc-backend.ts");
const PATHS = { small: "", large: "large", grpc: "helloworld.Greeter/SayHello" } as const;
const streamOf = (messages: number): string => `helloworld.Greeter/Spread${messages}`;

if (options.help) console.log(HELP);
else await main();

async function main(): Promise<void> {
  const rows = WORKLOADS.filter((row) => options.rows === undefined || options.rows.split(",").includes(row.name));
  const wanted = options.peers?.split(",");
  const versions = new Map<PeerName, string>();
  for (const peer of new Set(rows.flatMap((row) => row.peers))) {
    const version = wanted === undefined || wanted.includes(peer) ? versionOf(peer) : null;
    if (version !== null) versions.set(peer, version);
    else if (wanted === undefined) console.log(`${peer}: not installed, left out`);
  }
  const folder = mkdtempSync(join(tmpdir(), "hop-"));
  chmodSync(folder, 0o755); // nginx started by root reads its files as another user
  const backends = await startBackends(folder);
  const results: RowResult[] = [];
  try {
    if (options.tracing) {
      await measureTracing(folder, backends.ports.small.http1, Number(options.rounds), Number(options.seconds));
      return;
    }
    for (const row of rows) results.push(await measureRow(row, [...versions.keys()], folder, backends.ports, results));
  } finally {
    for (const backend of backends.started) await backend.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\n${machine()}\n\n${markdownTable(results)}`);
  if (options.save === undefined) return;
  const run = { machine: machine(), rounds: Number(options.rounds), versions: Object.fromEntries(versions), results };
  console.log(`\nsaved as ${saveRun(options.save, { endedAt: new Date().toISOString(), ...run })}`);
  updateReadme();
}

async function measureRow(
  row: Workload,
  peers: readonly PeerName[],
  folder: string,
  ports: BackendPorts,
  before: readonly RowResult[],
): Promise<RowResult> {
  const samples: Sample[] = [];
  const rate = row.rateShare * saturatedRate(before);
  const own = peers.filter((one) => row.peers.includes(one));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const peer of own) {
      const sample = await withPeer(peer, row, folder, ports, [], (running) =>
        row.figure === "memory" ? measureIdle(running, row, round) : measure(running, row, round, rate),
      );
      samples.push(sample);
      console.log(sampleLine(row, sample));
    }
  }
  let allocatedPerRequest: number | null = null;
  if (row.figure === "cpu" && row.workers === 1 && own.includes("starling")) {
    allocatedPerRequest = await withPeer("starling", row, folder, ports, [TRACE_FLAG], (running) =>
      allocations(running, row.messages),
    );
    console.log(`${row.name} starling: ${Math.round(allocatedPerRequest)} bytes of heap allocated a request`);
  }
  return { row, samples, allocatedPerRequest };
}

/** A peer that serves. */
interface Running {
  readonly peer: PeerName;
  readonly pid: number;
  readonly listen: number;
  readonly admin: number;
  readonly log: string;
  /** What its load is, but for how long and how fast. */
  readonly base: Omit<LoadOptions, "seconds" | "warmUpSeconds" | "rate">;
}

async function withPeer<T>(
  peer: PeerName,
  row: Workload,
  folder: string,
  ports: BackendPorts,
  nodeFlags: readonly string[],
  work: (running: Running) => Promise<T>,
): Promise<T> {
  const [listen, admin] = [await freePort(), await freePort()];
  const upstream = row.size === "grpc" ? ports.grpc : ports[row.size][row.upstream];
  const cores = row.workers === 1 ? PROXY_CORE : `${PROXY_CORE},${LOAD_CORE}`;
  const log = join(folder, `${peer}.log`);
  const proxy = startPinned(cores, commandOf(peer, row, { listen, admin, upstream, folder }, nodeFlags), log);
  try {
    await portReady(proxy, listen);
    if (!ownsPort(proxy.pid, listen)) throw new Error(`${peer} does not own port ${listen}`);
    const base = {
      url: `${row.tls ? "https" : "http"}://127.0.0.1:${listen}/${row.messages > 1 ? streamOf(row.messages) : PATHS[row.size]}`,
      protocol: row.protocol,
      connections: row.connections,
      streams: row.streams,
      core: LOAD_CORE,
      call: row.size === "grpc" ? join(folder, "call") : "",
    };
    return await work({ peer, pid: proxy.pid, listen, admin, log, base });
  } finally {
    await proxy.stop();
  }
}

async function measure(running: Running, row: Workload, round: number, rate: number): Promise<Sample> {
  const { base, peer, pid } = running;
  const seconds = Number(options.seconds);
  await load({ ...base, rate, seconds: WARM_UP_SECONDS * row.workers, warmUpSeconds: 0 });
  const before = usageOf(pid);
  const begun = performance.now();
  const result = await load({ ...base, rate, seconds, warmUpSeconds: 0 });
  const elapsed = (performance.now() - begun) / 1000;
  const after = usageOf(pid);
  const cpu = after.cpuSeconds - before.cpuSeconds;
  const calls = options.strace && round === 0 ? await callsPerRequest(pid, { ...base, rate }) : null;
  return {
    peer,
    round,
    cpuMicrosPerRequest: (cpu * 1e6) / (result.succeeded * row.messages),
    requestsPerSecond: result.requestsPerSecond * row.messages,
    utilisation: cpu / elapsed,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    failed: result.failed,
    readsPerRequest: calls?.reads ?? null,
    writesPerRequest: calls?.writes ?? null,
    rssBytes: after.rssBytes,
    kibPerConnection: null,
    greatestShare: row.workers > 1 ? await greatestShare(running.admin) : null,
  };
}

/** What resident memory grows by while so many connections come, ask once and stay; code and heap are warm before. */
async function measureIdle(running: Running, row: Workload, round: number): Promise<Sample> {
  const { base, listen, peer, pid } = running;
  await load({ ...base, connections: IDLE_WARM_UP, rate: 0, seconds: 2, warmUpSeconds: 0 });
  await sleep(IDLE_SETTLE_MS);
  const before = usageOf(pid);
  const end = await idleClients(listen, row.connections, row.tls);
  await sleep(IDLE_SETTLE_MS);
  const { rssBytes, cpuSeconds } = usageOf(pid);
  end();
  return {
    peer,
    round,
    cpuMicrosPerRequest: ((cpuSeconds - before.cpuSeconds) * 1e6) / row.connections,
    requestsPerSecond: Number.NaN,
    utilisation: Number.NaN,
    p50Ms: Number.NaN,
    p99Ms: Number.NaN,
    failed: 0,
    readsPerRequest: null,
    writesPerRequest: null,
    rssBytes,
    kibPerConnection: (rssBytes - before.rssBytes) / 1024 / row.connections,
    greatestShare: null,
  };
}

async function allocations({ base, log }: Running, messages: number): Promise<number> {
  await load({ ...base, rate: 0, seconds: 2, warmUpSeconds: 0 });
  const from = statSync(log).size;
  const begun = performance.now();
  const result = await load({ ...base, rate: 0, seconds: 2, warmUpSeconds: 0 });
  const elapsedMs = performance.now() - begun;
  return allocatedBytes(readFileSync(log, "latin1").slice(from), elapsedMs) / (result.succeeded * messages);
}

/** How many of all connections the busiest of two workers accepted, by the admin page that Starling has as Envoy. */
async function greatestShare(admin: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${admin}/stats?filter=worker_`)).text();
  const counts = [...text.matchAll(/worker_\d+\.downstream_cx_total: (\d+)$/gm)].map((match) => Number(match[1]));
  return Math.max(...counts) / counts.reduce((sum, count) => sum + count, 0);
}

/** Under strace the rate falls, the calls per request do not: measured in a run of its own. */
async function callsPerRequest(
  pid: number,
  base: Omit<LoadOptions, "seconds" | "warmUpSeconds">,
): Promise<{ reads: number; writes: number } | null> {
  const running = load({ ...base, seconds: 3, warmUpSeconds: 0 });
  const calls = systemCalls(pid, 6);
  const result = await running;
  return calls === null ? null : { reads: calls.reads / result.succeeded, writes: calls.writes / result.succeeded };
}

interface BackendPorts {
  readonly small: { readonly http1: number; readonly http2: number };
  readonly large: { readonly http1: number; readonly http2: number };
  readonly grpc: number;
}

async function startBackends(folder: string): Promise<{ ports: BackendPorts; started: Started[] }> {
  const ports: BackendPorts = {
    small: { http1: await freePort(), http2: await freePort() },
    large: { http1: await freePort(), http2: await freePort() },
    grpc: await freePort(),
  };
  writeFileSync(join(folder, "call"), Buffer.from([0, 0, 0, 0, 7, 0x0a, 5, ...Buffer.from("world")]));
  mkdirSync(join(folder, "www"));
  writeFileSync(join(folder, "www", "large"), Buffer.alloc(1 << 20, "starling "));
  const names = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hop"];
  execFileSync("openssl", [...names, "-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")], {
    stdio: "ignore",
  });
  const small = fill("backend.cfg", folder, { UPSTREAM: ports.small.http1, UPSTREAM_H2: ports.small.http2, BODY });
  const large = fill("backend-large.conf", folder, {
    DIR: folder,
    LARGE: ports.large.http1,
    LARGE_H2: ports.large.http2,
  });
  const started = [
    startPinned(LOAD_CORE, ["haproxy", "-db", "-f", small], join(folder, "backend.log")),
    startPinned(
      LOAD_CORE,
      ["nginx", "-c", large, "-e", join(folder, "backend-error.log")],
      join(folder, "backend-large.log"),
    ),
    startPinned(LOAD_CORE, [process.execPath, GRPC_BACKEND, String(ports.grpc)], join(folder, "backend-grpc.log")),
  ];
  await portReady(started[0] as Started, ports.small.http1);
  await portReady(started[1] as Started, ports.large.http1);
  await portReady(started[2] as Started, ports.grpc);
  return { ports, started };
}

function saturatedRate(results: readonly RowResult[]): number {
  const samples = results.find((result) => result.row.name === "h1")?.samples ?? [];
  const of = (peer: PeerName): number => median(samples.filter((s) => s.peer === peer).map((s) => s.requestsPerSecond));
  const rate = Math.min(of("starling"), of("envoy"));
  return Number.isFinite(rate) ? rate : 10_000;
}
