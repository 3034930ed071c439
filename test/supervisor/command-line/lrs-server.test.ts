import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { clusterStats, LrsClient, type LrsJson } from "../../support/lrs-client.ts";
import { eventually } from "../../support/nodes.ts";
import { Program, runProgram } from "../../support/program.ts";

const NODE = { id: "0022a319e1e2", cluster: "http_service" };
let directory: string;
const programs: Program[] = [];
const clients: LrsClient[] = [];
let taken: Server | null = null;

/** A server on a port of its own, with its pages. */
async function start(...flags: string[]) {
  const program = new Program("lrs-server", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", ...flags);
  programs.push(program);
  const [, port] = await program.says(/(?:running on|"address":")[ ]?127\.0\.0\.1:(\d+)/);
  const [, adminPort] = await program.says(/Counts are shown on port (\d+)/);
  return { program, port: Number(port), adminPort: Number(adminPort) };
}

function connect(port: number): LrsClient {
  const client = new LrsClient(port);
  clients.push(client);
  return client;
}

async function page(adminPort: number, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text();
}

async function stat(adminPort: number, name: string): Promise<number> {
  return Number(/: (\d+)/.exec(await page(adminPort, `/stats?filter=^${name}$`))?.[1] ?? -1);
}

function numbered(sequence: number): LrsJson {
  const metadata = { "starling.instance": "i", "starling.sequence": sequence };
  return { node: { ...NODE, metadata }, cluster_stats: [clusterStats("local_service", 10)] };
}

describe("starling lrs-server", () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "starling-lrs-server-"));
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await Promise.all(programs.splice(0).map((program) => program.end("SIGKILL")));
    rmSync(directory, { recursive: true });
    taken?.close();
  });

  it("logs the document's lines, asks for local_service, and ends its clients' streams and itself on SIGTERM", async () => {
    const { program, port } = await start();
    const client = connect(port);
    client.send({ node: NODE });
    assert.deepEqual(await client.take(), {
      clusters: ["local_service"],
      load_reporting_interval: "2s",
      report_endpoint_granularity: true,
    });
    assert.deepEqual(client.headers?.get("starling-lrs"), ["1"]);
    client.send({ node: NODE, cluster_stats: [clusterStats("local_service", 21)] });
    await program.says(/Got stats/);
    const { code, out, err } = await program.end();
    assert.deepEqual([code, err], [0, ""]);
    assert.equal((await client.end()).code, 0);
    const lines = out.trimEnd().split("\n");
    assert.deepEqual(
      lines
        .filter((line) => !line.includes("shown on"))
        .map((line) => line.replace(/^\d{4}(\/\d\d){2} (\d\d:?){3} /, "")),
      [
        `LRS Server is up and running on 127.0.0.1:${port}`,
        "Adding new cluster to cache `http_service` with node `0022a319e1e2`",
        "Creating LRS response for cluster http_service, node 0022a319e1e2 with frequency 2 secs",
        'Got stats from cluster `http_service` node `0022a319e1e2` - cluster_name:"local_service" upstream_locality_stats:<' +
          "locality:<> total_successful_requests:21 total_issued_requests:21 > load_report_interval:<seconds:2 >",
      ],
    );
  });

  it("shows what it counted as text, JSON and for Prometheus", async () => {
    const { program, port, adminPort } = await start("--log-format", "json");
    const client = connect(port);
    const locality = {
      locality: { region: "r", zone: 'z"1' },
      priority: 1,
      total_successful_requests: 3,
      total_requests_in_progress: 2,
      upstream_endpoint_stats: [
        { address: { socket_address: { address: "10.0.0.1", port_value: 80 } }, total_error_requests: 1 },
      ],
    };
    const drops = { total_dropped_requests: 5, dropped_requests: [{ category: "lb", dropped_count: 4 }] };
    client.send({
      node: NODE,
      cluster_stats: [clusterStats("c", 0, { upstream_locality_stats: [locality], ...drops })],
    });
    await program.says(/"event":"stats"/);
    assert.equal(await page(adminPort, "/ready"), "LIVE\n");
    const text = await page(adminPort, "/stats?filter=^cluster&usedonly");
    assert.deepEqual(text.trimEnd().split("\n"), [
      "cluster.c.dropped: 5",
      "cluster.c.dropped.lb: 4",
      "cluster.c.endpoint.10.0.0.1:80.rq_error: 1",
      'cluster.c.locality.r/z"1/#1.rq_active: 2',
      'cluster.c.locality.r/z"1/#1.rq_success: 3',
      "cluster.c.reports: 1",
      "cluster.c.rq_active: 2",
      "cluster.c.rq_success: 3",
    ]);
    const lines = (await page(adminPort, "/stats/prometheus")).split("\n");
    const place = 'envoy_cluster_name="c",region="r",zone="z\\"1",sub_zone="",priority="1"';
    for (const line of [
      "# TYPE lrs_cluster_rq_active gauge",
      'lrs_cluster_rq_success{envoy_cluster_name="c"} 3',
      'lrs_cluster_dropped_by_category{envoy_cluster_name="c",category="lb"} 4',
      `lrs_locality_rq_active{${place}} 2`,
      "# TYPE lrs_endpoint_rq_error counter",
      `lrs_endpoint_rq_error{${place},endpoint="10.0.0.1:80"} 1`,
      "lrs_server_streams_active{} 1",
    ]) {
      assert.ok(lines.includes(line), line);
    }
    const load = JSON.parse(await page(adminPort, "/load")) as {
      readonly nodes: unknown;
      readonly clusters: LrsJson[];
    };
    assert.deepEqual(load.nodes, [{ ...NODE, streams: 1, reports: 1 }]);
    assert.deepEqual(
      load.clusters.map(({ cluster, success, dropped }) => [cluster, success, dropped]),
      [["c", 3, 5]],
    );
    client.close();
    await eventually(async () => (await stat(adminPort, "cluster.c.rq_active")) === 0);
    assert.match(await page(adminPort, "/stats?filter=["), /^Invalid re2 regex: missing ]/);
    assert.match(await page(adminPort, "/nosuch"), /^invalid path\. admin commands are:\n {2}\/load/);
  });

  it("asks again when its file changes and on SIGHUP, and stays with what it has when the file is wrong", async () => {
    const file = join(directory, "lrs.yaml");
    writeFileSync(file, "ask: { clusters: [a] }");
    const { program, port } = await start("-c", file);
    const client = connect(port);
    client.send({ node: NODE });
    const asked = async () => ((await client.take()) as { readonly clusters: unknown }).clusters;
    assert.deepEqual(await asked(), ["a"]);
    writeFileSync(file, "ask: { clusters: [b, c], load_reporting_interval: 2.5s }");
    assert.deepEqual(await asked(), ["b", "c"]);
    await program.says(/node 0022a319e1e2 with frequency 2\.5 secs/);
    writeFileSync(file, "ask: { clusters: [b], load_reporting_interval: 0s }");
    program.child.kill("SIGHUP");
    await program.says(/lrs\.yaml:1:\d+ ask\.load_reporting_interval: must be 0\.05s or more/);
    await program.says(/lrs\.yaml is not taken; what was asked for stays/);
    assert.equal(client.responses, 0);
  });

  it("counts a report that was acknowledged once, though both of its lives hear of it", async () => {
    const file = join(directory, "reports.jsonl");
    const first = await start("--append", file);
    const client = connect(first.port);
    client.send({ node: { ...NODE, client_features: ["starling.lrs.ack.v1"] } });
    await client.take();
    for (const sequence of [1, 2]) {
      client.send(numbered(sequence));
      await client.take();
    }
    await first.program.end("SIGKILL");
    const second = await start("--append", file);
    await second.program.says(/Counting goes on after 2 reports in /);
    const again = connect(second.port);
    for (const sequence of [2, 3]) again.send(numbered(sequence));
    await eventually(async () => (await stat(second.adminPort, "cluster.local_service.rq_success")) === 30);
    assert.equal(await stat(second.adminPort, "lrs_server.reports_repeated"), 1);
    renameSync(file, `${file}.1`);
    second.program.child.kill("SIGHUP");
    await eventually(async () => {
      again.send({ node: NODE, cluster_stats: [clusterStats("local_service", 1)] });
      await new Promise((resolve) => setImmediate(resolve));
      return readdir(file).length > 0;
    });
    assert.equal(
      readFileSync(`${file}.1`, "utf8")
        .split("\n")
        .filter((line) => line.includes('"sequence"')).length,
      3,
    );
  });

  it("ends a client that sends no messages of the protocol, and goes on with the others", async () => {
    const { port, adminPort } = await start();
    const [good, bad, huge] = [connect(port), connect(port), connect(port)];
    good.send({ node: NODE });
    bad.sendBytes(Buffer.from("GET / HTTP/1.1"));
    huge.sendBytes(Buffer.alloc(5 << 20));
    assert.equal((await bad.end()).code, 3);
    assert.equal((await huge.end()).code, 8);
    good.send({ node: NODE, cluster_stats: [clusterStats("c", 1)] });
    await eventually(async () => (await stat(adminPort, "cluster.c.rq_success")) === 1);
    // Clients hear of an end before the server has put the stream away.
    await eventually(async () => (await stat(adminPort, "lrs_server.streams_active")) === 1);
  });

  it("says what is wrong with its command line, its file, and addresses that are taken", async () => {
    const server = createServer();
    taken = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rows: readonly (readonly [args: readonly string[], says: string])[] = [
      [["--listen", address], `starling: cannot bind '${address}': Address already in use\n`],
      [["--listen", "127.0.0.1:0", "--admin", address], `starling: cannot bind '${address}': Address already in use\n`],
      [["--append", "/nowhere/x"], "starling: --append: cannot open '/nowhere/x': No such file or directory\n"],
      [["-c", "/nowhere.yaml"], "/nowhere.yaml:1:1: cannot be read: No such file or directory\n"],
      [["--top"], "starling: --top draws in a terminal, and this is none\n"],
      [
        ["--listen", "18000", "--log-format", "xml", "now"],
        "starling: lrs-server takes no argument: 'now'\n" +
          "starling: --listen: '18000' is not [HOST]:PORT, as :18000\n" +
          "starling: --log-format: 'xml' is neither text nor json\n" +
          "starling: try 'starling lrs-server --help'\n",
      ],
    ];
    for (const [args, says] of rows) {
      assert.deepEqual(await runProgram("lrs-server", ...args), { code: 1, out: "", err: says });
    }
    assert.match((await runProgram("lrs-server", "--help")).out, /^starling lrs-server \[-c FILE\]/);
  });
});

/** Empty while there is no such file. */
function readdir(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
