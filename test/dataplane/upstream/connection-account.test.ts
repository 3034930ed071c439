// What the connections of a worker say against an endpoint, for the mesh. The counts of a connection are in the tests of the pools.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EndpointSetFull } from "../../../src/config/plan/endpoint-set.ts";
import { Doubt } from "../../../src/telemetry/doubt-table.ts";
import { createNodeMemory } from "../../../src/telemetry/node-memory.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { UpstreamBench } from "./support/upstream-bench.ts";

const SET: EndpointSetFull = {
  kind: "full",
  cluster: "c",
  row: 5,
  version: 1,
  endpoints: [{ ...endpoint(80), slot: 9 }],
};

describe("evidence against an endpoint", () => {
  const CASES: readonly { name: string; act: (b: UpstreamBench) => void; seen: number }[] = [
    {
      name: "is a connection that is refused",
      act: (b) => {
        b.open();
        b.dialer.last().break({ kind: "connect-refused", text: "" });
      },
      seen: Doubt.Connect,
    },
    {
      name: "is a connection that does not stand in time",
      act: (b) => {
        b.open();
        b.dialer.last().break({ kind: "connect-timeout", text: "" });
      },
      seen: Doubt.Connect,
    },
    {
      name: "is a reset under a request",
      act: (b) => {
        b.openNow();
        b.dialer.last().break({ kind: "reset", text: "" });
      },
      seen: Doubt.Reset,
    },
    {
      name: "is an end that comes before the answer",
      act: (b) => {
        b.openNow();
        b.dialer.last().receiveEnd();
      },
      seen: Doubt.Reset,
    },
    {
      name: "is not a connection that its peer closes while it is idle",
      act: (b) => {
        b.openNow();
        b.codecs.last().finish();
        b.dialer.last().receiveEnd();
      },
      seen: 0,
    },
    {
      name: "is not a request that was given up here",
      act: (b) => {
        b.openNow();
        b.manager.close();
      },
      seen: 0,
    },
    {
      name: "is nothing that happens to an endpoint that has left: its slot may be another's",
      act: (b) => {
        b.openNow();
        b.manager.applyEndpoints({ ...SET, version: 2, endpoints: [] });
        b.dialer.last().break({ kind: "reset", text: "" });
      },
      seen: 0,
    },
  ];
  for (const { name, act, seen } of CASES) {
    it(name, () => {
      const bench = new UpstreamBench([clusterPlan("c", [])], createNodeMemory(1, 4096, 64));
      bench.manager.applyEndpoints(SET);
      act(bench);
      const { doubts } = bench.tables;
      assert.deepEqual([doubts.takeRow(5), doubts.take(9)], [seen !== 0, seen]);
    });
  }
});
