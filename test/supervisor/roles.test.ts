import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { NodeRole } from "../../src/config/plan/mesh.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { askAdmin } from "../support/admin-client.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { eventually, startTestNode } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";

const CHECK = {
  timeout: "2s",
  interval: "0.05s",
  no_traffic_interval: "0.05s",
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  http_health_check: { path: "/livez" },
};

let upstream: CheckedUpstream;
let node: RunningNode;

/** A node without listeners that checks the upstream. */
function planOf(roles: readonly NodeRole[]): Plan {
  const file = proxyFile({ port: 0, adminPort: 0, upstreamPort: upstream.port, cluster: { health_checks: [CHECK] } });
  const { plan } = loadPlan({ file: "test.yaml", text: file });
  assert.ok(plan !== null);
  return { ...plan, roles, listeners: [] };
}

async function page(path: string): Promise<string> {
  const address = node.admin?.address;
  assert.ok(address?.kind === "socket");
  return (await askAdmin(address.port, `GET ${path}`)).body;
}

describe("a node without the role proxy", () => {
  beforeEach(async () => {
    upstream = await CheckedUpstream.start("blue");
    node = await startTestNode(planOf(["health"]), { flags: ["--concurrency", "2"] });
  });

  afterEach(() => Promise.all([node.stop(), upstream.stop()]));

  it("has no worker, is LIVE after its first checks, and says on /ready what it does not do", async () => {
    assert.equal(upstream.probes >= 1, true);
    assert.deepEqual(node.view.workers(), []);
    assert.equal(await page("/ready"), "LIVE\nthe roles of this node are health: it serves no listeners\n");
    const reader = new StatsReader(node.view.stats);
    assert.match(await page("/stats?filter=server.concurrency"), /^server\.concurrency: 0$/m);
    assert.equal(reader.value("listener_manager.total_listeners_active"), 0);
  });

  it("goes on probing, and shows what it found", async () => {
    upstream.answer = 503;
    await eventually(async () => /health_flags::\/failed_active_hc/.test(await page("/clusters")));
    upstream.answer = 200;
    await eventually(async () => /health_flags::healthy/.test(await page("/clusters")));
  });

  it("ends at once when told to", async () => {
    const beforeMs = systemClock.nowMs();
    await node.stop();
    assert.ok(systemClock.nowMs() - beforeMs < 2_000);
  });
});
