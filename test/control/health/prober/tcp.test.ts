import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { ProbeBench, tcpCheck } from "../../../support/probe-bench.ts";

describe("the TCP prober", () => {
  let bench: ProbeBench;

  beforeEach(() => {
    bench = new ProbeBench();
  });

  afterEach(() => bench.end());

  it("takes a connection for a success and ends it", async () => {
    const door = await bench.behaving(() => {});
    const probe = bench.create(door, tcpCheck());
    const kinds = [(await probe.ask()).kind, (await probe.ask()).kind];
    assert.deepEqual(kinds, ["success", "success"]);
    const refused = await bench.probe(await bench.closedPort(), tcpCheck());
    assert.deepEqual(refused, {
      kind: "network",
      reason: "connection refused",
      httpStatus: 0,
      verifiedCluster: false,
    });
  });

  it("keeps its connection while texts come and go", async () => {
    const door = await bench.answering("xxPO__NG..", "say PO and NG");
    const probe = bench.create(door, tcpCheck("PING", ["PO", "NG"]));
    const kinds = [(await probe.ask()).kind, (await probe.ask()).kind];
    assert.deepEqual(kinds, ["success", "success"]);
    assert.deepEqual([door.requests, door.connections], [["PING", "PING"], 1]);
  });
});
