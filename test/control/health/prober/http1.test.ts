import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { NO_ENDPOINT_CHECK } from "../../../../src/config/plan/health-check.ts";
import type { ProbeOutcome } from "../../../../src/control/health/probe.ts";
import { bytesOf, httpCheck } from "../../../support/check-plans.ts";
import { ProbeBench } from "../../../support/probe-bench.ts";

describe("the HTTP/1 prober", () => {
  let bench: ProbeBench;

  beforeEach(() => {
    bench = new ProbeBench();
  });

  afterEach(() => bench.end());

  describe("what it sends", () => {
    it("is Envoy's request on a connection that it keeps", async () => {
      const door = await bench.answering(OK);
      const probe = bench.create(door, httpCheck({ path: "/livez" }));
      assert.deepEqual(await probe.ask(), GOOD);
      assert.deepEqual(await probe.ask(), GOOD);
      const request = "GET /livez HTTP/1.1\r\nhost: backend\r\nuser-agent: Envoy/HC\r\n\r\n";
      assert.deepEqual([door.requests, door.connections], [[request, request], 1]);
    });

    it("has the method, the host and the fields of the check", async () => {
      const door = await bench.answering("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n");
      const check = httpCheck({
        method: "HEAD",
        host: "hc.example",
        headersToAdd: [
          { name: "x-hc", value: "1", action: "append" },
          { name: "x-hc", value: "2", action: "append" },
          { name: "x-hc", value: "3", action: "add_if_absent" },
          { name: "x-one", value: "a", action: "add_if_absent" },
          { name: "x-two", value: "b", action: "overwrite" },
          { name: "user-agent", value: "d", action: "add_if_absent" },
          { name: "x-none", value: "c", action: "overwrite_if_exists" },
        ],
        headersToRemove: ["user-agent"],
      });
      assert.deepEqual(await bench.probe(door, check), GOOD);
      assert.deepEqual(door.requests, [
        "HEAD / HTTP/1.1\r\nhost: hc.example\r\nx-two: b\r\nx-hc: 1\r\nx-hc: 2\r\nx-hc: 3\r\nx-one: a\r\nuser-agent: d\r\n\r\n",
      ]);
    });

    it("has the payload behind its length, and the length behind all fields", async () => {
      const door = await bench.answering(OK);
      const check = httpCheck({
        method: "POST",
        send: bytesOf("PING"),
        headersToAdd: [{ name: "x-a", value: "1", action: "append" }],
      });
      assert.deepEqual(await bench.probe(door, check), GOOD);
      assert.deepEqual(door.requests, [
        "POST / HTTP/1.1\r\nhost: backend\r\nuser-agent: Envoy/HC\r\nx-a: 1\r\ncontent-length: 4\r\n\r\nPING",
      ]);
    });

    it("goes where the endpoint's own check settings say, before the check's port", async () => {
      const door = await bench.answering(OK);
      const check = { ...NO_ENDPOINT_CHECK, port: door.port, address: "127.0.0.1", hostname: "own.example" };
      const elsewhere = { kind: "socket", host: "127.0.0.9", port: 1, ipv4Compat: false } as const;
      const options = { endpoint: { address: elsewhere, check } };
      const asked = httpCheck({ host: "hc.example" }, { altPort: 2 });
      assert.deepEqual(await bench.probe(door, asked, options), GOOD);
      assert.match(door.requests[0] ?? "", /^host: own\.example\r$/m);
      const byCheck = httpCheck({}, { altPort: door.port });
      const noPort = { address: { ...elsewhere, host: "127.0.0.1" } };
      assert.deepEqual(await bench.probe(door, byCheck, { endpoint: noPort }), GOOD);
    });

    it("comes from the cluster's source address", async () => {
      const { promise, resolve } = Promise.withResolvers<string | undefined>();
      const door = await bench.behaving((socket) => {
        resolve(socket.remoteAddress);
        socket.on("data", () => socket.write(OK));
      });
      await bench.probe(door, httpCheck(), { cluster: { bindAddress: "127.0.0.3" } });
      assert.equal(await promise, "127.0.0.3");
    });
  });

  describe("what it makes of an answer", () => {
    const verdict = async (answer: string, checker: Parameters<typeof httpCheck>[0] = {}): Promise<ProbeOutcome> =>
      bench.probe(await bench.answering(answer), httpCheck(checker));
    const no = (kind: ProbeOutcome["kind"], reason: string, httpStatus: number): ProbeOutcome => ({
      kind,
      reason,
      httpStatus,
      verifiedCluster: false,
    });

    it("goes by the expected statuses, 200 alone unless told", async () => {
      const expectedStatuses = [
        { start: 200, end: 201 },
        { start: 300, end: 400 },
      ];
      assert.deepEqual(await verdict(status(204)), no("refused", "HTTP 204", 204));
      assert.deepEqual(await verdict(status(302), { expectedStatuses }), no("success", "", 302));
      assert.deepEqual(await verdict(status(400), { expectedStatuses }), no("refused", "HTTP 400", 400));
    });

    it("counts retriable statuses up", async () => {
      const retriableStatuses = [{ start: 500, end: 501 }];
      assert.deepEqual(await verdict(status(500), { retriableStatuses }), no("retriable", "HTTP 500", 500));
      assert.deepEqual(await verdict(status(503), { retriableStatuses }), no("refused", "HTTP 503", 503));
    });

    it("looks for the texts in their order, within the bytes that count", async () => {
      const receive = [bytesOf("one"), bytesOf("two")];
      const said = (body: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
      const lacks = no("refused", "the body lacks the expected text", 200);
      assert.deepEqual(await verdict(said("..one..two.."), { receive }), GOOD);
      assert.deepEqual(await verdict(said("two one"), { receive }), lacks);
      assert.deepEqual(await verdict(said("onetwo"), { receive, responseBytesMax: 5 }), lacks);
      assert.deepEqual(await verdict(said("onetwo"), { receive, responseBytesMax: 6 }), GOOD);
    });

    it("compares the service's name", async () => {
      const serviceName = { kind: "prefix", value: "good", ignoreCase: false } as const;
      const named = (name: string): string => status(200, `x-envoy-upstream-healthchecked-cluster: ${name}`);
      assert.deepEqual(await verdict(named("good-1"), { serviceName }), { ...GOOD, verifiedCluster: true });
      const other = { ...no("refused", 'the service is "bad"', 200), verifiedCluster: true };
      assert.deepEqual(await verdict(named("bad"), { serviceName }), other);
      assert.equal((await verdict(status(200), { serviceName })).reason, 'the service is ""');
    });

    it("sees degradation, and nothing in the immediate-fail field", async () => {
      assert.deepEqual(await verdict(status(200, "x-envoy-degraded: true")), no("degraded", "", 200));
      assert.deepEqual(await verdict(status(200, "x-envoy-immediate-health-check-fail: true")), GOOD);
    });

    it("waits for the final answer and for the end of its body", async () => {
      assert.deepEqual(await verdict(`HTTP/1.1 100 Continue\r\n\r\n${OK}`), GOOD);
      assert.deepEqual(await verdict(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}`), GOOD);
      const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";
      assert.deepEqual(await verdict(chunked, { receive: [bytesOf("netw")] }), GOOD);
    });

    it("reads HTTP/1.0 and bodies that end with their connection", async () => {
      const door = await bench.behaving((socket) => {
        socket.on("data", () => socket.end("HTTP/1.0 200 OK\r\n\r\nbody"));
      });
      const probe = bench.create(door, httpCheck({ receive: [bytesOf("body")] }));
      assert.deepEqual(await probe.ask(), GOOD);
      assert.deepEqual(await probe.ask(), GOOD);
      assert.equal(door.connections, 2);
    });
  });

  describe("its connection", () => {
    it("ends after each probe when it is not to be reused", async () => {
      const door = await bench.answering(OK);
      const probe = bench.create(door, httpCheck({}, { reuseConnection: false }));
      assert.deepEqual(await probe.ask(), GOOD);
      await door.empty();
      assert.deepEqual(await probe.ask(), GOOD);
      await door.empty();
      assert.equal(door.connections, 2);
    });

    it("is made anew after the endpoint said close", async () => {
      const door = await bench.answering(status(200, "connection: close"));
      const probe = bench.create(door, httpCheck());
      assert.deepEqual([(await probe.ask()).kind, (await probe.ask()).kind], ["success", "success"]);
      await door.empty();
      assert.equal(door.connections, 2);
    });

    it("may end between two probes", async () => {
      const door = await bench.behaving((socket) => {
        socket.on("data", () => socket.write(OK, () => socket.end()));
      });
      const probe = bench.create(door, httpCheck());
      assert.deepEqual(await probe.ask(), GOOD);
      await door.empty();
      assert.deepEqual(await probe.ask(), GOOD);
      assert.equal(door.connections, 2);
    });

    it("may end when the next probe is on its way: that one is sent again on a new connection", async () => {
      const door = await bench.behaving((socket) => {
        socket.once("data", () => {
          socket.write(OK);
          socket.once("data", () => socket.resetAndDestroy());
        });
      });
      const probe = bench.create(door, httpCheck());
      assert.deepEqual([(await probe.ask()).kind, (await probe.ask()).kind], ["success", "success"]);
      assert.deepEqual([door.connections, door.requests.length], [2, 3]);
    });

    it("fails a probe when it is a new one that ends", async () => {
      const reset = await bench.behaving((socket) => socket.on("data", () => socket.resetAndDestroy()));
      assert.equal((await bench.probe(reset, httpCheck())).reason, "connection reset");
      const closing = await bench.behaving((socket) => socket.on("data", () => socket.end()));
      assert.deepEqual(await bench.probe(closing, httpCheck()), {
        kind: "network",
        reason: "connection closed without an answer",
        httpStatus: 0,
        verifiedCluster: false,
      });
      const refused = await bench.probe(await bench.closedPort(), httpCheck());
      assert.deepEqual([refused.kind, refused.reason], ["network", "connection refused"]);
    });

    it("is given up with a late answer", async () => {
      const door = await bench.behaving(() => {});
      const probe = bench.create(door, httpCheck({}, { timeoutMs: 50 }));
      const silent = { kind: "timeout", reason: "no answer within 50 ms", httpStatus: 0, verifiedCluster: false };
      assert.deepEqual([await probe.ask(), await probe.ask()], [silent, silent]);
      await door.empty();
      assert.equal(door.connections, 2);
    });

    it("ends with a probe that is closed, which says nothing any more", async () => {
      const door = await bench.answering(OK);
      const probe = bench.create(door, httpCheck());
      await probe.ask();
      probe.start();
      probe.close();
      await door.empty();
      assert.equal(probe.outcomes, 1);
    });
  });
});

function status(code: number, field: string = "x-a: b"): string {
  return `HTTP/1.1 ${code} Some\r\n${field}\r\n${code === 204 ? "" : "content-length: 0\r\n"}\r\n`;
}

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const GOOD: ProbeOutcome = { kind: "success", reason: "", httpStatus: 200, verifiedCluster: false };
