import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { filterScene } from "../../../support/filter-scene.ts";

const CHUNKED = "POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
const filters = { b: { kind: "buffer", requestBytesMax: 60_000 } } as const;

describe("the buffer filter", () => {
  it("asks for a stream when the request is whole, and says its length", () => {
    const { world, up } = filterScene({ filters });
    const client = world.connect();
    client.send(`${CHUNKED}3\r\nabc\r\n`);
    assert.equal(up.streams.length, 0);
    client.send("3\r\ndef\r\n0\r\n\r\n");
    assert.equal(up.stream().body, "abcdef");
    assert.ok(up.stream().head.includes("content-length: 6"));
    up.stream().respond(204);
    assert.deepEqual(world.leaks(), []);
  });

  it("holds more than waits elsewhere before the client is paused", () => {
    const { world, up } = filterScene({ filters });
    const client = world.connect();
    client.send("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 50000\r\n\r\n");
    client.send("x".repeat(49_999));
    assert.equal(client.isPaused, false);
    client.send("x");
    assert.equal(up.stream().body.length, 50_000);
    up.stream().respond(204);
    assert.deepEqual(world.leaks(), []);
  });

  it("answers 413 when there is more than it may hold", () => {
    const { world, up } = filterScene({ filters });
    const client = world.connect();
    client.send("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 70000\r\n\r\n");
    client.send("x".repeat(60_001));
    assert.match(client.received(), /^HTTP\/1.1 413 .*\r\n\r\nPayload Too Large$/s);
    assert.equal(up.streams.length, 0);
    assert.deepEqual(world.leaks(), []);
  });

  it("lets a request without a body pass", () => {
    const { world, up } = filterScene({ filters });
    const client = world.connect();
    client.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n");
    up.stream().respond(204);
    assert.match(client.received(), /^HTTP\/1.1 204/);
    assert.deepEqual(world.leaks(), []);
  });
});
