import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { httpCheck, ProbeBench } from "../../../support/probe-bench.ts";

describe("the HTTP/1 prober", () => {
  let bench: ProbeBench;

  beforeEach(() => {
    bench = new ProbeBench();
  });

  afterEach(() => bench.end());

  it("asks as Envoy does and takes 200 for a success", async () => {
    const door = await bench.answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    const outcome = await bench.probe(door, httpCheck({ path: "/livez" }));
    assert.deepEqual(outcome, { kind: "success", reason: "", httpStatus: 200, verifiedCluster: false });
    assert.deepEqual(door.requests, ["GET /livez HTTP/1.1\r\nhost: backend\r\nuser-agent: Envoy/HC\r\n\r\n"]);
  });

  it("refuses a status outside the expected ones on a connection that it keeps", async () => {
    const door = await bench.answering("HTTP/1.1 506 Variant\r\ncontent-length: 2\r\n\r\nno");
    const probe = bench.create(door, httpCheck());
    assert.deepEqual(await probe.ask(), {
      kind: "refused",
      reason: "HTTP 506",
      httpStatus: 506,
      verifiedCluster: false,
    });
    assert.equal((await probe.ask()).kind, "refused");
    assert.equal(door.connections, 1);
  });

  it("says so when no answer comes in time, and connects anew", async () => {
    const door = await bench.behaving(() => {});
    const probe = bench.create(door, httpCheck({}, { timeoutMs: 50 }));
    const silent = { kind: "timeout", reason: "no answer within 50 ms", httpStatus: 0, verifiedCluster: false };
    assert.deepEqual(await probe.ask(), silent);
    assert.deepEqual(await probe.ask(), silent);
    assert.equal(door.connections, 2);
  });
});
