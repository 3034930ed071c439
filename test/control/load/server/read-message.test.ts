import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { loadWireMessage } from "../../../../src/config/load/load-wire.ts";
import { toProtoJson } from "../../../../src/config/load/to-proto-json.ts";
import { NAME_BYTES_MAX } from "../../../../src/control/load/server/limits.ts";
import { readLoadMessage, writeAsk } from "../../../../src/control/load/server/read-message.ts";
import { clusterStats, type LrsJson, loadRequest } from "../../../support/lrs-client.ts";

const NONE = { success: 0, error: 0, issued: 0, active: 0, cxTotal: 0, cxFailed: 0, cxActive: 0 };

function read(request: LrsJson) {
  const message = readLoadMessage(loadRequest(request));
  assert.ok(message !== null);
  return message;
}

describe("messages of the load reporting service", () => {
  it("are read with all that is counted", () => {
    const request = {
      node: { id: "n", cluster: "web", extensions: [{ name: "x", category: "y" }], metadata: { team: "t" } },
      cluster_stats: [
        {
          cluster_name: "c",
          cluster_service_name: "s",
          total_dropped_requests: 5,
          dropped_requests: [{ category: "lb", dropped_count: 4 }],
          load_report_interval: "1.9985s",
          upstream_locality_stats: [
            {
              locality: { region: "r", zone: "z", sub_zone: "s" },
              priority: 1,
              total_successful_requests: 1,
              total_requests_in_progress: 2,
              total_error_requests: 3,
              total_issued_requests: 4,
              total_new_connections: 6,
              total_fail_connections: 7,
              total_active_connections: 8,
              upstream_endpoint_stats: [
                {
                  address: { socket_address: { address: "::1", port_value: 80 } },
                  total_successful_requests: 1,
                  total_requests_in_progress: 2,
                  total_error_requests: 3,
                  total_issued_requests: 4,
                },
                { address: { pipe: { path: "/run/a.sock" } } },
              ],
            },
          ],
        },
      ],
    };
    const { node, clusters, raw } = read(request);
    assert.deepEqual(node, {
      id: "n",
      cluster: "web",
      wantsAck: false,
      skipsFirst: false,
      identity: null,
      shares: null,
    });
    assert.equal(raw.length, 1);
    assert.deepEqual(clusters, [
      {
        ...{ cluster: "c", service: "s", droppedTotal: 5, dropped: [{ category: "lb", count: 4 }], intervalMs: 1998.5 },
        localities: [
          {
            ...{ region: "r", zone: "z", subZone: "s", priority: 1 },
            counts: { success: 1, active: 2, error: 3, issued: 4, cxTotal: 6, cxFailed: 7, cxActive: 8 },
            endpoints: [
              { address: "[::1]:80", counts: { ...NONE, success: 1, active: 2, error: 3, issued: 4 } },
              { address: "/run/a.sock", counts: NONE },
            ],
          },
        ],
      },
    ]);
  });

  it("have their number and what their sender can do in their node", () => {
    const of = (metadata: LrsJson) => read({ node: { metadata, client_features: ["x", "starling.lrs.ack.v1"] } }).node;
    const numbered = of({ "starling.instance": "i", "starling.sequence": 7 });
    assert.deepEqual(numbered?.identity, { instance: "i", sequence: 7 });
    assert.equal(numbered.wantsAck, true);
    assert.equal(of({ "starling.instance": "i", "starling.sequence": "7" })?.identity, null);
    assert.equal(of({ "starling.instance": "i", "starling.sequence": 1.5 })?.identity, null);
    assert.equal(of({ "starling.instance": "i".repeat(129), "starling.sequence": 1 })?.identity, null);
    assert.equal(of({ "starling.nodes": [{ node: "n" }] })?.shares, null);
    assert.deepEqual(of({ "starling.nodes": [{ node: "n", instance: "i", sequence: 1 }] })?.shares, [
      { node: "n", identity: { instance: "i", sequence: 1 }, clusters: [] },
    ]);
  });

  it("keep no more of a long name than a limit, but clusters' names whole", () => {
    const long = "n".repeat(NAME_BYTES_MAX + 10);
    const { node, clusters } = read({ node: { id: long }, cluster_stats: [clusterStats(long, 1)] });
    assert.equal(node?.id.length, NAME_BYTES_MAX);
    assert.equal(clusters[0]?.cluster, long);
  });

  it("are none when their bytes are anything else, and nothing breaks", () => {
    const huge = clusterStats("c", 1, { total_dropped_requests: 2 ** 49 });
    assert.equal(readLoadMessage(loadRequest({ cluster_stats: [huge] })), null);
    assert.equal(readLoadMessage(Buffer.from([0x08, 0x01])), null);
    assert.equal(readLoadMessage(Buffer.from([0x12, 0xff])), null);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readLoadMessage(bytes)));
    const whole = loadRequest({
      node: { id: "n", metadata: { "starling.nodes": [{ node: "n", instance: "i", sequence: 1 }] } },
      cluster_stats: [clusterStats("c", 300)],
    });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const bytes = Uint8Array.from(whole);
        bytes[at] = byte;
        readLoadMessage(bytes);
        readLoadMessage(whole.subarray(0, at));
      }),
    );
  });

  it("are answered by what is asked for", () => {
    const ask = { all: false, clusters: ["a", "b"], intervalMs: 2_500, byEndpoint: true };
    const { message } = loadWireMessage(writeAsk(ask), "envoy.service.load_stats.v3.LoadStatsResponse", "test");
    assert.ok(message !== null);
    assert.deepEqual(toProtoJson(message), {
      clusters: ["a", "b"],
      load_reporting_interval: "2.500s",
      report_endpoint_granularity: true,
    });
  });
});
