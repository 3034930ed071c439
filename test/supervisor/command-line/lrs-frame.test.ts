import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { emptyLrsState, type LrsState, loadReportServer } from "../../../src/control/load/server/lrs-behaviour.ts";
import { readLoadMessage } from "../../../src/control/load/server/read-message.ts";
import { LrsFrame } from "../../../src/supervisor/command-line/lrs-frame.ts";
import { clusterStats, loadRequest } from "../../support/lrs-client.ts";

let state: LrsState;

/** A report of as many requests to each of so many endpoints. */
function hear(success: number, endpoints: number, cluster = "shop"): void {
  const upstream_endpoint_stats = Array.from({ length: endpoints }, (_, i) => ({
    address: { socket_address: { address: "10.0.0.1", port_value: 80 + i } },
    total_successful_requests: success,
  }));
  const locality = { locality: { zone: "z" }, total_successful_requests: success, upstream_endpoint_stats };
  const more = { upstream_locality_stats: [{ ...locality, total_requests_in_progress: 2 }], total_dropped_requests: 3 };
  const message = readLoadMessage(loadRequest({ node: { id: "n" }, cluster_stats: [clusterStats(cluster, 0, more)] }));
  loadReportServer.step(state, { type: "requested", stream: 1, message }, 0);
}

describe("the picture of starling lrs-server --top", () => {
  beforeEach(() => {
    state = emptyLrsState();
    loadReportServer.step(state, { type: "stream-opened", stream: 1, peer: "" }, 0);
  });

  it("has clusters, localities and endpoints with their sums, rates over some pictures, and the end of the log", () => {
    const frame = new LrsFrame({ state, keepFailures: 0 }, 0);
    hear(10, 1);
    assert.deepEqual(frame.linesAt(1_000, ["a line of the log"]), [
      "up 1s; 1 streams of 1 known nodes; 1 reports, 0 repeated, 0 malformed",
      "",
      "cluster, locality, endpoint  per s  success  error  active  dropped",
      "shop                                     10      0       2        3",
      "  /z/                                    10      0       2",
      "    10.0.0.1:80                          10      0       0",
      "",
      "a line of the log",
    ]);
    hear(30, 1);
    assert.equal(frame.linesAt(2_000, [])[3], "shop                          30.0       40      0       2        6");
    assert.equal(frame.linesAt(3_000, [])[5], "    10.0.0.1:80               15.0       40      0       0");
    for (let ms = 4_000; ms < 8_000; ms += 1_000) frame.linesAt(ms, []);
    assert.equal(frame.linesAt(8_000, [])[3], "shop                           0.0       40      0       2        6");
  });

  it("leaves out what no screen holds, and shows no name that a terminal would act on", () => {
    hear(1, 1_000, "x\u001b[2J");
    const lines = new LrsFrame({ state, keepFailures: 0 }, 0).linesAt(1_000, []);
    assert.equal(lines.length, 3 + 500 + 1);
    assert.equal(lines.at(-1), "… 502 more");
    assert.match(lines[3] ?? "", /^x\ufffd\[2J /);
  });
});
