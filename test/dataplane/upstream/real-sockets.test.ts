import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "mocha";
import { SeededRandom } from "../../../src/base/random.ts";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import { ClusterManager } from "../../../src/dataplane/upstream/cluster-manager.ts";
import { createNetContext } from "../../../src/net/net-context.ts";
import { acquireHeaderList, type HeaderList, releaseHeaderList } from "../../../src/protocol/header-list.ts";
import { CLUSTER } from "../../../src/telemetry/cluster-stats.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { TestRequest } from "./support/upstream-bench.ts";

/** Nobody listens here, and nobody is given it: a port that was free a moment ago may be another process's by now. */
const NOBODY = 1;

describe("upstream room over loopback sockets", () => {
  const servers: (http.Server | http2.Http2Server)[] = [];
  let manager: ClusterManager | null = null;

  function managerOf(plan: ClusterPlan): ClusterManager {
    const net = createNetContext({
      onBug: (error) => {
        throw error;
      },
    });
    manager = new ClusterManager({ net, stats: new StatsWriter(() => {}), random: new SeededRandom(1) });
    manager.applyPlan([plan]);
    return manager;
  }

  async function listening<S extends http.Server | http2.Http2Server>(server: S): Promise<number> {
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  afterEach(async () => {
    manager?.close();
    for (const server of servers.splice(0)) {
      server.close();
      await once(server, "close");
    }
  });

  it("sends HTTP/1 requests one after the other on one connection", async () => {
    const port = await listening(http.createServer((request, response) => response.end(`you asked ${request.url}`)));
    const upstreams = managerOf(clusterPlan("c", [endpoint(port)]));
    assert.equal((await get(upstreams, "/one")).body, "you asked /one");
    const second = await get(upstreams, "/two");
    assert.equal(second.body, "you asked /two");
    assert.equal(second.stream?.reused, true);
    assert.equal(second.stream?.unanswered, false);
    assert.equal(stat(upstreams, "upstream_cx_total"), 1);
    assert.equal(stat(upstreams, "upstream_rq_total"), 2);
    assert.equal(stat(upstreams, "upstream_rq_active"), 0);
    assert.ok(stat(upstreams, "upstream_cx_rx_bytes_total") > 100);
    assert.ok(stat(upstreams, "upstream_cx_tx_bytes_total") > 30);
  });

  it("sends HTTP/2 requests side by side on one connection", async () => {
    const server = http2.createServer((request, response) => response.end(`you asked ${request.url}`));
    const port = await listening(server);
    const upstreams = managerOf(clusterPlan("c", [endpoint(port)], { protocol: "http2" }));
    const answers = await Promise.all(["/a", "/b", "/c"].map((path) => get(upstreams, path)));
    assert.deepEqual(
      answers.map(({ body }) => body),
      ["you asked /a", "you asked /b", "you asked /c"],
    );
    assert.equal(stat(upstreams, "upstream_cx_total"), 1);
    assert.equal(stat(upstreams, "upstream_cx_http2_total"), 1);
  });

  it("says why a connection was refused, in Envoy's words", async () => {
    const upstreams = managerOf(clusterPlan("c", [endpoint(NOBODY)]));
    const request = await get(upstreams, "/");
    assert.equal(request.failure?.kind, "connection_failure");
    assert.equal(request.failure?.transportText, "delayed_connect_error:_Connection_refused");
    assert.equal(request.failure?.endpoint?.text, `127.0.0.1:${NOBODY}`);
    assert.equal(stat(upstreams, "upstream_cx_destroy_remote"), 1);
    assert.equal(stat(upstreams, "upstream_cx_active"), 0);
  });
});

class GetRequest extends TestRequest {
  body: string = "";
  private readonly path: string;
  private readonly finish: () => void;

  constructor(path: string, finish: () => void) {
    super();
    this.path = path;
    this.finish = finish;
    this.onFailure = finish;
  }

  override onOpen(stream: Parameters<TestRequest["onOpen"]>[0]): void {
    super.onOpen(stream);
    const head = acquireHeaderList();
    head.add(":method", "GET");
    head.add(":scheme", "http");
    head.add(":authority", "test");
    head.add(":path", this.path);
    stream.writer.writeHead(head, true);
    releaseHeaderList(head);
  }

  override onHead(head: HeaderList, end: boolean): void {
    releaseHeaderList(head);
    if (end) this.finish();
  }

  override onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.body += Buffer.from(bytes.subarray(start, end)).toString("latin1");
    if (last) this.finish();
  }
}

function get(upstreams: ClusterManager, path: string): Promise<GetRequest> {
  return new Promise((resolve) => {
    const request: GetRequest = new GetRequest(path, () => setImmediate(resolve, request));
    upstreams.cluster("c")?.open(request);
  });
}

function stat(upstreams: ClusterManager, name: keyof typeof CLUSTER.at): number {
  return upstreams.cluster("c")?.stats[CLUSTER.at[name]] ?? Number.NaN;
}
