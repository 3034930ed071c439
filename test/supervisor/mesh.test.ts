// Whole nodes in one embedded mesh, in the test's process: that they find each other, what is probed when a thread dies, and how one leaves.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { askAdmin } from "../support/admin-client.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { freePort } from "../support/live-proxy.ts";
import { eventually, startTestNode } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";

const CHECK = {
  timeout: "1s",
  interval: "0.2s",
  no_traffic_interval: "0.2s",
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  http_health_check: { path: "/livez" },
};

let port: number;
let upstream: CheckedUpstream;
const nodes: RunningNode[] = [];

/** A node that checks the upstream, in the test's mesh. */
function planOf(node: string, roles: string = "proxy,health,load"): Plan {
  const file = proxyFile({ port: 0, adminPort: 0, upstreamPort: upstream.port, cluster: { health_checks: [CHECK] } });
  const said = { mesh: `embedded:${port}`, "mesh-node": node, roles };
  const overrides = Object.entries(said).map(([name, text]) => [name, { text, source: `--${name}` }] as const);
  const { plan } = loadPlan({ file: "test.yaml", text: file }, { overrides: new Map(overrides) });
  assert.ok(plan !== null);
  return plan;
}

async function join(name: string, roles?: string): Promise<RunningNode> {
  const node = await startTestNode(planOf(name, roles));
  nodes.push(node);
  return node;
}

function stat(node: RunningNode, name: string): number {
  return new StatsReader(node.view.stats).value(name);
}

async function isOut(node: RunningNode): Promise<boolean> {
  const address = node.admin?.address;
  assert.ok(address?.kind === "socket");
  return /failed_active_hc/.test((await askAdmin(address.port, "GET /clusters")).body);
}

describe("nodes in one mesh", () => {
  beforeEach(async () => {
    port = await freePort();
    upstream = await CheckedUpstream.start("blue");
  });

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
    await upstream.stop();
  });

  it("find each other, and act alike on what either of them sees", async () => {
    const [one, two] = [await join("one"), await join("two", "health")];
    await eventually(() => [one, two].every((node) => stat(node, "mesh.nodes") === 2));
    upstream.answer = 503;
    await eventually(async () => (await isOut(one)) && (await isOut(two)));
    upstream.answer = 200;
    await eventually(async () => !((await isOut(one)) || (await isOut(two))));
  });

  it("have those without the role health know what the others see", async () => {
    await join("one", "health");
    const two = await join("two", "proxy");
    upstream.answer = 503;
    await eventually(() => isOut(two));
    assert.equal(stat(two, "cluster.echo.health_check.attempt"), 0);
  });

  it("check without the role health as long as nobody has it", async () => {
    const attempts = (): number => stat(one, "cluster.echo.health_check.attempt");
    const one = await join("one", "proxy");
    const atFirst = attempts();
    await eventually(() => attempts() > atFirst + 2);
    await join("two", "health");
    await eventually(async () => {
      const before = [attempts(), upstream.probes] as const;
      await eventually(() => upstream.probes > before[1] + 4);
      return attempts() === before[0];
    });
  });

  it("check for themselves while the mesh thread is dead, and join again", async () => {
    const one = await join("one");
    for (const how of ["exit", "throw"] as const) {
      one.supervisor.misbehaveActor("mesh", how);
      await eventually(() => one.view.readiness().remarks.length > 0);
      assert.match(one.view.readiness().remarks[0] ?? "", /^the mesh thread died: .*; this node checks for itself$/);
      assert.equal(one.view.readiness().state, "LIVE");
      await eventually(() => one.view.readiness().remarks.length === 0);
    }
    const before = upstream.probes;
    await eventually(() => upstream.probes > before + 3);
    upstream.answer = 503;
    await eventually(() => isOut(one));
  });

  it("go on checking when the health thread was dead", async () => {
    const one = await join("one");
    one.supervisor.misbehaveActor("health", "exit");
    upstream.answer = 503;
    await eventually(() => isOut(one));
    upstream.answer = 200;
    await eventually(async () => !(await isOut(one)));
  });

  it("leave with a word: the others know at once", async () => {
    const [one, two] = [await join("one"), await join("two")];
    await eventually(() => stat(one, "mesh.nodes") === 2);
    const beforeMs = systemClock.nowMs();
    await two.stop();
    await eventually(() => stat(one, "mesh.nodes") === 1);
    assert.ok(systemClock.nowMs() - beforeMs < 3_500, "silence alone would take five seconds");
  });
});
