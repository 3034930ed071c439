import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { freePort, LiveProxy } from "../support/live-proxy.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { SteadyLoad } from "../support/steady-load.ts";

/** Longer than a probe may take, which is much longer than all that is done while one is under way. */
const STOPPED_MS = 4_000;
const TIMEOUT_S = 3;
const KILLS = 5;

let upstreams: CheckedUpstream[];

/** A proxy before all upstreams, checked five times a second. */
function fileFor(port: number, adminPort: number): string {
  const endpoints = upstreams.map((one) => ({
    endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: one.port } } },
  }));
  const check = {
    timeout: `${TIMEOUT_S}s`,
    interval: "0.2s",
    no_traffic_interval: "0.2s",
    unhealthy_threshold: 1,
    healthy_threshold: 1,
    http_health_check: { path: "/livez" },
  };
  const cluster = {
    load_assignment: { cluster_name: "echo", endpoints: [{ lb_endpoints: endpoints }] },
    health_checks: [check],
  };
  return proxyFile({ port, adminPort, upstreamPort: 0, cluster });
}

/** A number of the cluster's checks, asked over the admin port. */
async function checkStat(adminPort: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=health_check.${name}$`)).text();
  return Number(/: (\d+)/.exec(text)?.[1]);
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe("active checks when things go wrong", () => {
  beforeEach(async () => {
    upstreams = await Promise.all(["a", "b", "c", "d", "e"].map((name) => CheckedUpstream.start(name)));
  });

  afterEach(async () => {
    await Promise.all(upstreams.map((upstream) => upstream.stop()));
  });

  it("count no failure when the whole process is stopped for four seconds while it waits for answers", async () => {
    const adminPort = await freePort();
    const proxy = await LiveProxy.start("starling", fileFor(await freePort([adminPort]), adminPort), adminPort);
    try {
      for (let stops = 0; stops < 3; stops++) {
        const asked = upstreams.map(({ probes }) => probes);
        for (const upstream of upstreams) upstream.answer = "hold";
        await eventually(() => upstreams.every(({ probes }, index) => probes > (asked[index] ?? 0)));
        process.kill(proxy.pid, "SIGSTOP");
        await passed(STOPPED_MS);
        // Some answers wait in the sockets when the process goes on, the others come in what is left of their time.
        for (const upstream of upstreams.slice(0, 2)) upstream.release(200);
        process.kill(proxy.pid, "SIGCONT");
        await passed(200);
        for (const upstream of upstreams) upstream.release(200);
      }
      const after = await checkStat(adminPort, "attempt");
      await eventually(async () => (await checkStat(adminPort, "attempt")) > after + upstreams.length);
      assert.equal(await checkStat(adminPort, "failure"), 0);
      assert.equal(await checkStat(adminPort, "healthy"), upstreams.length);
    } finally {
      await proxy.stop();
    }
  });

  it("cost no request when their thread is killed under load, and go on each time", async () => {
    const { plan, errors } = loadPlan({ text: fileFor(0, 0), file: "test.yaml" });
    assert.ok(plan !== null, JSON.stringify(errors));
    const policy = { backOffBaseMs: 50, backOffMaxMs: 50, failuresMax: 100 };
    const node: RunningNode = await startTestNode(plan, { flags: ["--concurrency", "2"], policy });
    const stat = (name: string): number => new StatsReader(node.view.stats).value(`cluster.echo.${name}`);
    const load = new SteadyLoad(portOf(node), 16);
    try {
      for (let kills = 0; kills < KILLS; kills++) {
        const [attempts, answered] = [stat("health_check.attempt"), load.answered];
        node.supervisor.misbehaveActor("health", kills % 2 === 0 ? "exit" : "throw");
        await eventually(() => stat("health_check.attempt") > attempts + 2 * upstreams.length);
        await eventually(() => load.answered > answered + 500);
      }
      await load.finish();
      assert.deepEqual([load.lost, load.wrong, load.answered], [0, 0, load.sent]);
      assert.equal(stat("lb_healthy_panic"), 0);
      assert.deepEqual([stat("health_check.failure"), stat("health_check.healthy")], [0, upstreams.length]);
    } finally {
      load.stop();
      await node.stop();
    }
  });
});
