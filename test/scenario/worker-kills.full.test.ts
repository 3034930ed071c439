// Ten deaths of a listener worker under steady load through a whole node to a real upstream: what is lost is counted and bounded, the
// other worker's connections lose nothing, counters never fall, and nothing is left over at the end.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { Misbehaviour } from "../../src/actor/misbehave.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { RecordingUpstream } from "../support/recording-upstream.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const CONNECTIONS = 32;
const WAYS: readonly Misbehaviour[] = ["throw", "exit", "exhaust-heap"];
const KILLS: readonly Misbehaviour[] = Array.from({ length: 10 }, (_, i) => WAYS[i % WAYS.length] as Misbehaviour);
const BACK_OFF_BASE_MS = 20;

describe("ten worker kills under steady load", function () {
  this.timeout(180_000);
  let upstream: RecordingUpstream;
  let node: RunningNode;
  let load: SteadyLoad;
  let reader: StatsReader;

  before(async () => {
    upstream = await RecordingUpstream.start();
    const yaml = proxyFile({ port: 0, adminPort: 0, upstreamPort: upstream.port });
    const { plan } = loadPlan({ path: "", yaml }, { allowUnknownFields: false, compat: "starling" });
    assert.ok(plan !== null);
    const policy = { failuresMax: 1_000, backOffBaseMs: BACK_OFF_BASE_MS, backOffMaxMs: 200 };
    node = await startTestNode(plan, { flags: ["--concurrency", "2", "--worker-heap-mb", "64"], policy });
    reader = new StatsReader(node.view.stats);
    load = new SteadyLoad(portOf(node), CONNECTIONS);
  });

  after(async () => {
    load?.stop();
    await node?.stop();
    await upstream?.stop();
  });

  const gauge = (name: RegExp): number =>
    reader.values().reduce((sum, stat) => (name.test(stat.name) ? sum + stat.value : sum), 0);
  const connectionsOf = (slot: number): number => gauge(new RegExp(`worker_${slot}\\.downstream_cx_active$`));
  const counters = (): Map<string, number> =>
    new Map(reader.values().flatMap(({ name, value, gauge }) => (gauge ? [] : [[name, value]])));

  it("lose at most what the dead worker had in its hands, each time", async () => {
    let seen = counters();
    for (const [i, how] of KILLS.entries()) {
      const answered = load.answered;
      await eventually(() => load.answered > answered + 1_000 && connectionsOf(0) > 0);
      // Nobody comes or goes between the look and the death: what the worker holds is known.
      load.renews = false;
      await eventually(() => load.connections === CONNECTIONS && connectionsOf(0) + connectionsOf(1) === CONNECTIONS);
      const lost = load.lost;
      const held = connectionsOf(0);
      node.supervisor.misbehave(0, how);
      await eventually(() => node.view.workers()[0]?.restarts === i + 1);
      await eventually(() => node.view.workers()[0]?.state === "listening");
      assert.ok(load.lost - lost <= held, `kill ${i}: ${load.lost - lost} requests lost, ${held} connections held`);
      load.renews = true;
      const now = counters();
      for (const [name, value] of seen) assert.ok((now.get(name) ?? -1) >= value, `${name} fell from ${value}`);
      seen = now;
    }
    assert.equal(node.view.workers()[1]?.restarts, 0);
    assert.equal(node.view.readiness().state, "LIVE");
  });

  it("and at the end every request is accounted for and every gauge is 0", async () => {
    await load.finish();
    assert.equal(load.sent, load.answered + load.lost);
    assert.equal(load.wrong, 0);
    console.log(`      ${load.sent} sent, ${load.answered} answered, ${load.lost} lost by ${KILLS.length} kills`);
    assert.ok(gauge(/^http\.main\.downstream_rq_2xx$/) >= load.answered);
    await eventually(() => gauge(/^http\.main\.downstream_(cx|rq)_active$/) === 0);
    await eventually(() => gauge(/^cluster\.echo\.upstream_rq_(active|pending_active)$/) === 0);
    await eventually(() => gauge(/worker_\d\.downstream_cx_active$|^listener\..*downstream_cx_active$/) === 0);
  });
});
