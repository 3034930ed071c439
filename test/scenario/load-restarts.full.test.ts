// Two proxies that report to our server under load while it is killed and ended again and again: every request is in its totals once.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { LiveProxy, PortMap } from "../support/live-proxy.ts";
import { until } from "../support/merged-load.ts";
import { Program } from "../support/program.ts";
import { sourceText } from "../support/source-files.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const RESTARTS = 10;
/** A report each 50 ms: a kill meets one on its way. */
const FILE = "ask: { clusters: [local_service], load_reporting_interval: 0.05s }\n";

const ports = new PortMap();
const proxies: LiveProxy[] = [];
const loads: SteadyLoad[] = [];
let folder: string;
let service: Server;
let server: Program;
let answered = 0;

function startServer(): Program {
  const [listen, admin] = [18_000, 18_001].map((port) => `127.0.0.1:${ports.get(port)}`);
  const files = ["-c", join(folder, "lrs.yaml"), "--append", join(folder, "reports.jsonl")];
  return new Program("lrs-server", "--listen", `${listen}`, "--admin", `${admin}`, ...files);
}

async function stat(port: number, name: string): Promise<number> {
  const page = await fetch(`http://127.0.0.1:${ports.get(port)}/stats?filter=^${name}$`).catch(() => null);
  return Number(/: (\d+)/.exec((await page?.text()) ?? "")?.[1] ?? 0);
}

/** Both proxies have a stream, and reports come. */
async function reporting(): Promise<boolean> {
  return (await stat(18_001, "lrs_server.streams_active")) === 2 && (await stat(18_001, "lrs_server.reports")) > 10;
}

describe("load reports over restarts of the server", function () {
  this.timeout(240_000);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "starling-load-"));
    writeFileSync(join(folder, "lrs.yaml"), FILE);
    await ports.take(8181, 8182, 8281, 8282, 8381, 8382, 18_000, 18_001);
    service = createServer((_, response) => {
      answered++;
      response.end("hello\n");
    });
    await new Promise<void>((resolve) => service.listen(ports.get(8281), "127.0.0.1", resolve));
    server = startServer();
    await server.says(/up and running/);
    for (const i of [1, 2]) {
      const text = sourceText(`config/load-reporting/http-service-${i}.yaml`);
      const yaml = text.replace("port_value: 8282", "port_value: 8281").replace('prefix: "/service"', 'prefix: "/"');
      const flags = ["--service-cluster", "web", "--service-node", `proxy-${i}`];
      proxies.push(await LiveProxy.start("starling", ports.apply(yaml), ports.get(8380 + i), flags));
    }
    await until(reporting, () => "both proxies report");
  });

  after(async () => {
    for (const load of loads) load.stop();
    await Promise.all([...proxies.map((proxy) => proxy.stop()), server.end("SIGKILL")]);
    service.close().closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  it(`count each request once, over ${RESTARTS} restarts, half of them kills`, async () => {
    loads.push(...[8181, 8182].map((port) => new SteadyLoad(ports.get(port), 2)));
    for (let turn = 0; turn < RESTARTS; turn++) {
      await server.end(turn % 2 === 0 ? "SIGKILL" : "SIGTERM");
      server = startServer();
      await until(reporting, () => `both proxies report after restart ${turn}`);
    }
    await Promise.all(loads.map((load) => load.finish()));
    const total = async () => stat(18_001, "cluster.local_service.rq_total");
    await until(
      async () => (await total()) >= answered,
      () => `${answered} requests are told`,
    );
    const proxied = await Promise.all(
      [8381, 8382].map((port) => stat(port, "cluster.local_service.upstream_rq_total")),
    );
    assert.ok(answered > 10_000, `${answered} requests`);
    assert.equal(await total(), answered);
    assert.equal(await stat(18_001, "cluster.local_service.rq_success"), answered);
    assert.equal(await stat(18_001, "cluster.local_service.rq_error"), 0);
    assert.equal((proxied[0] ?? 0) + (proxied[1] ?? 0), answered);
    const uncertain = await Promise.all([8381, 8382].map((port) => stat(port, "load_reporter.uncertain")));
    assert.deepEqual(uncertain, [0, 0]);
  });
});
