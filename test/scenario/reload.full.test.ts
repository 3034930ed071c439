// Twenty other configurations of a running process under load, with wrong files between them: every request is answered, by the new one within
// two and a half seconds.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { after, afterEach, before, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { freePort } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { Program } from "../support/program.ts";
import { PROJECT } from "../support/source-files.ts";
import { overTls, SteadyLoad } from "../support/steady-load.ts";

const RELOADS = 20;
const CONNECTIONS = 8;
const SERVES_MS_MAX = 2_500;
const APPLIED = "starling.configuration_applied";
const CERTS = join(PROJECT, "test/support/certs");
const TYPE = "type.googleapis.com/envoy";

const folder = mkdtempSync(join(tmpdir(), "starling-reload-"));
const path = join(folder, "front.yaml");
let upstreams: CheckedUpstream[];
let ports: { readonly clear: number; readonly tls: number; readonly extra: number; readonly admin: number };
let program: Program;
let loads: SteadyLoad[] = [];

/** The file of one turn: routes, clusters, checks, runtime and a third listener are others each time, two ports and the admin's stay. */
function fileOf(turn: number): string {
  const target = `turn_${turn}`;
  const listeners = [listener("clear", ports.clear, target, turn), listener("tls", ports.tls, target, turn, TLS)];
  if (turn % 2 === 1) listeners.push(listener(`extra_${turn}`, ports.extra, "stays", turn));
  return JSON.stringify({
    admin: { address: address(ports.admin) },
    layered_runtime: {
      layers: [
        { name: "static", static_layer: { turn } },
        { name: "admin", admin_layer: {} },
      ],
    },
    static_resources: {
      listeners,
      clusters: [cluster("stays", "STATIC", {}), cluster(target, KINDS[turn % 2] ?? "", CHECKED)],
    },
  });
}

function listener(name: string, port: number, target: string, turn: number, more: object = {}): object {
  const route = { match: { prefix: "/" }, route: { cluster: turn % 3 === 0 ? "stays" : target } };
  const headers = { response_headers_to_add: [{ header: { key: "x-turn", value: String(turn) } }] };
  const manager = {
    "@type": `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [route], ...headers }] },
    http_filters: [{ name: "router", typed_config: { "@type": `${TYPE}.extensions.filters.http.router.v3.Router` } }],
  };
  return {
    name,
    address: address(port),
    filter_chains: [{ filters: [{ name: "hcm", typed_config: manager }], ...more }],
  };
}

function cluster(name: string, type: string, more: object): object {
  const endpoints = upstreams.map(({ port }) => ({ endpoint: { address: address(port) } }));
  return { name, type, load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] }, ...more };
}

function address(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

const KINDS = ["STATIC", "STRICT_DNS"];
const CHECKED = {
  health_checks: [
    { timeout: "1s", interval: "1s", unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: { path: "/hc" } },
  ],
};
const TLS = {
  transport_socket: {
    name: "tls",
    typed_config: {
      "@type": `${TYPE}.extensions.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: {
        tls_certificates: [
          {
            certificate_chain: { filename: join(folder, "served.pem") },
            private_key: { filename: join(folder, "served.key.pem") },
          },
        ],
      },
    },
  },
};

/** The listener's certificate from the next reload on. */
function renew(name: string): void {
  copyFileSync(join(CERTS, `${name}.pem`), join(folder, "served.pem"));
  copyFileSync(join(CERTS, `${name}.key.pem`), join(folder, "served.key.pem"));
}

async function turnOf(port: number): Promise<string | null> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  await response.text();
  return response.headers.get("x-turn");
}

function certificateOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      resolve(fingerprint256);
    });
    socket.on("error", reject);
  });
}

async function stats(...names: string[]): Promise<number[]> {
  const text = await (await fetch(`http://127.0.0.1:${ports.admin}/stats`)).text();
  return names.map((name) => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(text)?.[1]));
}

describe("twenty reloads under load", function () {
  this.timeout(120_000);

  before(async () => {
    upstreams = await Promise.all(["a", "b"].map((name) => CheckedUpstream.start(name)));
    const clear = await freePort();
    const tls = await freePort([clear]);
    const extra = await freePort([clear, tls]);
    ports = { clear, tls, extra, admin: await freePort([clear, tls, extra]) };
    renew("front");
    writeFileSync(path, fileOf(0));
    program = new Program("-c", path, "--concurrency", "2", "--drain-time-s", "2");
    await program.says(/serving 2 listener\(s\)/);
  });

  afterEach(() => {
    for (const load of loads) load.stop();
  });

  after(async () => {
    await program?.end();
    await Promise.all((upstreams ?? []).map((one) => one.stop()));
    rmSync(folder, { recursive: true });
  });

  it("lose no request over cleartext or TLS, and serve within two and a half seconds each", async () => {
    loads = [new SteadyLoad(ports.clear, CONNECTIONS, 1), new SteadyLoad(ports.tls, CONNECTIONS, 1, overTls)];
    const before = await certificateOf(ports.tls);
    const [applied = 0] = await stats(APPLIED);
    const took: number[] = [];
    for (let turn = 1; turn <= RELOADS; turn++) {
      if (turn === 10) renew("other");
      writeFileSync(path, fileOf(turn));
      const askedMs = systemClock.nowMs();
      program.child.kill("SIGHUP");
      await eventually(async () => (await turnOf(ports.clear)) === String(turn));
      const tookMs = systemClock.nowMs() - askedMs;
      took.push(Math.round(tookMs));
      assert.ok(tookMs <= SERVES_MS_MAX, `turn ${turn} took ${tookMs} ms`);
      // The first worker that serves by a file says nothing of the other one.
      await eventually(async () => (await stats(APPLIED))[0] === applied + turn);
      if (turn % 5 === 0) await refused(turn);
    }
    console.log(`      served after ${took.join(", ")} ms`);
    assert.notEqual(await certificateOf(ports.tls), before);
    await Promise.all(loads.map((load) => load.finish()));
    for (const load of loads) {
      assert.ok(load.answered > RELOADS * 10, `${load.answered} answers`);
      assert.deepEqual([load.lost, load.wrong, load.sent - load.answered], [0, 0, 0]);
    }
    const counted = await stats(
      "listener_manager.listener_added",
      "listener_manager.listener_modified",
      "listener_manager.listener_removed",
      "cluster_manager.cluster_added",
      "cluster_manager.cluster_removed",
      "cluster_manager.active_clusters",
      "listener_manager.total_listeners_active",
    );
    assert.deepEqual(counted, [2 + RELOADS / 2, 2 * RELOADS, RELOADS / 2, 2 + RELOADS, RELOADS, 2, 2]);
  });

  it("leave the listener that they dropped without a connection when the drain time is over", async () => {
    writeFileSync(path, fileOf(1));
    program.child.kill("SIGHUP");
    await eventually(async () => (await turnOf(ports.extra).catch(() => null)) === "1");
    const kept = new SteadyLoad(ports.extra, 1, 100);
    loads = [kept];
    await eventually(() => kept.answered > 3);
    writeFileSync(path, fileOf(2));
    program.child.kill("SIGHUP");
    await eventually(async () => (await turnOf(ports.extra).catch(() => "gone")) === "gone");
    await eventually(async () => (await stats("http.extra_1.downstream_cx_active"))[0] === 0);
    assert.deepEqual([kept.lost, kept.wrong], [0, 0]);
  });
});

/** A file with a mistake: told with its place, and nothing changes. */
async function refused(turn: number): Promise<void> {
  writeFileSync(path, `nonsense_${turn}: 1\n`);
  program.child.kill("SIGHUP");
  await program.says(new RegExp(`front\\.yaml:1:1 nonsense_${turn}: `));
  assert.equal(await turnOf(ports.clear), String(turn));
}
