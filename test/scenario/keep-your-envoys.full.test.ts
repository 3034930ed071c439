// Three real Envoys whose own checks are off take endpoints and verdicts from our nodes: what they show, where their requests go, what
// endpoints see, and that nothing of it needs our node to live.
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { CLUSTER, type EdsVariant, FleetEnvoy } from "../support/envoy-fleet.ts";
import { envoyInstalled, freePort, LiveProxy } from "../support/live-proxy.ts";
import { until } from "../support/merged-load.ts";
import { eventually } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";

const INTERVAL_MS = 200;
const CHECK = {
  timeout: "3s",
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

/** What an endpoint that Envoys show as out was asked, once what was under way then is through. */
async function lastRequests(out: CheckedUpstream): Promise<number> {
  for (let tries = 0; tries < 10; tries++) {
    const before = [out.requests, ...envoys.map(({ load }) => load.answered)];
    await eventually(() => envoys.every(({ load }, i) => load.answered > (before[i + 1] ?? 0) + 20));
    if (out.requests === before[0]) break;
  }
  return out.requests;
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Every request had its answer, it was right, and no Envoy ever thought that most endpoints fail. */
async function assertNoneFailed(): Promise<void> {
  assert.deepEqual(
    envoys.map(({ load }) => [load.lost, load.wrong]),
    envoys.map(() => [0, 0]),
  );
  assert.ok(envoys.every(({ load }) => load.answered > 100));
  const panics = await Promise.all(envoys.map((envoy) => envoy.stat(`cluster.${CLUSTER}.lb_healthy_panic`)));
  assert.deepEqual(
    panics,
    envoys.map(() => 0),
  );
}

/** A counter or gauge of one of our nodes; 0 when it is not there yet. */
async function nodeStat({ adminPort }: Node, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^${name}$`)).text();
  return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
}

/** Streams that our living nodes have. */
async function streams(): Promise<number> {
  const counts = await Promise.all(nodes.map((node) => nodeStat(node, "eds.streams_active")));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Every Envoy has its stream: one that lost it tries again later and later. */
function allStreams(): Promise<void> {
  return until(
    async () => (await streams()) === envoys.length,
    () => "every Envoy has a stream",
  );
}

/**
 * Every node has the others as its mesh's only members. A killed one owns endpoints until five of its beats are missing, and a verdict that
 * waits for its word takes as long as mesh.md says of an owner that dies with its endpoint: longer than this file's bar.
 */
function onlyLiving(): Promise<void> {
  const living = ["self", ...nodes.slice(1).map(() => "live")].sort();
  return until(
    async () => {
      const lives = await Promise.all(nodes.map(memberLives));
      return lives.every((life) => JSON.stringify(life) === JSON.stringify(living));
    },
    () => "every node has its mesh's living members only",
  );
}

/** How the members that a node may wait for are. */
async function memberLives({ adminPort }: Node): Promise<readonly string[]> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/mesh?format=json`);
  const { members } = (await answer.json()) as { readonly members: readonly { readonly life: string }[] };
  return members
    .map(({ life }) => life)
    .filter((life) => life !== "gone" && life !== "left")
    .sort();
}

/** The greatest number of probes that an endpoint saw in each interval, over some of them. */
async function probesAnInterval(): Promise<number> {
  const before = upstreams.map(({ probes }) => probes);
  const startMs = systemClock.nowMs();
  await passed(15 * INTERVAL_MS);
  const intervals = (systemClock.nowMs() - startMs) / INTERVAL_MS;
  return Math.max(...upstreams.map(({ probes }, i) => (probes - (before[i] ?? 0)) / intervals));
}

/** Ends a node, which is back after half a second. */
async function restart(node: Node, signal: "SIGKILL" | "SIGTERM", more: readonly string[] = []): Promise<void> {
  process.kill(node.proxy.pid, signal);
  await node.proxy.stop();
  await passed(500);
  node.proxy = await launch(node, more);
}

/** The same, and for a second and a half after its start it does not know how endpoints are. */
async function restartUnknowing(node: Node, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const good = upstreams.filter(({ answer }) => answer === 200);
  for (const upstream of good) upstream.answer = "hold";
  const restarted = restart(node, signal);
  await passed(2_000);
  for (const upstream of good) upstream.release(200);
  await restarted;
}

async function stopAll(): Promise<void> {
  await Promise.all([...envoys.map((envoy) => envoy.stop()), ...nodes.splice(0).map(({ proxy }) => proxy.stop())]);
  await Promise.all(upstreams.map((upstream) => upstream.stop()));
}

describe("three Envoys with the endpoints of a node", () => {
  before(function () {
    if (!envoyInstalled()) this.skip();
  });

  beforeEach(async () => {
    upstreams = await Promise.all(["a", "b", "c"].map((name) => CheckedUpstream.start(name)));
    await startNode();
    await startFleet(["GRPC", "DELTA_GRPC", "ADS"]);
  });

  afterEach(stopAll);

  it("show what breaks and what is repaired within a second, and send nothing to it", async () => {
    const [broken] = upstreams;
    assert.ok(broken !== undefined);
    await shown(null);
    for (let turn = 0; turn < 3; turn++) {
      broken.answer = 503;
      assert.ok((await shown(broken)) < BAR_MS);
      const requests = await lastRequests(broken);
      await passed(300);
      assert.equal(broken.requests, requests);
      broken.answer = 200;
      assert.ok((await shown(null)) < BAR_MS);
      await eventually(() => broken.requests > requests);
    }
    await assertNoneFailed();
  });

  it("make no probe: an endpoint sees those of the node alone, and the node says what that saved", async () => {
    const [node] = nodes;
    assert.ok(node !== undefined);
    await allStreams();
    const savedBefore = await nodeStat(node, "mesh.probes_saved");
    const probes = await probesAnInterval();
    assert.ok(probes > 0.5 && probes <= 1.1, `${probes} probes an interval`);
    // Three Envoys would have probed three endpoints in each of 15 intervals, but for what is counted each second.
    const saved = (await nodeStat(node, "mesh.probes_saved")) - savedBefore;
    assert.ok(saved >= 3 * 3 * 9 && saved <= 3 * 3 * 21, `${saved} probes saved`);
  });

  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    it(`go on while the node restarts after ${signal}, and keep out what was out`, async () => {
      const [node] = nodes;
      const [broken, next] = upstreams;
      assert.ok(node !== undefined && broken !== undefined && next !== undefined);
      broken.answer = 503;
      await shown(broken);
      const requests = await lastRequests(broken);
      await restartUnknowing(node, signal);
      await allStreams();
      await shown(broken);
      assert.equal(broken.requests, requests);
      broken.answer = 200;
      await shown(null);
      next.answer = 503;
      assert.ok((await shown(next)) < BAR_MS);
      await assertNoneFailed();
    });
  }
});

describe("three Envoys with the endpoints of two nodes in a mesh", () => {
  let mesh: readonly string[];

  before(function () {
    if (!envoyInstalled()) this.skip();
  });

  beforeEach(async () => {
    upstreams = await Promise.all(["a", "b", "c"].map((name) => CheckedUpstream.start(name)));
    mesh = ["--mesh", `embedded:${await freePort()}`];
    await startNode(mesh);
    await startNode(mesh);
    await startFleet(["DELTA_ADS", "DELTA_GRPC", "GRPC"]);
  });

  afterEach(stopAll);

  it("show the mesh's verdicts within a second, and two probes an interval are all that an endpoint sees", async () => {
    const [, broken] = upstreams;
    assert.ok(broken !== undefined);
    await shown(null);
    broken.answer = 503;
    assert.ok((await shown(broken)) < BAR_MS);
    broken.answer = 200;
    assert.ok((await shown(null)) < BAR_MS);
    const probes = await probesAnInterval();
    assert.ok(probes > 1 && probes <= 2.2, `${probes} probes an interval`);
    await assertNoneFailed();
  });

  it("go to the other node when one is killed, and lose nothing when it comes back", async () => {
    const [first] = nodes;
    const [broken] = upstreams;
    assert.ok(first !== undefined && broken !== undefined);
    await allStreams();
    await restart(first, "SIGKILL", mesh);
    await allStreams();
    await onlyLiving();
    await shown(null);
    broken.answer = 503;
    assert.ok((await shown(broken)) < BAR_MS);
    await assertNoneFailed();
  });
});
