import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { filterScene } from "../../../support/filter-scene.ts";

const filters = { b: { kind: "grpc_http1_bridge", upgradeProtobuf: true, ignoreQuery: false } } as const;
const CALL = "POST /a.B/C HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0";
const BARE =
  "POST /a.B/C HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\n";

describe("the grpc_http1_bridge filter", () => {
  it("gives an HTTP/1 client the status of the trailers in the head", () => {
    const { world, up } = filterScene({ filters });
    const client = world.connect();
    client.send(CALL);
    up.stream().respond(200, { "content-type": "application/grpc" }, null);
    up.stream().data("\0\0\0\0\u0002hi", false);
    assert.equal(client.received(), "");
    up.stream().endWithTrailers({ "grpc-status": "8", "grpc-message": "full" });
    const answer = client.received();
    assert.match(answer, /^HTTP\/1.1 503 .*grpc-status: 8\r\ngrpc-message: full\r\ncontent-length: 7\r\n.*hi$/s);
    assert.deepEqual(world.leaks(), []);
  });

  it("holds no more of an answer than its limit: 500 instead", () => {
    const { world, up } = filterScene({ filters });
    const client = world.connect();
    client.send(CALL);
    up.stream().respond(200, { "content-type": "application/grpc" }, null);
    for (let i = 0; i < 17; i++) up.stream().data("x".repeat(65_536), false);
    assert.match(client.received(), /grpc-status: 2\r\ngrpc-message: Internal Server Error/);
    assert.equal(world.stat("http.main.rs_too_large"), 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("holds no more of a bare message than its limit: 413 instead", () => {
    const { world, up } = filterScene({ filters });
    const client = world.connect();
    client.send(BARE);
    for (let i = 0; i < 17; i++) client.send(`10000\r\n${"x".repeat(65_536)}\r\n`);
    assert.match(client.received(), /^HTTP\/1.1 413 /);
    assert.equal(up.streams.length, 1);
    assert.equal(world.stat("http.main.downstream_rq_too_large"), 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("gives back what it holds when either side goes away", () => {
    const { world, up } = filterScene({ filters });
    const client = world.connect();
    client.send(`${BARE}3\r\nabc\r\n`);
    client.hangUp();
    const other = world.connect();
    other.send(CALL);
    up.stream().respond(200, {}, null);
    up.stream().data("abc", false);
    up.stream().fail();
    assert.equal(other.received(), "");
    assert.equal(other.ending, "close"); // as Envoy: the answer had begun, and nobody may take it for whole
    assert.deepEqual(world.leaks(), []);
  });
});
