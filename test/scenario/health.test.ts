import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import { DEFAULT_LOGGER_OPTIONS, Logger } from "../../src/supervisor/log/logger.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { HealthFlag, HealthTable } from "../../src/telemetry/health-table.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { askAdmin } from "../support/admin-client.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { eventually, launchTestNode, portOf, startTestNode } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { RawClient } from "../support/raw-client.ts";

const CHECK = {
  timeout: "2s",
  interval: "0.05s",
  no_traffic_interval: "0.05s",
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  http_health_check: { path: "/livez" },
};
/** A check that is held fails by nothing else. */
const PATIENT = { ...CHECK, timeout: "15s" };

let folder: string;
let node: RunningNode;
let blue: CheckedUpstream;
let yellow: CheckedUpstream;

/** A front proxy on a cluster of both upstreams, checked. */
function planOf(cluster: Record<string, unknown> = {}, host: string = "127.0.0.1"): Plan {
  const at = (port: number) => ({ endpoint: { address: { socket_address: { address: host, port_value: port } } } });
  const { plan, errors } = loadPlan({
    file: "test.yaml",
    text: proxyFile({
      port: 0,
      adminPort: 0,
      upstreamPort: 0,
      cluster: {
        load_assignment: {
          cluster_name: "echo",
          endpoints: [{ lb_endpoints: [at(blue.port), at(yellow.port)] }],
        },
        health_checks: [CHECK],
        ...cluster,
      },
    }),
  });
  if (plan === null) throw new Error(JSON.stringify(errors));
  return plan;
}

async function page(path: string): Promise<string> {
  const address = node.admin?.address;
  assert.ok(address?.kind === "socket");
  return (await askAdmin(address.port, `GET ${path}`)).body;
}

/** Flags of an upstream in /clusters. */
async function flagsOf({ port }: CheckedUpstream): Promise<string> {
  return new RegExp(`:${port}::health_flags::(\\S+)`).exec(await page("/clusters"))?.[1] ?? "";
}

function stat(name: string): number {
  return new StatsReader(node.view.stats).value(`cluster.echo.${name}`);
}

/** Who answers so many requests on one connection. */
async function answers(count: number): Promise<string[]> {
  const client = await RawClient.open(portOf(node));
  const names: string[] = [];
  for (let i = 0; i < count; i++) names.push(/\r\n\r\n(blue|yellow)$/.exec(await client.get("/"))?.[1] ?? "");
  client.end();
  return [...new Set(names)].sort();
}

/** The memory that all threads of the node share. */
function healthTable(): HealthTable {
  return new HealthTable(node.supervisor.memory.health);
}

describe("active health checks of a whole node", () => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "health-"));
    blue = await CheckedUpstream.start("blue");
    yellow = await CheckedUpstream.start("yellow");
  });

  afterEach(async () => {
    await node.stop();
    await Promise.all([blue.stop(), yellow.stop()]);
    rmSync(folder, { recursive: true });
  });

  for (const [type, host] of [
    ["STATIC", "127.0.0.1"],
    ["STRICT_DNS", "localhost"],
  ] as const) {
    it(`keep the listeners of a ${type} cluster waiting for the first of every endpoint, with the reason`, async () => {
      const path = join(folder, "node.log");
      const log = new Logger(systemClock, { ...DEFAULT_LOGGER_OPTIONS, path });
      yellow.answer = "hold";
      const checks = { health_checks: [PATIENT] };
      node = await launchTestNode(planOf({ ...checks, type, dns_lookup_family: "V4_ONLY" }, host), { log });
      await eventually(() => stat("health_check.healthy") === 1);
      const reason = "waiting for the first health checks of echo: 2 endpoints";
      assert.match(await page("/ready"), new RegExp(`^PRE_INITIALIZING\n(.*\n)*${reason}\n`));
      const { unready_targets_dumps: dumps } = JSON.parse(await page("/init_dump"));
      assert.equal(dumps[0].name, "init manager Listener-local-init-manager main");
      assert.ok(dumps[0].target_names.includes(reason));
      assert.match(await page("/listeners"), /^main::127\.0\.0\.1:\d+\n$/);
      await assert.rejects(RawClient.open(portOf(node)), /ECONNREFUSED/);
      yellow.release(200);
      await eventually(() => node.view.readiness().state === "LIVE");
      assert.deepEqual(await answers(8), ["blue", "yellow"]);
      assert.deepEqual(await page("/init_dump"), "{}\n");
      const logged = readFileSync(path, "utf8");
      assert.match(logged, /cm init: all clusters initialized\n.*all dependencies initialized\. starting workers\n/);
    });
  }

  it("take an endpoint out and let it in again, as pages, counters and the event log say", async () => {
    const path = join(folder, "events.log");
    node = await startTestNode(planOf({ health_checks: [{ ...CHECK, event_log_path: path }] }));
    assert.deepEqual([await flagsOf(blue), await flagsOf(yellow)], ["healthy", "healthy"]);
    yellow.answer = 503;
    await eventually(async () => (await flagsOf(yellow)) === "/failed_active_hc");
    assert.deepEqual(await answers(8), ["blue"]);
    const { cluster_statuses: clusters } = JSON.parse(await page("/clusters?format=json"));
    assert.deepEqual(
      clusters[0].host_statuses.map((one: { health_status: object }) => one.health_status),
      [{ eds_health_status: "HEALTHY" }, { failed_active_health_check: true, eds_health_status: "HEALTHY" }],
    );
    // A gauge is set after the flags.
    await eventually(() => stat("health_check.healthy") === 1);
    assert.match(await page("/stats"), /cluster\.echo\.membership_healthy: 1\n/);
    assert.match(await page("/stats"), /cluster\.echo\.health_check\.healthy: 1\n/);
    yellow.answer = 200;
    await eventually(async () => (await flagsOf(yellow)) === "healthy");
    assert.deepEqual(await answers(8), ["blue", "yellow"]);
    assert.match(await page("/stats"), /cluster\.echo\.membership_healthy: 2\n/);
    // One may be under way.
    await eventually(
      () => stat("health_check.attempt") === stat("health_check.success") + stat("health_check.failure"),
    );
    await node.stop();
    const events = readFileSync(path, "utf8").trimEnd().split("\n");
    const kinds = events.map((line) => Object.keys(JSON.parse(line)).find((name) => name.endsWith("_event")));
    assert.deepEqual(kinds, ["add_healthy_event", "add_healthy_event", "eject_unhealthy_event", "add_healthy_event"]);
  });

  it("show counters for clusters that are checked, and none for others", async () => {
    node = await startTestNode(planOf({ health_checks: [] }));
    assert.doesNotMatch(await page("/stats?filter=cluster"), /health_check/);
    assert.deepEqual(await answers(8), ["blue", "yellow"]);
    assert.deepEqual([blue.probes, yellow.probes], [0, 0]);
  });

  it("change no verdict and lose no count when their thread dies, and judge on when it is back", async () => {
    node = await startTestNode(planOf(), { policy: { backOffBaseMs: 500 } });
    yellow.answer = 503;
    await eventually(async () => (await flagsOf(yellow)) === "/failed_active_hc");
    const before = stat("health_check.attempt");
    node.supervisor.misbehaveActor("health", "exit");
    await eventually(() => stat("health_check.healthy") === 0);
    assert.deepEqual([await flagsOf(blue), await flagsOf(yellow)], ["healthy", "/failed_active_hc"]);
    assert.deepEqual(await answers(8), ["blue"]);
    await eventually(() => stat("health_check.healthy") === 1);
    assert.ok(stat("health_check.attempt") >= before);
    assert.equal(node.view.readiness().state, "LIVE");
    yellow.answer = 200;
    await eventually(async () => (await flagsOf(yellow)) === "healthy");
    assert.deepEqual(await answers(8), ["blue", "yellow"]);
  });

  it("believe an endpoint that says so in an answer to a request, at once", async () => {
    const checks = { health_checks: [PATIENT] };
    node = await startTestNode(planOf({ ...checks, common_lb_config: { healthy_panic_threshold: { value: 0 } } }));
    yellow.answer = "hold"; // no check lets it in again
    yellow.wantsOut = true;
    assert.deepEqual(await answers(8), ["blue", "yellow"]);
    assert.equal(yellow.requests, 1);
    assert.equal(await flagsOf(yellow), "/failed_active_hc/excluded_via_immediate_hc_fail");
    await eventually(() => stat("health_check.passive_failure") === 1);
    assert.match(await page("/stats"), /cluster\.echo\.membership_excluded: 1\n/);
    yellow.wantsOut = false;
    yellow.release(200);
    await eventually(async () => (await flagsOf(yellow)) === "healthy");
    assert.equal(stat("health_check.failure"), 1);
  });

  it("reach the next pick of every worker with the flag: no request after it goes the old way", async () => {
    node = await startTestNode(planOf({ health_checks: [] }), { flags: ["--concurrency", "2"] });
    const table = healthTable();
    const set = node.view.endpoints()[0];
    const slot = set?.endpoints.find(({ address }) => address.kind === "socket" && address.port === yellow.port)?.slot;
    assert.ok(set !== undefined && slot !== undefined);
    const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.open(portOf(node))));
    for (let round = 0; round < 25; round++) {
      table.set(slot, HealthFlag.FailedActiveHc);
      table.bump(set.row);
      const out = yellow.requests;
      await Promise.all(clients.map((client) => client.get("/")));
      assert.equal(yellow.requests, out);
      table.clear(slot, HealthFlag.FailedActiveHc);
      table.bump(set.row);
      await Promise.all(clients.map((client) => client.get("/")));
      assert.ok(yellow.requests > out);
    }
    for (const client of clients) client.end();
  });
});
