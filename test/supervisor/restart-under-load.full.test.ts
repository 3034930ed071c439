import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { Misbehaviour } from "../../src/actor/misbehave.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { bareListener, barePlan } from "../support/plans.ts";
import { RawClient } from "../support/raw-client.ts";

const CLIENTS = 32;
const RESTARTS = 10;
const WAYS: readonly Misbehaviour[] = ["throw", "exit", "exhaust-heap"];

let node: RunningNode;

/** A client that asks without pause and connects again when its connection goes. */
class SteadyClient {
  answers = 0;
  losses = 0;
  private running = true;
  readonly done: Promise<void>;

  constructor(port: number) {
    this.done = this.run(port);
  }

  stop(): Promise<void> {
    this.running = false;
    return this.done;
  }

  private async run(port: number): Promise<void> {
    while (this.running) {
      const client = await RawClient.open(port).catch(() => null);
      try {
        while (this.running && client !== null) {
          await client.get("/");
          this.answers++;
        }
      } catch {
        this.losses++;
      }
      client?.end();
    }
  }
}

describe("a worker that is restarted ten times under steady load", () => {
  afterEach(() => node.stop());

  it("loses only its own connections each time, and the other worker answers on", async () => {
    const policy = { failuresMax: 1_000, backOffBaseMs: 20, backOffMaxMs: 50 };
    const flags = ["--concurrency", "2", "--worker-heap-mb", "64"];
    node = await startTestNode(barePlan([bareListener("a")]), { flags, policy });
    const clients = Array.from({ length: CLIENTS }, () => new SteadyClient(portOf(node)));
    for (let restart = 1; restart <= RESTARTS; restart++) {
      const before = clients.map(({ answers }) => answers);
      await eventually(() => clients.some(({ answers }, i) => answers > (before[i] as number) + 20));
      node.supervisor.misbehave(0, WAYS[restart % WAYS.length] as Misbehaviour);
      await eventually(() => node.view.workers()[0]?.restarts === restart);
      await eventually(() => node.view.workers()[0]?.state === "listening");
      assert.equal(node.view.readiness().state, "LIVE");
    }
    await Promise.all(clients.map((client) => client.stop()));
    const losses = clients.reduce((sum, client) => sum + client.losses, 0);
    assert.equal(node.view.workers()[1]?.restarts, 0);
    assert.ok(losses >= RESTARTS, `${losses} losses: the worker had connections each time`);
    assert.ok(losses < RESTARTS * CLIENTS, `${losses} losses of ${RESTARTS * CLIENTS}: the other worker lost none`);
  });
});
