import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { writeReport } from "../../../../src/control/load/client/wire.ts";
import { readLoadMessage } from "../../../../src/control/load/server/read-message.ts";
import type { ClusterLoad } from "../../../../src/messages/load.ts";
import { cluster, endpoint, locality } from "../merge/loads.ts";

const NODE = { id: "n", cluster: "c", region: "", zone: "", subZone: "", metadata: {} };
const REPORTER = { node: NODE, version: "1.0.0", instance: "i" };
const REQUESTS = { success: 1, error: 2, issued: 3, active: 4 };

function sent(load: ClusterLoad): ReturnType<typeof readLoadMessage> {
  const share = { node: "a", instance: "i", sequence: 1, clusters: [load] };
  return readLoadMessage(
    writeReport(REPORTER, { sequence: 1, clusters: [{ load, intervalMs: 1_000 }], shares: [share] }),
  );
}

describe("reports as bytes", () => {
  const rows = [
    ["none where there are none", [0, 0, 0]],
    ["those of a TCP proxy's cluster", [7, 2, 3]],
  ] as const;
  for (const [title, [cxTotal, cxFailed, cxActive]] of rows) {
    it(`tell connections of the whole and of each node's share: ${title}`, () => {
      const load = cluster("tcp", [locality("z", [endpoint(1, [1, 2, 3, 4])], [cxTotal, cxFailed, cxActive])]);
      const message = sent(load);
      const counts = { ...REQUESTS, cxTotal, cxFailed, cxActive };
      assert.deepEqual(message?.clusters[0]?.localities[0]?.counts, counts);
      assert.deepEqual(message.node?.shares?.[0]?.clusters[0]?.localities[0]?.counts, counts);
    });
  }

  it("have no more bytes for connections that there are none of", () => {
    const bytes = (opened: number): number => {
      const load = cluster("tcp", [locality("z", [endpoint(1, [1, 2, 3, 4])], [opened, 0, 0])]);
      return writeReport(REPORTER, { sequence: 1, clusters: [{ load, intervalMs: 1_000 }], shares: [] }).length;
    };
    // A tag and a number.
    assert.equal(bytes(1) - bytes(0), 2);
  });
});
