// Whole nodes that report load, in the test's process, to a server of gRPC's own library.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { createServer, type Server as NetServer } from "node:net";
import { ServerCredentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { EndpointPlan } from "../../src/config/plan/cluster.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { endpoint } from "../support/cluster-plans.ts";
import { freePort } from "../support/live-proxy.ts";
import { LrsRecorder } from "../support/lrs-recorder.ts";
import { lrsFile, lyingUpstream } from "../support/lrs-scene.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const ALL = { send_all_clusters: true, load_reporting_interval: "0.1s", report_endpoint_granularity: true };

let recorder: LrsRecorder;
let upstream: Server;
let upstreamPort: number;
let node: RunningNode;
let load: SteadyLoad | null;

describe("load reports of a node", () => {
  beforeEach(async () => {
    load = null;
    recorder = new LrsRecorder(true);
    // A port that no outgoing connection takes while it listens anew.
    await recorder.listen(await freePort());
    upstreamPort = await freePort([recorder.port]);
    upstream = await lyingUpstream(upstreamPort);
  });

  afterEach(async () => {
    load?.stop();
    await node.stop();
    await recorder.stop();
    upstream.close();
  });

  describe("a node that reports load", () => {
    it("tells every request once, over a worker's death, endpoints that go and come, and a server that goes", async () => {
      node = await start(recorder.port, { flags: ["--concurrency", "2"] });
      await reporting(ALL);
      const steady = new SteadyLoad(portOf(node), 4, 1);
      load = steady;
      await told(50);
      node.supervisor.misbehave(0, "throw");
      await eventually(() => node.view.workers()[0]?.restarts === 1);
      await told(100);
      move([endpoint(upstreamPort, { priority: 1, locality: { region: "r", zone: "", subZone: "" } })]);
      await told(150);
      move([]);
      await eventually(() => steady.wrong > 0);
      move([endpoint(upstreamPort)]);
      await told(250);
      const { port } = recorder;
      await recorder.stop();
      await eventually(() => stat("load_reporter.errors") === 1);
      await recorder.listen(port);
      recorder.onStream = () => recorder.ask(ALL);
      await told(400);
      await steady.finish();
      await eventually(() => issued("one") === stat("cluster.one.upstream_rq_total"));
      await idle();
      assert.equal(issued("one"), stat("cluster.one.upstream_rq_total"));
      assert.equal(sum("one", "total_successful_requests"), stat("cluster.one.upstream_rq_2xx"));
    }).timeout(40_000);

    it("sends what it has not told yet when it ends", async () => {
      node = await start(recorder.port);
      await reporting({ ...ALL, load_reporting_interval: "60s" });
      const steady = new SteadyLoad(portOf(node), 2);
      load = steady;
      await eventually(() => steady.answered > 20);
      await steady.finish();
      const requests = stat("cluster.one.upstream_rq_total");
      await node.stop();
      // The server hears of it when the node may have ended.
      await eventually(() => issued("one") === requests);
    });

    it("leaves its counts alone when counters are reset", async () => {
      node = await start(recorder.port);
      await reporting(ALL);
      await (await fetch(`http://127.0.0.1:${portOf(node)}/one/200`)).text();
      await eventually(() => issued("one") === 1);
      node.view.orders.resetCounters();
      await (await fetch(`http://127.0.0.1:${portOf(node)}/one/200`)).text();
      await eventually(() => issued("one") === 2);
    });

    it("opens no stream without the role", async () => {
      const overrides = new Map([["roles", { text: "proxy,health", source: "--roles" }]]);
      node = await start(recorder.port, { overrides });
      await (await fetch(`http://127.0.0.1:${portOf(node)}/one/200`)).text();
      assert.equal(recorder.messages.length, 0);
      assert.equal(node.view.plan().load, null);
    });

    it("begins anew when its thread dies", async () => {
      node = await start(recorder.port);
      await reporting(ALL);
      const before = recorder.messages[0]?.node?.metadata?.["starling.instance"];
      node.supervisor.misbehaveActor("load", "throw");
      await eventually(() => recorder.headers.length === 2);
      const asked = stat("load_reporter.requests");
      recorder.ask(ALL);
      // What comes before it has heard that is never reported.
      await eventually(() => stat("load_reporter.requests") > asked);
      await (await fetch(`http://127.0.0.1:${portOf(node)}/one/200`)).text();
      await eventually(() => issued("one") === 1);
      assert.notEqual(recorder.messages.at(-1)?.node?.metadata?.["starling.instance"], before);
    });

    it("speaks TLS as the server's cluster says, and reports nothing to a server that is not the named one", async () => {
      await recorder.stop();
      const [chain, key] = ["front.pem", "front.key.pem"].map((name) => certificate(name)) as [Buffer, Buffer];
      const pair = [{ cert_chain: chain, private_key: key }];
      await recorder.listen(0, ServerCredentials.createSsl(null, pair));
      node = await start(recorder.port, { server: tlsTo("front.example") });
      await reporting(ALL);
      await eventually(() => recorder.messages.length > 3);
      await node.stop();
      node = await start(recorder.port, { server: tlsTo("stranger.example") });
      await eventually(() => stat("load_reporter.errors") === 1);
      assert.equal(recorder.headers.length, 1);
    });
  });

  describe("a load-report server that is none", () => {
    const servers: NetServer[] = [];

    afterEach(() => {
      for (const server of servers.splice(0)) server.close();
    });

    const LIARS = [
      ["closes at once", (write: Write) => write(null)],
      ["sends garbage", (write: Write) => write(Buffer.from("\u0000garbage\r\n\r\n".repeat(100)))],
      ["speaks HTTP/1", (write: Write) => write(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"))],
    ] as const;

    for (const [title, act] of LIARS) {
      it(`costs a retry when it ${title}`, async () => {
        const server = createServer((socket) => {
          socket.on("error", () => {});
          act((bytes) => (bytes === null ? socket.destroy() : socket.write(bytes)));
        });
        servers.push(server);
        const port = await freePort([upstreamPort]);
        await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
        node = await start(port);
        await eventually(() => stat("load_reporter.errors") === 1);
        assert.equal(stat("load_reporter.responses"), stat("cluster.lrs.upstream_rq_total"));
        assert.equal(node.view.readiness().state, "LIVE");
      });
    }

    it("costs its stream when it sends what is no response", async () => {
      node = await start(recorder.port);
      await eventually(() => recorder.messages.length === 1);
      recorder.say(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]));
      await eventually(() => stat("load_reporter.malformed") === 1);
      assert.equal(recorder.messages.length, 1);
      await eventually(() => recorder.open === 0);
    });
  });
});

type Write = (bytes: Buffer | null) => void;

interface Start {
  readonly server?: object;
  readonly flags?: readonly string[];
  readonly overrides?: ReadonlyMap<string, { text: string; source: string }>;
}

async function start(lrs: number, { server, flags = [], overrides = new Map() }: Start = {}): Promise<RunningNode> {
  const ports = [upstreamPort, upstreamPort, upstreamPort] as const;
  const file = lrsFile({ listener: 0, admin: 0, lrs, upstreams: ports, grpc: upstreamPort, closed: 9 }, server);
  const { plan, errors } = loadPlan({ file: "test.yaml", text: file }, { overrides });
  assert.ok(plan !== null, JSON.stringify(errors));
  return await startTestNode(plan, { flags });
}

/** The server asks, and the first report came. */
async function reporting(ask: Parameters<LrsRecorder["ask"]>[0]): Promise<void> {
  await eventually(() => recorder.messages.length === 1);
  recorder.ask(ask);
  await eventually(() => stat("load_reporter.requests") > 0);
}

/** So many requests of cluster one are told; never more than there were. */
function told(requests: number): Promise<void> {
  return eventually(() => {
    const sums = issued("one");
    assert.ok(sums <= stat("cluster.one.upstream_rq_total"), `${sums} are told`);
    return sums >= requests;
  });
}

/** Two more reports. */
function idle(): Promise<void> {
  const wanted = recorder.messages.length + 2;
  return eventually(() => recorder.messages.length >= wanted);
}

function issued(cluster: string): number {
  return sum(cluster, "total_issued_requests");
}

/** Over all reports, each number once. */
function sum(cluster: string, count: "total_issued_requests" | "total_successful_requests"): number {
  const reports = new Map(
    recorder.messages.map((message) => {
      const { metadata = {} } = message.node ?? {};
      return [`${metadata["starling.instance"]} ${metadata["starling.sequence"]}`, message];
    }),
  );
  return [...reports.values()]
    .flatMap((message) => message.cluster_stats ?? [])
    .filter((one) => one.cluster_name === cluster)
    .flatMap((one) => one.upstream_locality_stats ?? [])
    .reduce((total, one) => total + Number(one[count] ?? 0), 0);
}

function stat(name: string): number {
  return new StatsReader(node.view.stats).value(name);
}

function move(endpoints: readonly EndpointPlan[]): void {
  node.supervisor.endpoints.resolved("one", endpoints);
}

function certificate(name: string): Buffer {
  return readFileSync(new URL(`../support/certs/${name}`, import.meta.url));
}

function tlsTo(name: string): object {
  const context = {
    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
    sni: "front.example",
    common_tls_context: {
      validation_context: {
        trusted_ca: { inline_string: certificate("ca.pem").toString() },
        match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: name } }],
      },
    },
  };
  return { transport_socket: { name: "envoy.transport_sockets.tls", typed_config: context } };
}
