import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { GrpcStatsPlan } from "../../../../src/config/plan/filters/grpc-stats.ts";
import { type FilterScene, filterScene } from "../../../support/filter-scene.ts";
import { Http2Client } from "../../../support/http2-client.ts";

const HI = "/helloworld.Greeter/SayHello";

function scene(more: Partial<GrpcStatsPlan> = {}): FilterScene {
  const plan: GrpcStatsPlan = { kind: "grpc_stats", methods: "all", upstreamStats: false, replaceDots: false, ...more };
  return filterScene({ filters: { g: plan } });
}

/** One unary call of two messages up and one down, ended with this status. */
function call({ world, up }: FilterScene, path: string, status: string): void {
  const client = new Http2Client(world.connect());
  const made = client.request(path, {
    end: false,
    fields: { ":method": "POST", "content-type": "application/grpc" },
  });
  const body = Buffer.concat([message("abc"), message("")]);
  made.writer?.writeData(body, 0, body.length, true);
  client.settle();
  up.stream().respond(200, { "content-type": "application/grpc" }, null);
  up.stream().data(message("x".repeat(300)).toString("latin1"), false);
  up.stream().endWithTrailers({ "grpc-status": status });
  client.settle();
  assert.deepEqual(made.trailers, [`grpc-status: ${status}`]);
  assert.deepEqual(world.leaks(), []);
}

function message(text: string): Buffer {
  const frame = Buffer.alloc(5 + text.length);
  frame.writeUInt32BE(text.length, 1);
  frame.write(text, 5);
  return frame;
}

describe("the grpc_stats filter", () => {
  it("counts calls and messages by service and method", () => {
    const one = scene();
    call(one, HI, "0");
    call(one, HI, "5");
    const at = (name: string): number => one.world.stat(`cluster.up.grpc.helloworld.Greeter.SayHello.${name}`);
    const names = ["0", "5", "success", "failure", "total", "request_message_count", "response_message_count"];
    assert.deepEqual(names.map(at), [1, 1, 1, 1, 2, 4, 2]);
  });

  it("counts methods that are not in the list without their names", () => {
    const one = scene({ methods: ["helloworld.Greeter/SayHello"] });
    call(one, HI, "0");
    call(one, "/helloworld.Greeter/Other", "0");
    assert.equal(one.world.stat("cluster.up.grpc.helloworld.Greeter.SayHello.total"), 1);
    assert.equal(one.world.stat("cluster.up.grpc.helloworld.Greeter.Other.total"), 0);
    assert.equal(one.world.stat("cluster.up.grpc.total"), 1);
  });

  it("gives no more than 1,024 paths a name of their own", () => {
    const one = scene();
    for (let i = 0; i < 1_025; i++) call(one, `/a.B/m${i}`, "0");
    assert.equal(one.world.stat("cluster.up.grpc.a.B.m1023.total"), 1);
    assert.equal(one.world.stat("cluster.up.grpc.a.B.m1024.total"), 0);
    assert.equal(one.world.stat("cluster.up.grpc.total"), 1);
  });

  it("names no counter after a status that is none", () => {
    const one = scene();
    call(one, HI, "nonsense");
    assert.equal(one.world.stat("cluster.up.grpc.helloworld.Greeter.SayHello.nonsense"), 0);
    assert.equal(one.world.stat("cluster.up.grpc.helloworld.Greeter.SayHello.failure"), 1);
  });

  it("records the time of the upstream where it is asked for", () => {
    const one = scene({ upstreamStats: true, replaceDots: true });
    call(one, HI, "0");
    assert.equal(one.world.recorded("cluster.up.grpc.helloworld_Greeter.SayHello.upstream_rq_time"), 1);
  });
});
