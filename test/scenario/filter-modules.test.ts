import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { configUrl } from "../../src/base/location.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import { DEFAULT_LOGGER_OPTIONS, Logger } from "../../src/supervisor/log/logger.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { managerFilter, proxyFile } from "../support/proxy-file.ts";

const MODULE = "type.googleapis.com/starling.filters.http.module.v1.Module";
const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const TROUBLE = `import type { OpenFilter } from "starling";
export const open: OpenFilter = () => () => ({
  decodeHeaders(headers) {
    if (headers.get(":path") === "/throw") throw new Error("told to");
    while (headers.get(":path") === "/loop");
  },
});`;

describe("a node with a filter module", () => {
  let folder: string;
  let node: RunningNode;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "starling-modules-"));
  });

  afterEach(async () => {
    await node.stop();
    rmSync(folder, { recursive: true });
  });

  function troubled(): Plan {
    const path = join(folder, "envoy.yaml");
    writeFileSync(join(folder, "trouble.ts"), TROUBLE);
    const direct = { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "here" } } };
    const filters = [
      managerFilter({
        route_config: { name: "local", virtual_hosts: [{ name: "all", domains: ["*"], routes: [direct] }] },
        http_filters: [
          { name: "trouble", typed_config: { "@type": MODULE, file: "trouble.ts" } },
          { name: "router", typed_config: { "@type": ROUTER } },
        ],
      }),
    ];
    writeFileSync(path, proxyFile({ port: 0, adminPort: 0, upstreamPort: 1, filterChains: [{ filters }] }));
    return planOf(path);
  }

  const stat = (name: string): number =>
    new StatsReader(node.view.stats).values().find((one) => one.name === name)?.value ?? 0;

  it("restarts the worker that a module holds, names the module, and harms nobody else", async () => {
    const path = join(folder, "node.log");
    const log = new Logger(systemClock, { ...DEFAULT_LOGGER_OPTIONS, level: "error", path });
    node = await startTestNode(troubled(), { flags: ["--concurrency", "2"], watchIntervalMs: 50, log });
    const clients = [await clientOf(node, 0), await clientOf(node, 1)] as const;
    assert.match(await clients[0].ask("/throw"), /^HTTP\/1.1 500 /);
    assert.match(await clients[0].ask("/"), /here$/);
    assert.equal(stat("http.main.module.trouble.failed"), 1);
    clients[0].send("/loop");
    await eventually(() => stat("starling.workers_stuck") === 1);
    assert.match(await clients[1].ask("/"), /here$/);
    const isBack = (): boolean => node.view.workers().every(({ state }) => state === "listening");
    await eventually(() => node.view.workers()[0]?.restarts === 1 && isBack());
    const [restarts, others] = node.view.workers().map((worker) => worker.restarts);
    assert.deepEqual([restarts, others], [1, 0]);
    const lines = readFileSync(path, "utf8");
    assert.match(lines, /worker 0 died: .*stuck in filter module 'trouble' \(.*trouble\.ts\); it restarts/);
    assert.match(lines, /decodeHeaders failed: .*trouble\.ts:4:\d+: Error: told to/);
    assert.match(await clients[1].ask("/"), /here$/);
    for (const client of clients) client.close();
  });

  it("serves the sample of config/filters as its README says", async () => {
    node = await startTestNode(planOf(configUrl("filters/require-token.yaml").pathname, true));
    const client = new Client(portOf(node));
    assert.match(await client.ask("/"), /^HTTP\/1.1 403 .*no known token\n$/s);
    assert.match(await client.ask("/", "x-token: s3cret\r\n"), /for members\n$/);
    assert.match(await client.ask("/public"), /for all\n$/);
    assert.match(await client.ask("/admin", "x-token: s3cret\r\n"), /^HTTP\/1.1 403 /);
    assert.match(await client.ask("/admin", "x-token: t0psecret\r\n"), /for few\n$/);
    assert.equal(stat("http.main.module.require-token.refused"), 2);
    client.close();
  });

  /** A connection to this worker, which has none: the kernel chooses, so that others are closed again. */
  async function clientOf(of: RunningNode, worker: number): Promise<Client> {
    const isActive = new RegExp(`^listener\\..*\\.worker_${worker}\\..*cx_active$`);
    const active = (): number =>
      new StatsReader(of.view.stats).values().find(({ name }) => isActive.test(name))?.value ?? 0;
    // Those that were closed on the way to another one may be counted yet.
    await eventually(() => active() === 0);
    for (;;) {
      const client = new Client(portOf(of));
      await client.ask("/");
      if (active() > 0) return client;
      client.close();
    }
  }
});

function planOf(path: string, anyPort: boolean = false): Plan {
  const { plan, errors } = loadPlan({ path });
  assert.deepEqual(errors, []);
  assert.ok(plan !== null);
  if (!anyPort) return plan;
  const free = { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false } as const;
  return { ...plan, admin: null, listeners: plan.listeners.map((listener) => ({ ...listener, address: free })) };
}

/** One HTTP/1 connection, one request after the other. */
class Client {
  private readonly socket: Socket;
  private got = "";

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes) => {
      this.got += bytes.toString("latin1");
    });
  }

  send(path: string, fields: string = ""): void {
    this.got = "";
    this.socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n${fields}\r\n`);
  }

  async ask(path: string, fields: string = ""): Promise<string> {
    this.send(path, fields);
    await eventually(() => {
      const length = /content-length: (\d+)/.exec(this.got)?.[1];
      return length !== undefined && this.got.split("\r\n\r\n")[1]?.length === Number(length);
    });
    return this.got;
  }

  close(): void {
    this.socket.destroy();
  }
}
