import { afterEach, describe, it } from "mocha";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { bareListener, barePlan } from "../support/plans.ts";
import { RawClient } from "../support/raw-client.ts";

const LIMIT = { "envoy.resource_limits.listener.a.connection_limit": "7" };
let node: RunningNode;

describe("the connection limit of a node with two workers", () => {
  afterEach(() => node.stop());

  it("is exact however the kernel spreads connections, and free again when they end", async () => {
    const runtime = { layers: [{ kind: "static", name: "s", entries: LIMIT }] } as const;
    node = await startTestNode(barePlan([bareListener("a")], { runtime }), { flags: ["--concurrency", "2"] });
    const stat = (name: string): number => new StatsReader(node.view.stats).value(`listener.127.0.0.1_0.${name}`);
    for (const round of [1, 2]) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(portOf(node))));
      await eventually(() => stat("downstream_cx_overflow") === 13 * round && stat("downstream_cx_active") === 7);
      await eventually(() => clients.filter(({ isClosed }) => isClosed).length === 13);
      for (const client of clients) client.end();
      await eventually(() => stat("downstream_cx_active") === 0);
    }
  });
});
