import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ErrorCode } from "../../../src/protocol/fault.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { Http2Client } from "../../support/http2-client.ts";
import { acting, listener, manager } from "../../support/listener-plans.ts";
import { goldenText } from "../../support/live-proxy.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const FIELDS = { ":method": "POST", "content-type": "application/grpc+proto", te: "trailers" };
const GRPC = { "content-type": "application/grpc" };

function withClient(play: (client: Http2Client, up: FakeCluster, world: ExchangeWorld) => void): void {
  const world = new ExchangeWorld(listener());
  const up = world.upstreams.add("up");
  play(new Http2Client(world.connect()), up, world);
  assert.deepEqual(world.leaks(), []);
}

describe("a gRPC call", () => {
  it("goes up with its te, its type and its metadata as they came", () =>
    withClient((client, up) => {
      const bin = { "trace-bin": "AAECAw", "x-user-bin": "//8" };
      client.request("/a.B/C", { fields: { ...FIELDS, ...bin } });
      const { head } = up.stream();
      for (const line of [
        "te: trailers",
        "content-type: application/grpc+proto",
        "trace-bin: AAECAw",
        "x-user-bin: //8",
      ])
        assert.ok(head.includes(line), line);
      up.stream().respond(200, GRPC);
    }));

  it("gives its trailers as trailers, and trailers without a body as such", () =>
    withClient((client, up) => {
      const whole = client.request("/a.B/C", { fields: FIELDS });
      up.stream().respond(200, GRPC, null);
      up.stream().data("\0\0\0\0\0", false);
      up.stream().endWithTrailers({ "grpc-status": "0", "x-bin": "AA" });
      const bare = client.request("/a.B/C", { fields: FIELDS });
      up.stream().respond(200, { ...GRPC, "grpc-status": "12" });
      client.settle();
      assert.deepEqual(whole.trailers, ["grpc-status: 0", "x-bin: AA"]);
      assert.ok(bare.ended && bare.head.includes("grpc-status: 12"));
      assert.deepEqual(bare.trailers, []);
    }));

  for (const [title, begun] of [
    ["before its answer", false],
    ["in the middle of its answer", true],
  ] as const) {
    it(`is cancelled upstream in the same turn as the client resets it ${title}`, () =>
      withClient((client, up, world) => {
        const call = client.request("/a.B/C", { end: false, fields: FIELDS });
        const stream = up.stream();
        for (const answer of begun ? [null] : []) stream.respond(200, GRPC, answer);
        client.settle();
        call.writer?.reset(ErrorCode.Cancel);
        client.settle();
        assert.equal(stream.resetCode, ErrorCode.Cancel);
        assert.equal(world.stat("http.main.downstream_rq_active"), 0);
      }));
  }

  it("is UNAVAILABLE when the upstream resets it before an answer, and reset when it had begun", () =>
    withClient((client, up) => {
      const early = client.request("/a.B/C", { fields: FIELDS });
      up.stream().fail("remote_reset");
      const late = client.request("/a.B/C", { fields: FIELDS });
      up.stream().respond(200, GRPC, null);
      client.settle();
      up.stream().fail("remote_reset");
      client.settle();
      assert.ok(early.head.includes("grpc-status: 14"));
      assert.equal(late.status, 200);
      assert.equal(late.fault?.kind, "remote_reset");
    }));
});

describe("a local answer to a gRPC call", () => {
  const cases = goldenText("grpc-lb/local-replies.txt")
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("#"));

  for (const line of cases) {
    const [status = "", expected = ""] = line.split(" -> HTTP/1.1 200 OK | ");
    it(`is what Envoy makes of ${status}`, () => {
      const body = Buffer.from(`body ${status}`);
      const answer = { kind: "direct_response", status: Number(status), body, bodyFormat: null } as const;
      const routes = routeConfig(virtualHost("v", ["*"], [acting("/", answer)]));
      const world = new ExchangeWorld(listener(manager({ routes })));
      const client = new Http2Client(world.connect());
      const call = client.request("/a.B/C", { fields: FIELDS });
      client.settle();
      assert.equal(call.status, 200);
      const told = call.head.filter((field) => /^(content-type|grpc-)/.test(field));
      assert.deepEqual(told, expected.split(" | "));
      assert.equal(call.ended, true);
      assert.deepEqual(world.leaks(), []);
    });
  }

  it("is known for thirteen statuses", () => assert.equal(cases.length, 13));
});
