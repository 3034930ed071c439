import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { tcpCheck } from "../../../support/check-plans.ts";
import { drip } from "../../../support/lying-bench.ts";
import { ProbeBench } from "../../../support/probe-bench.ts";

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
    assert.deepEqual(refused, { kind: "network", reason: "connection refused", httpStatus: 0, verifiedCluster: false });
  });

  it("takes a connection for enough when there is a text to send and none to wait for, as Envoy", async () => {
    const door = await bench.behaving(() => {});
    assert.equal((await bench.probe(door, tcpCheck("PING"))).kind, "success");
    assert.deepEqual(door.requests, []);
  });

  it("keeps its connection while texts come and go", async () => {
    const door = await bench.answering("xxPO__NG..", "say PO and NG");
    const probe = bench.create(door, tcpCheck("PING", ["PO", "NG"]));
    const kinds = [(await probe.ask()).kind, (await probe.ask()).kind];
    assert.deepEqual(kinds, ["success", "success"]);
    assert.deepEqual([door.requests, door.connections], [["PING", "PING"], 1]);
  });

  it("ends its connection each time when it is not to be reused", async () => {
    const door = await bench.answering("PONG");
    const probe = bench.create(door, tcpCheck("PING", ["PONG"], { reuseConnection: false }));
    assert.deepEqual([(await probe.ask()).kind, (await probe.ask()).kind], ["success", "success"]);
    await door.empty();
    assert.equal(door.connections, 2);
  });

  it("waits for the texts over several reads, and in vain for those in another order", async () => {
    const door = await bench.behaving((socket) => {
      socket.on("data", () => drip(socket, ["P", "ON", "G"], 5));
    });
    assert.equal((await bench.probe(door, tcpCheck("PING", ["PO", "NG"]))).kind, "success");
    const reversed = tcpCheck("PING", ["NG", "PO"], { timeoutMs: 60 });
    assert.deepEqual(await bench.probe(door, reversed), {
      kind: "timeout",
      reason: "no answer within 60 ms",
      httpStatus: 0,
      verifiedCluster: false,
    });
  });

  it("connects anew after the endpoint closed between two probes", async () => {
    const door = await bench.behaving((socket) => socket.on("data", () => socket.write("PONG", () => socket.end())));
    const probe = bench.create(door, tcpCheck("PING", ["PONG"]));
    assert.equal((await probe.ask()).kind, "success");
    await door.empty();
    assert.equal((await probe.ask()).kind, "success");
    assert.equal(door.connections, 2);
  });

  it("asks again when a kept connection ends instead of answering, and fails when a new one does", async () => {
    const door = await bench.behaving((socket, connection) => {
      socket.once("data", () => {
        socket.write("PONG");
        socket.once("data", () => socket.resetAndDestroy());
      });
      if (connection === 3) socket.end();
    });
    const probe = bench.create(door, tcpCheck("PING", ["PONG"]));
    assert.deepEqual([(await probe.ask()).kind, (await probe.ask()).kind], ["success", "success"]);
    const fresh = await bench.probe(door, tcpCheck("PING", ["PONG"]));
    assert.deepEqual([fresh.kind, fresh.reason], ["network", "connection closed without an answer"]);
  });

  it("lets go of a connection on which too much comes between two probes", async () => {
    const door = await bench.behaving((socket) => {
      socket.once("data", () => {
        socket.write("PONG");
        setTimeout(() => socket.write(Buffer.alloc(200_000, "x")), 10);
      });
    });
    const probe = bench.create(door, tcpCheck("PING", ["PONG"]));
    assert.equal((await probe.ask()).kind, "success");
    await door.empty();
    assert.equal((await probe.ask()).kind, "success");
  });

  it("reaches unix sockets' endpoints by their path alone", async () => {
    const nowhere = { kind: "pipe", path: "@starling-probe-nowhere", mode: 0 } as const;
    const door = await bench.behaving(() => {});
    const outcome = await bench.probe(door, tcpCheck("", [], { altPort: door.port }), {
      endpoint: { address: nowhere },
    });
    assert.deepEqual([outcome.kind, outcome.reason], ["network", "connection refused"]);
  });
});
