import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { Misbehaviour } from "../../src/actor/misbehave.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { bareListener, barePlan } from "../support/plans.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const CLIENTS = 32;
const RESTARTS = 10;
const WAYS: readonly Misbehaviour[] = ["throw", "exit", "exhaust-heap"];

describe("a worker that is restarted ten times under steady load", () => {
  let node: RunningNode;
  let load: SteadyLoad;

  before(async () => {
    const policy = { failuresMax: 1_000, backOffBaseMs: 20, backOffMaxMs: 50 };
    const flags = ["--concurrency", "2", "--worker-heap-mb", "64"];
    node = await startTestNode(barePlan([bareListener("a")]), { flags, policy });
    load = new SteadyLoad(portOf(node), CLIENTS);
  });

  after(async () => {
    load?.stop();
    await node?.stop();
  });

  it("loses only its own connections each time, and the other worker answers on", async () => {
    const reader = new StatsReader(node.view.stats);
    const held = (slot: number): number =>
      reader.values().find(({ name }) => name.endsWith(`.worker_${slot}.downstream_cx_active`))?.value ?? 0;
    for (let restart = 1; restart <= RESTARTS; restart++) {
      // Clients that lost theirs are at the other worker, until they connect anew.
      load.renews = true;
      const { answered } = load;
      await eventually(() => load.answered > answered + 20 && held(0) >= 4);
      load.renews = false;
      // One that was being renewed is counted by its worker for a while yet, and its successor may come to the other one.
      await eventually(() => load.connections === CLIENTS && held(0) + held(1) === CLIENTS);
      const { lost } = load;
      const own = held(0);
      node.supervisor.misbehave(0, WAYS[restart % WAYS.length] as Misbehaviour);
      await eventually(() => node.view.workers()[0]?.restarts === restart);
      await eventually(() => node.view.workers()[0]?.state === "listening");
      assert.equal(node.view.readiness().state, "LIVE");
      const losses = load.lost - lost;
      assert.ok(losses >= 1, `restart ${restart}: nobody lost anything of ${own} connections`);
      assert.ok(
        losses <= own,
        `restart ${restart}: ${losses} losses of ${own} connections: the other worker lost none`,
      );
    }
    assert.equal(node.view.workers()[1]?.restarts, 0);
  });
});
