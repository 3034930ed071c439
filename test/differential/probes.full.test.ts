// Two probes of each endpoint of probe-cases.ts, http2-probe-cases.ts and tls-probe-cases.ts by the real Envoy and by our probers, on
// the same file: what the endpoint was sent, and what was made of its answers.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { ClusterPlan } from "../../src/config/plan/cluster.ts";
import type { ProbeOutcome } from "../../src/control/health/probe.ts";
import { envoyInstalled, freePort, LiveProxy } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { type Door, ProbeBench } from "../support/probe-bench.ts";
import { HTTP2_PROBE_CASES } from "./http2-probe-cases.ts";
import { PROBE_CASES, type ProbeCase } from "./probe-cases.ts";
import { TLS_PROBE_CASES } from "./tls-probe-cases.ts";

const CASES: readonly ProbeCase[] = [...PROBE_CASES, ...HTTP2_PROBE_CASES, ...TLS_PROBE_CASES];

describe("probes, the real Envoy beside ours", function () {
  this.timeout(60_000);
  const bench = new ProbeBench();
  let plans: ReadonlyMap<string, ClusterPlan>;
  const doors = new Map<string, Door>();
  const theirs = new Map<string, Seen>();

  before(async function () {
    if (!envoyInstalled()) this.skip();
    const folder = mkdtempSync(join(tmpdir(), "probes-"));
    const adminPort = await freePort();
    for (const one of CASES) doors.set(one.name, await one.opens(bench));
    const clusters = CASES.map((one, index) => cluster(one, doors.get(one.name)?.port ?? 0, logOf(folder, index)));
    const text = JSON.stringify({ admin: { address: address(adminPort) }, static_resources: { clusters } });
    plans = plansOf(text);
    const envoy = await LiveProxy.start("envoy", text, adminPort);
    for (const [index, one] of CASES.entries()) {
      const verdicts = await verdictsOf(logOf(folder, index));
      theirs.set(one.name, { request: await asked(one, doors.get(one.name)), verdicts });
    }
    await envoy.stop();
    for (const door of doors.values()) door.requests.length = 0;
    rmSync(folder, { recursive: true, force: true });
  });

  after(() => bench.end());

  for (const one of CASES) {
    it(one.differs === undefined ? one.name : `${one.name}: differs, ${one.differs}`, async () => {
      const verdicts = await ours(plans.get(one.name) as ClusterPlan, bench);
      const seen: Seen = { request: await asked(one, doors.get(one.name)), verdicts };
      assert.equal(seen.request === undefined, one.isUnasked ?? false, `it was sent ${seen.request}`);
      assert.equal(verdicts.includes("NETWORK_TIMEOUT 0"), one.isSilent ?? false, verdicts.join());
      if (one.differs === undefined) assert.deepEqual(seen, theirs.get(one.name));
      else
        assert.notDeepEqual(
          seen,
          theirs.get(one.name),
          "it does not differ any more: take the reason out of the table",
        );
    });
  }
});

/** What an endpoint was sent first, and the first two verdicts on it. */
interface Seen {
  readonly request: string | undefined;
  readonly verdicts: readonly string[];
}

/** The first question; that nobody waited for an answer does not mean that it has been read already. */
async function asked(one: ProbeCase, door: Door | undefined): Promise<string | undefined> {
  await eventually(() => one.isUnasked === true || door?.requests[0] !== undefined);
  return door?.requests[0];
}

/** Probes twice, with room between them for an endpoint's last word. */
async function ours(plan: ClusterPlan, bench: ProbeBench): Promise<string[]> {
  const [check] = plan.healthChecks;
  const [facts] = plan.discovery.kind === "static" ? plan.discovery.endpoints : [];
  if (check === undefined || facts === undefined) throw new Error("a case has a check and an endpoint");
  const probe = bench.createFor({ cluster: plan, endpoint: { ...facts, slot: 0 }, check });
  const first = await probe.ask();
  await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  const second = await probe.ask();
  probe.close();
  return [first, second].map(verdictOf);
}

function verdictOf({ kind, httpStatus }: ProbeOutcome): string {
  if (kind === "success" || kind === "degraded") return "passed";
  const types = { refused: "ACTIVE", retriable: "ACTIVE", network: "NETWORK", timeout: "NETWORK_TIMEOUT" } as const;
  return `${types[kind]} ${httpStatus}`;
}

/** The first two verdicts of an event log. */
async function verdictsOf(path: string): Promise<string[]> {
  for (let tries = 0; tries < 300; tries++) {
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
    const verdicts = lines.flatMap((line) => verdictsIn(JSON.parse(line) as HealthEvent));
    if (verdicts.length >= 2) return verdicts.slice(0, 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no two verdicts in ${path}`);
}

interface HealthEvent {
  readonly health_check_failure_event?: { readonly failure_type: string; readonly http_status_code?: number };
  readonly successful_health_check_event?: unknown;
}

function verdictsIn(event: HealthEvent): string[] {
  const failure = event.health_check_failure_event;
  if (failure !== undefined) return [`${failure.failure_type} ${failure.http_status_code ?? 0}`];
  return event.successful_health_check_event === undefined ? [] : ["passed"];
}

function plansOf(text: string): ReadonlyMap<string, ClusterPlan> {
  const { plan, errors } = loadPlan({ text, file: "probes.json" });
  if (plan === null) throw new Error(errors.map(({ message }) => message).join("\n"));
  return new Map(plan.clusters.map((one) => [one.name, one]));
}

function cluster(one: ProbeCase, port: number, logPath: string): unknown {
  const { name } = one;
  const endpoint = { address: address(port), ...one.endpoint };
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    ...one.cluster,
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    health_checks: [
      {
        // Only silence may be too long, whatever else the machine does.
        timeout: one.isSilent === true ? "0.3s" : "10s",
        interval: `${INTERVAL_MS / 1_000}s`,
        no_traffic_interval: `${INTERVAL_MS / 1_000}s`,
        unhealthy_threshold: 9,
        healthy_threshold: 9,
        always_log_health_check_failures: true,
        always_log_health_check_success: true,
        event_logger: [{ name: "file", typed_config: { "@type": SINK, event_log_path: logPath } }],
        ...one.check,
      },
    ],
  };
}

function address(port: number): unknown {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

function logOf(folder: string, index: number): string {
  return join(folder, `${index}.log`);
}

const INTERVAL_MS = 300;
const SINK = "type.googleapis.com/envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink";
