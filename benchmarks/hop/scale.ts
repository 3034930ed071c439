// What configuration that a request does not use costs: start-up, memory, and CPU of a request that touches one cluster, beside a plain
// file and one with 10,000 clusters, 10,000 routes or 100,000 endpoints. node benchmarks/hop/scale.ts [--rounds 3] [--peers starling,envoy]
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { load } from "./load.ts";
import { fill } from "./peers.ts";
import { portReady, startPinned, usageOf } from "./process.ts";
import { median } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "2" },
    peers: { type: "string", default: "starling,envoy" },
    cases: { type: "string" },
  },
});

/** A file: how many of each it has beside the one route, cluster and endpoint that requests use. */
interface Case {
  readonly name: string;
  readonly clusters: number;
  readonly routes: number;
  readonly endpoints: number;
}

const CASES: readonly Case[] = [
  { name: "plain", clusters: 0, routes: 0, endpoints: 0 },
  { name: "10,000 clusters", clusters: 10_000, routes: 0, endpoints: 0 },
  { name: "10,000 routes", clusters: 0, routes: 10_000, endpoints: 0 },
  { name: "100,000 endpoints", clusters: 0, routes: 0, endpoints: 100_000 },
];
/** Endpoints of one wide cluster, each on a port of its own. */
const ENDPOINTS_EACH = 1_000;
const WIDE: readonly number[] = Array.from({ length: ENDPOINTS_EACH }, (_, i) => 1_024 + i);
const PROXY_CORE = "0";
const LOAD_CORE = "1";
const START_MAX_MS = 60_000;
const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), "../../src/starling.mjs");

/** One start of one program with one file. */
interface Run {
  readonly startMs: number;
  readonly startCpuSeconds: number;
  readonly rssBytes: number;
  readonly cpuMicrosPerRequest: number;
}

await main();

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "scale-"));
  chmodSync(folder, 0o755);
  const upstream = await freePort();
  const config = fill("backend.cfg", folder, { UPSTREAM: upstream, UPSTREAM_H2: await freePort(), BODY: "x" });
  const backend = startPinned(LOAD_CORE, ["haproxy", "-db", "-f", config], join(folder, "backend.log"));
  const peers = options.peers.split(",");
  const cases = CASES.filter((one) => options.cases === undefined || options.cases.split(";").includes(one.name));
  const runs = new Map<string, Run[]>();
  try {
    await portReady(backend, upstream);
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const peer of peers) {
        for (const one of cases) {
          const run = await measure(peer, one, folder, upstream);
          const key = `${peer} ${one.name}`;
          runs.set(key, [...(runs.get(key) ?? []), run]);
          console.log(`#${round} ${key}: ${describe(run)}`);
        }
      }
    }
  } finally {
    await backend.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\n${table(peers, cases, runs)}`);
}

async function measure(peer: string, one: Case, folder: string, upstream: number): Promise<Run> {
  const listen = await freePort();
  const file = join(folder, "scale.json");
  writeFileSync(file, JSON.stringify(fileOf(one, listen, upstream)));
  const program = peer === "envoy" ? ["envoy", "--disable-hot-restart"] : [process.execPath, PROGRAM];
  const begun = performance.now();
  const command = [...program, "-c", file, "--concurrency", "1", "-l", "error"];
  const proxy = startPinned(PROXY_CORE, command, join(folder, `${peer}.log`));
  try {
    await portReady(proxy, listen, START_MAX_MS);
    const startMs = performance.now() - begun;
    const startCpuSeconds = usageOf(proxy.pid).cpuSeconds;
    const base = {
      url: `http://127.0.0.1:${listen}/used`,
      protocol: "http1" as const,
      connections: 64,
      streams: 1,
      rate: 0,
      core: LOAD_CORE,
      call: "",
      warmUpSeconds: 0,
    };
    await load({ ...base, seconds: 2 });
    const before = usageOf(proxy.pid);
    const result = await load({ ...base, seconds: Number(options.seconds) });
    const after = usageOf(proxy.pid);
    if (result.failed > 0) throw new Error(`${peer}, ${one.name}: ${result.failed} requests failed`);
    const cpuMicrosPerRequest = ((after.cpuSeconds - before.cpuSeconds) * 1e6) / result.succeeded;
    return { startMs, startCpuSeconds, rssBytes: after.rssBytes, cpuMicrosPerRequest };
  } finally {
    await proxy.stop();
  }
}

/** The route that requests take is the last one, its cluster the last one. Endpoints belong to clusters of a thousand each. */
function fileOf(one: Case, port: number, upstream: number): object {
  const names = (count: number, of: (i: number) => object): object[] => Array.from({ length: count }, (_, i) => of(i));
  const routes = [
    ...names(one.routes, (i) => ({ match: { prefix: `/unused/${i}/` }, route: { cluster: "used" } })),
    { match: { prefix: "/" }, route: { cluster: "used" } },
  ];
  const clusters = [
    ...names(one.clusters, (i) => cluster(`unused-${i}`, [9])),
    ...names(one.endpoints / ENDPOINTS_EACH, (i) => cluster(`wide-${i}`, WIDE)),
    cluster("used", [upstream]),
  ];
  const type = "type.googleapis.com/envoy.extensions.filters";
  const manager = {
    "@type": `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "scale",
    route_config: { name: "all", virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    http_filters: [{ name: "router", typed_config: { "@type": `${type}.http.router.v3.Router` } }],
  };
  const filters = [{ name: "http", typed_config: manager }];
  return { static_resources: { listeners: [{ address: socket(port), filter_chains: [{ filters }] }], clusters } };
}

function cluster(name: string, ports: readonly number[]): object {
  const endpoints = ports.map((port) => ({ endpoint: { address: socket(port) } }));
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
  };
}

function socket(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

function table(peers: readonly string[], cases: readonly Case[], runs: ReadonlyMap<string, Run[]>): string {
  const head = ["File", ...peers.flatMap((peer) => [peer, "to plain", "start", "memory"])];
  const lines = cases.map((one) => [
    one.name,
    ...peers.flatMap((peer) => {
      const own = runs.get(`${peer} ${one.name}`) ?? [];
      const plain = runs.get(`${peer} plain`) ?? [];
      const of = (figure: (run: Run) => number): number => median(own.map(figure));
      // Whatever else runs on the machine only adds: the least of the rounds is nearest to what the work costs.
      const least = (all: readonly Run[]): number => Math.min(...all.map((run) => run.cpuMicrosPerRequest));
      return [
        `${least(own).toFixed(1)} µs`,
        `**${(least(own) / least(plain)).toFixed(2)}**`,
        `${(of((run) => run.startMs) / 1000).toFixed(1)} s (CPU ${of((run) => run.startCpuSeconds).toFixed(1)})`,
        `${Math.round(of((run) => run.rssBytes) / 2 ** 20)} MiB`,
      ];
    }),
  ]);
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function describe(run: Run): string {
  return (
    `${run.cpuMicrosPerRequest.toFixed(1)} µs a request, start ${(run.startMs / 1000).toFixed(1)} s ` +
    `(CPU ${run.startCpuSeconds.toFixed(1)} s), ${Math.round(run.rssBytes / 2 ** 20)} MiB`
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("not a TCP address");
  return address.port;
}
