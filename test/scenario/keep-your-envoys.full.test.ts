// Three real Envoys whose own checks are off take endpoints and verdicts from our nodes: what they show, where their requests go, what
// endpoints see, and that nothing of it needs our node to live.
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { CLUSTER, type EdsVariant, FleetEnvoy } from "../support/envoy-fleet.ts";
import { envoyInstalled, freePort, LiveProxy } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";

const INTERVAL_MS = 200;
const CHECK = {
  timeout: "1s",
  interval: `${INTERVAL_MS / 1_000}s`,
  no_traffic_interval: `${INTERVAL_MS / 1_000}s`,
  unhealthy_threshold: 1,
  healthy_threshold: 1,
  http_health_check: { path: "/livez" },
};
/** From a broken endpoint to Envoys that avoid it: one interval of ours, and the way. */
const BAR_MS = 1_000;

/** A node of ours. */
interface Node {
  readonly adminPort: number;
  readonly edsPort: number;
  proxy: LiveProxy;
}

let upstreams: CheckedUpstream[];
let envoys: FleetEnvoy[];
const nodes: Node[] = [];

function launch({ adminPort, edsPort }: Omit<Node, "proxy">, more: readonly string[]): Promise<LiveProxy> {
  const endpoints = upstreams.map(({ port }) => ({
    endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
  }));
  const cluster = {
    load_assignment: { cluster_name: CLUSTER, endpoints: [{ lb_endpoints: endpoints }] },
    health_checks: [CHECK],
  };
  const yaml = proxyFile({ port: 0, adminPort, upstreamPort: 0, cluster });
  const flags = ["--roles", "health,eds", "--eds-listen", `127.0.0.1:${edsPort}`, ...more];
  return LiveProxy.start("starling", yaml, adminPort, flags);
}

async function startNode(more: readonly string[] = []): Promise<Node> {
  const adminPort = await freePort(nodes.map((node) => node.edsPort));
  const ports = { adminPort, edsPort: await freePort([adminPort]) };
  const node = { ...ports, proxy: await launch(ports, more) };
  nodes.push(node);
  return node;
}

async function startFleet(variants: readonly EdsVariant[]): Promise<void> {
  const ports = nodes.map(({ edsPort }) => edsPort);
  envoys = await Promise.all(variants.map((variant, i) => FleetEnvoy.start(`envoy-${i}`, variant, ports)));
}

/** What /clusters of every Envoy says when only this endpoint is out. */
function expected(out: CheckedUpstream | null): readonly string[] {
  return upstreams.map((one) => `${one.port}:${one === out ? "/failed_eds_health" : "healthy"}`).sort();
}

/** Milliseconds until every Envoy shows it. */
async function shown(out: CheckedUpstream | null): Promise<number> {
  const startMs = systemClock.nowMs();
  await eventually(async () => {
    const views = await Promise.all(envoys.map((envoy) => envoy.endpoints()));
    return views.every((view) => JSON.stringify(view) === JSON.stringify(expected(out)));
  });
  return systemClock.nowMs() - startMs;
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Every request had its answer, and it was right. */
function assertNoneFailed(): void {
  assert.deepEqual(
    envoys.map(({ load }) => [load.lost, load.wrong]),
    envoys.map(() => [0, 0]),
  );
  assert.ok(envoys.every(({ load }) => load.answered > 100));
}

describe("Envoys with endpoints of a node", () => {
  before(function () {
    if (!envoyInstalled()) this.skip();
  });

  beforeEach(async () => {
    upstreams = await Promise.all(["a", "b", "c"].map((name) => CheckedUpstream.start(name)));
    await startNode();
    await startFleet(["GRPC", "DELTA_GRPC", "ADS"]);
  });

  afterEach(async () => {
    await Promise.all([...envoys.map((envoy) => envoy.stop()), ...nodes.splice(0).map(({ proxy }) => proxy.stop())]);
    await Promise.all(upstreams.map((upstream) => upstream.stop()));
  });

  it("show what breaks and what is repaired within a second, and send nothing to it", async () => {
    const [broken] = upstreams;
    assert.ok(broken !== undefined);
    await shown(null);
    broken.answer = 503;
    assert.ok((await shown(broken)) < BAR_MS);
    const { requests } = broken;
    await passed(300);
    assert.equal(broken.requests, requests);
    broken.answer = 200;
    assert.ok((await shown(null)) < BAR_MS);
    await eventually(() => broken.requests > requests);
    assertNoneFailed();
  });
});
