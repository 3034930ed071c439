import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { OutlierPlan } from "../../../src/config/plan/health-check.ts";
import { type OnSuspected, OutlierMonitor } from "../../../src/dataplane/upstream/outlier-monitor.ts";
import type { Endpoint } from "../../../src/dataplane/upstream/upstream.ts";
import { createHealthMemory, HealthFlag, HealthTable } from "../../../src/telemetry/health-table.ts";
import { createOutlierMemory, OutlierCount, OutlierTable } from "../../../src/telemetry/outlier-table.ts";
import { outlierPlan } from "../../support/outlier-plans.ts";

const endpoint = { slot: 2, isRetired: false } as Endpoint;

/** What a case may change of the monitor's surroundings. */
interface Around {
  readonly at?: Endpoint;
  readonly runtime?: Readonly<Record<string, string>>;
}

/** Feeds results: a number is an answer's status, `-504` a local failure that counts as 504, 0 a connection. */
function told(more: Partial<OutlierPlan>, results: readonly number[], { at = endpoint, runtime = {} }: Around = {}) {
  const table = new OutlierTable(createOutlierMemory(4, 8));
  const suspected: string[] = [];
  const onSuspected: OnSuspected = (row, slot, kind) => suspected.push(`${row}/${slot} ${kind}`);
  const health = new HealthTable(createHealthMemory(4, 8));
  const parts = { outliers: table, health, runtime: new Map(Object.entries(runtime)), onSuspected };
  const monitor = new OutlierMonitor(outlierPlan(more), parts, 7);
  const tell = (result: number): void => {
    if (result === 0) monitor.onConnected(at);
    else if (result < 0) monitor.onLocalFailure(at, -result);
    else monitor.onAnswer(at, result);
  };
  results.forEach(tell);
  const counts = Object.fromEntries(
    Object.entries(OutlierCount)
      .map(([name, count]): [string, number] => [name, table.read(2, count)])
      .filter(([, value]) => value !== 0),
  );
  return { suspected, counts };
}

interface Case {
  readonly title: string;
  readonly plan: Partial<OutlierPlan>;
  readonly results: readonly number[];
  readonly suspected: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

const three = { consecutive5xx: 3, consecutiveGatewayFailure: 3, consecutiveLocalOriginFailure: 3 };
const split = { ...three, splitExternalLocalOriginErrors: true };

const CASES: readonly Case[] = [
  {
    title: "5xx in a row reach the threshold once, whatever comes after",
    plan: three,
    results: [500, 501, 599, 500, 500, 500],
    suspected: ["7/2 consecutive_5xx"],
    counts: { Consecutive5xx: 6, Requests: 6 },
  },
  {
    title: "an answer that is no 5xx ends the row",
    plan: three,
    results: [500, 503, 404, 500, 502],
    suspected: [],
    counts: { Consecutive5xx: 2, ConsecutiveGatewayFailure: 1, Requests: 5, Successes: 1 },
  },
  {
    title: "502, 503 and 504 are gateway failures, and are told before the 5xx that they are too",
    plan: three,
    results: [502, 503, 504],
    suspected: ["7/2 consecutive_gateway_failure", "7/2 consecutive_5xx"],
    counts: { Consecutive5xx: 3, ConsecutiveGatewayFailure: 3, Requests: 3 },
  },
  {
    title: "a 500 ends a row of gateway failures but not of 5xx",
    plan: three,
    results: [502, 503, 500, 504],
    suspected: ["7/2 consecutive_5xx"],
    counts: { Consecutive5xx: 4, ConsecutiveGatewayFailure: 1, Requests: 4 },
  },
  {
    title: "a failure of the network counts as its status when the two are not told apart",
    plan: three,
    results: [0, -503, -504, 0, -503],
    suspected: ["7/2 consecutive_gateway_failure", "7/2 consecutive_5xx"],
    counts: { Consecutive5xx: 3, ConsecutiveGatewayFailure: 3, Requests: 3 },
  },
  {
    title: "a timeout that is answered with 204 is a success when the two are not told apart, as in Envoy",
    plan: three,
    results: [500, 500, -204],
    suspected: [],
    counts: { Requests: 3, Successes: 1 },
  },
  {
    title: "split, connections that are refused count apart from answers",
    plan: split,
    results: [500, -503, 500, -503, -503],
    suspected: ["7/2 consecutive_local_origin_failure"],
    counts: { Consecutive5xx: 2, Requests: 2, ConsecutiveLocalOriginFailure: 3, LocalAttempts: 3 },
  },
  {
    title: "split, a connection that opens ends the row of local failures and is a success",
    plan: split,
    results: [-503, -503, 0, -504],
    suspected: [],
    counts: { ConsecutiveLocalOriginFailure: 1, LocalAttempts: 4, LocalSuccesses: 1 },
  },
  {
    title: "a threshold of zero is never reached",
    plan: { ...three, consecutive5xx: 0, consecutiveGatewayFailure: 0 },
    results: [503, 503, 503],
    suspected: [],
    counts: { Consecutive5xx: 3, ConsecutiveGatewayFailure: 3, Requests: 3 },
  },
];

describe("outlier monitor", () => {
  for (const { title, plan, results, suspected, counts } of CASES) {
    it(title, () => assert.deepEqual(told(plan, results), { suspected, counts }));
  }

  it("reaches the thresholds that the runtime says", () => {
    const runtime = {
      "outlier_detection.consecutive_5xx": "2",
      "outlier_detection.consecutive_gateway_failure": "1",
      "outlier_detection.consecutive_local_origin_failure": "2",
    };
    const { suspected } = told(split, [502, 500, -503, -503, -503], { runtime });
    assert.deepEqual(suspected, [
      "7/2 consecutive_gateway_failure",
      "7/2 consecutive_5xx",
      "7/2 consecutive_local_origin_failure",
    ]);
  });

  it("tells of an endpoint that says it is degraded until its flag is up, where the plan asks for it", () => {
    const health = new HealthTable(createHealthMemory(4, 8));
    const suspected: string[] = [];
    const parts = {
      outliers: new OutlierTable(createOutlierMemory(4, 8)),
      health,
      runtime: new Map<string, string>(),
      onSuspected: (row: number, slot: number, kind: string) => suspected.push(`${row}/${slot} ${kind}`),
    };
    const monitor = new OutlierMonitor(outlierPlan({ detectsDegraded: true }), parts, 7);
    new OutlierMonitor(outlierPlan(), parts, 7).onDegraded(endpoint);
    monitor.onDegraded({ slot: 2, isRetired: true } as Endpoint);
    assert.deepEqual(suspected, []);
    monitor.onDegraded(endpoint);
    health.set(2, HealthFlag.DegradedOutlierDetection);
    monitor.onDegraded(endpoint);
    assert.deepEqual(suspected, ["7/2 degradation"]);
  });

  it("counts nothing of an endpoint that has left, whose slot may be another's", () => {
    const gone = { slot: 2, isRetired: true } as Endpoint;
    for (const plan of [three, split]) {
      assert.deepEqual(told(plan, [0, 500, -503, 200], { at: gone }), { suspected: [], counts: {} });
    }
  });
});
