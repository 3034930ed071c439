// Load reports of the real Envoy and of ours side by side: each proxy has a server of its own that asks the same things, and the same traffic.
import assert from "node:assert/strict";
import type { Server } from "node:http";
import type { Http2Server } from "node:http2";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { type LrsAsk, LrsRecorder, type LrsRequest } from "../support/lrs-recorder.ts";
import { type LrsPorts, lrsFile, lyingGrpc, lyingUpstream } from "../support/lrs-scene.ts";
import { inProgressOf, sumsOf } from "../support/lrs-sums.ts";
import { eventually } from "../support/nodes.ts";
import { DEVIATIONS } from "./deviations.ts";

const INTERVAL = "0.4s";
const PROGRAMS: readonly Program[] = ["envoy", "starling"];

/** One step: what the servers ask, and then what clients do. */
interface Step {
  readonly title: string;
  /** Absent: as in the step before. */
  readonly ask?: Omit<LrsAsk, "load_reporting_interval">;
  traffic(port: number, ports: LrsPorts): Promise<unknown>;
  /** Whether what reports tell of requests under way is compared; elsewhere it is chance whether a report comes in the midst of one. */
  readonly isLong?: boolean;
}

const STEPS: readonly Step[] = [
  { title: "nothing of what was before the first response", ask: { clusters: ["one"] }, traffic: idle },
  { title: "2xx, 3xx and 4xx are successes", traffic: (port) => asks(port, "one", [200, 204, 301, 404, 429]) },
  { title: "5xx are errors", traffic: (port) => asks(port, "one", [500, 503, 504]) },
  { title: "a request under way is told in each report", isLong: true, traffic: (port) => get(port, "/one/wait/1300") },
  { title: "a route timeout is an error", traffic: (port) => get(port, "/one-timeout/wait/600") },
  { title: "a reset is an error", traffic: (port) => get(port, "/one/reset", "POST") },
  {
    // POST: a GET whose pooled connection ends at once is sent again by itself, which Envoy does not do (upstream_rq_reconnect).
    title: "each attempt of a retried request counts",
    traffic: async (port) => [
      await get(port, "/one-retry/503"),
      await get(port, "/one-retry/reset", "POST"),
      await get(port, `/one-retry/fails/2/${port}`), // two attempts fail, and the third does not
    ],
  },
  {
    title: "two clusters",
    ask: { clusters: ["one", "two"] },
    traffic: async (port) => [await asks(port, "one", [200, 500]), await asks(port, "two", [200])],
  },
  {
    title: "a cluster that is not named any more",
    ask: { clusters: ["two"] },
    traffic: async (port) => [await asks(port, "one", [200]), await asks(port, "two", [200])],
  },
  {
    title: "a cluster without endpoints, one that refuses, one that is not there",
    ask: { clusters: ["empty", "nonexistent", "refused"] },
    traffic: async (port) => [await asks(port, "empty", [200, 200]), await asks(port, "refused", [200, 200])],
  },
  {
    title: "endpoints, localities and priorities",
    ask: { clusters: ["locs", "one"], report_endpoint_granularity: true },
    traffic: async (port) => [await asks(port, "locs", Array(12).fill(200)), await asks(port, "one", [200, 503])],
  },
  { title: "localities alone", ask: { clusters: ["locs"] }, traffic: (port) => asks(port, "locs", Array(6).fill(500)) },
  {
    title: "drop_overloads by category",
    ask: { clusters: ["drops"] },
    traffic: (port) => asks(port, "drops", [200, 200, 200]),
  },
  {
    title: "a full circuit breaker, without a category",
    ask: { clusters: ["cb"] },
    traffic: async (port, { admin, upstreams: [upstream] }) => {
      const held = get(port, `/cb/hold/${port}`);
      await eventually(async () => (await statsOf(admin, "^cluster.cb.upstream_rq_active$")).endsWith(": 1\n"));
      await asks(port, "cb", [200, 200]);
      await get(upstream, `/release/${port}`);
      await held;
    },
  },
  {
    title: "every cluster, that of the server too",
    ask: { send_all_clusters: true },
    traffic: (port) => asks(port, "two", [200]),
  },
  {
    title: "gRPC statuses",
    ask: { clusters: ["grpc"] },
    traffic: async (port) => {
      for (let status = 0; status <= 17; status++) await grpc(port, status);
    },
  },
];

describe("load reports beside those of Envoy 1.40", () => {
  const upstreams: (Server | Http2Server)[] = [];
  const sides = new Map<Program, Side>();

  before(async function () {
    if (!envoyInstalled()) this.skip();
    const shared = await freePorts(5);
    const [first = 0, second = 0, third = 0, grpcPort = 0, closed = 0] = shared;
    for (const port of [first, second, third]) upstreams.push(await lyingUpstream(port));
    upstreams.push(await lyingGrpc(grpcPort));
    for (const program of PROGRAMS) {
      const recorder = new LrsRecorder();
      await recorder.listen(await freePort(shared));
      const [listener = 0, admin = 0] = await freePorts(2, [...shared, recorder.port]);
      const upstreamPorts = [first, second, third] as const;
      const ports = { listener, admin, lrs: recorder.port, upstreams: upstreamPorts, grpc: grpcPort, closed };
      sides.set(program, await Side.start(program, ports, recorder));
    }
  });

  after(async () => {
    for (const side of sides.values()) await side.stop();
    for (const server of upstreams) server.close();
  });

  it("begin with a stream of the same headers and a message with the node alone", async () => {
    const [envoy, starling] = await both(async (side) => {
      await eventually(() => side.recorder.messages.length > 0);
      await asks(side.ports.listener, "one", [200, 200]);
      const { "x-forwarded-for": from, ...headers } = side.recorder.headers[0] ?? {};
      const { node, ...rest } = side.recorder.messages[0] ?? {};
      const { id, cluster, locality } = node ?? {};
      const supportsAll = node?.client_features?.includes("envoy.lrs.supports_send_all_clusters");
      return { headers, from, id, cluster, locality, team: node?.metadata?.["team"], supportsAll, rest };
    });
    assert.deepEqual(starling, envoy);
  });

  for (const step of STEPS) {
    it(`say the same: ${step.title}`, async () => {
      const [envoy, starling] = await both((side) => side.run(step));
      assert.deepEqual(starling, envoy);
      // Where its server's cluster is asked for, too, the stream of reports itself is under way.
      assert.equal(starling?.inProgress, step.ask?.send_all_clusters === true ? 1 : 0);
    });
  }

  it("go on after the server was away, without being asked again, and the counters are the same", async () => {
    const [envoy, starling] = await both((side) => side.survive());
    assert.deepEqual(starling, envoy);
  }).timeout(60_000);

  it("differ where a cluster shows its endpoints in /stats too: Envoy refuses the file, here both have every count", async () => {
    const row = DEVIATIONS.find(({ shownBy }) => shownBy === "lrs.full.test.ts");
    assert.equal(row?.case, "per_endpoint_stats beside load_stats_config");
    const recorder = new LrsRecorder();
    await recorder.listen();
    const [listener = 0, admin = 0] = await freePorts(2, [recorder.port]);
    const ports = { ...(sides.get("starling") as Side).ports, listener, admin, lrs: recorder.port };
    const shown = '"track_cluster_stats":{"per_endpoint_stats":true}';
    const file = lrsFile(ports).replace('"name":"one",', `"name":"one",${shown},`);
    await assert.rejects(
      LiveProxy.start("envoy", file, admin),
      /Only one of cluster per_endpoint_stats and cluster manager/,
    );
    const side = await Side.start("starling", ports, recorder, file);
    await eventually(() => recorder.messages.length > 0);
    const traffic = (port: number): Promise<unknown> => asks(port, "one", [200, 200, 503]);
    const reported = await side.run({ ask: { clusters: ["one"] }, traffic });
    const stats = await statsOf(admin, "endpoint");
    await side.stop();
    assert.match(JSON.stringify(reported), / success":2,.* error":1,/);
    assert.match(stats, /endpoint\.127\.0\.0\.1_\d+\.rq_success: 2$/m);
    assert.match(stats, /endpoint\.127\.0\.0\.1_\d+\.rq_error: 1$/m);
  });

  function both<T>(act: (side: Side) => Promise<T>): Promise<T[]> {
    return Promise.all(PROGRAMS.map((program) => act(sides.get(program) as Side)));
  }
}).timeout(30_000);

/** What reports came to. */
interface Told {
  readonly named: readonly string[];
  readonly sums: unknown;
  /** In the last one. */
  readonly inProgress: number;
}

/** One proxy with its server. */
class Side {
  readonly ports: LrsPorts;
  readonly recorder: LrsRecorder;
  private readonly proxy: LiveProxy;

  private constructor(ports: LrsPorts, recorder: LrsRecorder, proxy: LiveProxy) {
    this.ports = ports;
    this.recorder = recorder;
    this.proxy = proxy;
  }

  static async start(program: Program, ports: LrsPorts, recorder: LrsRecorder, file = lrsFile(ports)): Promise<Side> {
    return new Side(ports, recorder, await LiveProxy.start(program, file, ports.admin));
  }

  /** Asks, sends the traffic right after a report, and sums up the reports until nothing is under way. */
  async run({ ask, traffic, isLong = false }: Omit<Step, "title">): Promise<Told> {
    const { recorder } = this;
    await (ask === undefined ? this.reports(1) : this.asked(ask));
    const from = recorder.messages.length;
    await traffic(this.ports.listener, this.ports);
    await this.reports(2);
    const clusters = recorder.messages.slice(from).flatMap((message) => message.cluster_stats ?? []);
    const named = [...new Set(clusters.map((one) => one.cluster_name))].sort();
    // Every request has its answer by then: what is still under way is told alike, too.
    return {
      named,
      sums: sumsOf(clusters, isLong),
      inProgress: inProgressOf(recorder.messages.at(-1)?.cluster_stats ?? []),
    };
  }

  /** The server goes for a while and comes back. */
  async survive(): Promise<unknown> {
    const { recorder } = this;
    await this.asked({ clusters: ["one"] });
    await recorder.stop();
    await sleepMs(500);
    const { port } = recorder;
    recorder.messages.splice(0);
    await recorder.listen(port);
    await eventually(() => recorder.messages.length >= 1);
    await asks(this.ports.listener, "one", [200]);
    await this.reports(2);
    const isFirstReport = recorder.messages[0]?.cluster_stats?.length === 1;
    const clusters = recorder.messages.flatMap((message) => message.cluster_stats ?? []);
    const stats = await statsOf(this.ports.admin, "^load_reporter");
    const { errors, requests, retries } = Object.fromEntries(
      [...stats.matchAll(/load_reporter\.(\w+): (\d+)/g)].map(([, name, value]) => [name, Number(value)]),
    );
    return { isFirstReport, sums: sumsOf(clusters, false), requests, hasErrors: errors > 0, hasRetries: retries > 0 };
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await this.recorder.stop();
  }

  /** Asks for other clusters than before, and waits for the first report of them: several of the old ones may be on their way. */
  private async asked(ask: Omit<LrsAsk, "load_reporting_interval">): Promise<void> {
    const { messages } = this.recorder;
    const before = namesIn(messages.at(-1));
    this.recorder.ask({ ...ask, load_reporting_interval: INTERVAL });
    await eventually(() => namesIn(messages.at(-1)) !== before);
  }

  private async reports(more: number): Promise<void> {
    const wanted = this.recorder.messages.length + more;
    await eventually(() => this.recorder.messages.length >= wanted);
  }
}

function namesIn(message: LrsRequest | undefined): string {
  return (message?.cluster_stats ?? [])
    .map((one) => one.cluster_name)
    .sort()
    .join();
}

async function asks(port: number, cluster: string, statuses: readonly number[]): Promise<void> {
  for (const status of statuses) await get(port, `/${cluster}/${status}`);
}

async function get(port: number, path: string, method: string = "GET"): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, redirect: "manual" });
  await answer.text();
}

async function statsOf(admin: number, filter: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${admin}/stats?filter=${filter}`)).text();
}

async function grpc(port: number, status: number): Promise<void> {
  const headers = { "content-type": "application/grpc", te: "trailers" };
  const answer = await fetch(`http://127.0.0.1:${port}/grpc.Test/${status}`, { method: "POST", headers });
  await answer.text();
}

async function idle(): Promise<void> {}

async function freePorts(count: number, taken: readonly number[] = []): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort([...taken, ...ports]));
  return ports;
}

/** Traffic takes its time: what is compared is what became of it. */
function sleepMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
