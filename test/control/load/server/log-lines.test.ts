import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { LRS_SERVER_DEFAULT } from "../../../../src/config/plan/lrs-server.ts";
import { LINE_MAX } from "../../../../src/control/load/server/limits.ts";
import { logLine } from "../../../../src/control/load/server/log-lines.ts";
import type { LrsEvent } from "../../../../src/control/load/server/lrs-events.ts";
import { readLoadMessage } from "../../../../src/control/load/server/read-message.ts";
import { clusterStats, type LrsJson, loadRequest } from "../../../support/lrs-client.ts";

const WHO = { cluster: "http_service", node: "0022a319e1e2" };
const WALL_MS = Date.UTC(2020, 1, 12, 17, 8, 20);

function statsEvent(stats: LrsJson): LrsEvent {
  const message = readLoadMessage(loadRequest({ cluster_stats: [stats] }));
  const [first] = message?.clusters ?? [];
  const [raw] = message?.raw ?? [];
  assert.ok(first !== undefined && raw !== undefined);
  return { type: "stats", ...WHO, stats: first, raw };
}

const DOCUMENT: readonly (readonly [event: LrsEvent, line: string])[] = [
  [{ type: "listening", address: ":18000" }, "LRS Server is up and running on :18000"],
  [
    { type: "node-added", ...WHO, isFirst: true },
    "Adding new cluster to cache `http_service` with node `0022a319e1e2`",
  ],
  [{ type: "node-added", ...WHO, isFirst: false }, "Adding new node `0022a319e1e2` to existing cluster `http_service`"],
  [
    { type: "asked", ...WHO, ask: LRS_SERVER_DEFAULT.ask },
    "Creating LRS response for cluster http_service, node 0022a319e1e2 with frequency 2 secs",
  ],
  [
    statsEvent({ ...(clusterStats("local_service", 21) as LrsJson), load_report_interval: "1.998411s" }),
    'Got stats from cluster `http_service` node `0022a319e1e2` - cluster_name:"local_service" ' +
      "upstream_locality_stats:<locality:<> total_successful_requests:21 total_issued_requests:21 > " +
      "load_report_interval:<seconds:1 nanos:998411000 >",
  ],
];

describe("the log of a server of load reports", () => {
  for (const [event, line] of DOCUMENT) {
    it(`says of ${event.type}${"isFirst" in event && event.isFirst ? " (first)" : ""} what the document shows`, () => {
      assert.equal(logLine(event, WALL_MS, "text"), `2020/02/12 17:08:20 ${line}`);
    });
  }

  it("shows endpoints, and escapes what a terminal would act on", () => {
    const endpoint = {
      address: { socket_address: { address: "127.0.0.1", port_value: 21001 } },
      total_successful_requests: 32,
      metadata: { a: 1 },
    };
    const stats = {
      cluster_name: 'a"\u001b[2J\n\\',
      upstream_locality_stats: [
        {
          upstream_endpoint_stats: [endpoint],
          load_metric_stats: [{ metric_name: "m", num_requests_finished_with_metric: 2, total_metric_value: 0.5 }],
        },
      ],
    };
    assert.equal(
      logLine(statsEvent(stats), WALL_MS, "text").slice(80),
      String.raw`cluster_name:"a\"\033[2J\n\\" upstream_locality_stats:<load_metric_stats:<metric_name:"m" ` +
        "num_requests_finished_with_metric:2 total_metric_value:0.5 > upstream_endpoint_stats:<address:<socket_address:<" +
        'address:"127.0.0.1" port_value:21001 > > total_successful_requests:32 > >',
    );
    const hostile = { type: "node-added", cluster: "c", node: "n\n\u001b[2J", isFirst: true } as const;
    assert.equal(
      logLine(hostile, WALL_MS, "text").slice(20),
      "Adding new cluster to cache `c` with node `n\ufffd\ufffd[2J`",
    );
  });

  it("cuts lines that no screen holds", () => {
    const line = logLine({ type: "note", text: "x".repeat(2 * LINE_MAX) }, WALL_MS, "text");
    assert.equal(line.length, LINE_MAX + 1);
    const address = { socket_address: { address: "10.0.0.1", port_value: 80 } };
    const endpoints = Array.from({ length: 5_000 }, () => ({ address, total_issued_requests: 1 }));
    const stats = {
      cluster_name: "c",
      upstream_locality_stats: [{ locality: {}, upstream_endpoint_stats: endpoints }],
    };
    const { length } = logLine(statsEvent(stats), WALL_MS, "text");
    assert.ok(length > LINE_MAX / 4 && length <= LINE_MAX + 1, `${length}`);
  });

  it("is JSON on demand, with the same events", () => {
    const lines = DOCUMENT.map(([event]) => JSON.parse(logLine(event, WALL_MS, "json")) as LrsJson);
    assert.deepEqual(
      lines.map(({ time, event }) => `${time} ${event}`),
      DOCUMENT.map(([event]) => `2020-02-12T17:08:20.000Z ${event.type}`),
    );
    assert.deepEqual(lines[3]?.["ask"], {
      clusters: ["local_service"],
      load_reporting_interval: "2s",
      report_endpoint_granularity: true,
    });
    assert.deepEqual(lines[4]?.["stats"], {
      ...{ cluster: "local_service", interval_ms: 1998.411, dropped: 0 },
      localities: [{ region: "", zone: "", sub_zone: "", priority: 0, success: 21, error: 0, issued: 21, active: 0 }],
    });
  });
});
