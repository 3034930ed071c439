import assert from "node:assert/strict";
import { createServer, type ServerHttp2Stream } from "node:http2";
import { afterEach, beforeEach, describe, it } from "mocha";
import { frame } from "../../../protocol/h2/support/frame.ts";
import { grpcCheck, httpCheck } from "../../../support/check-plans.ts";
import { LyingBench } from "../../../support/lying-bench.ts";
import type { Door } from "../../../support/probe-bench.ts";

describe("an endpoint that lies over HTTP/2", () => {
  let bench: LyingBench;

  beforeEach(() => {
    bench = new LyingBench();
  });

  afterEach(() => bench.end());

  const http2 = httpCheck({ codec: "http2" });
  const soon = { timeoutMs: 60 };

  /** Says these frames after its SETTINGS when it is asked, and keeps the connection open. */
  const says = (...frames: readonly Buffer[]): Promise<Door> => {
    const answer = Buffer.concat([frame.settings(), frame.settingsAck(), ...frames]);
    return bench.behaving((socket) => socket.once("data", () => socket.write(answer)));
  };

  /** A server that speaks HTTP/2 as it should. */
  const serving = (onStream: (stream: ServerHttp2Stream) => void): Promise<Door> => {
    const server = createServer();
    server.on("session", (session) => session.on("error", () => {}));
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      onStream(stream);
    });
    return bench.serving(server);
  };

  it("by speaking HTTP/1", async () => {
    const door = await bench.says("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
    assert.match(await bench.failed(door, http2), /^network: not HTTP\/2: HTTP\/1\.1 400 Bad Request/);
    assert.match(await bench.failed(door, grpcCheck()), /^network: not HTTP\/2: HTTP\/1\.1 400 Bad Request/);
  });

  it("by floods of frames that ask for an answer", async () => {
    const pings = await says(...Array<Buffer>(2_000).fill(frame.ping()));
    assert.match(await bench.failed(pings, http2), /^network: flood of HTTP\/2 frames: /);
    const changes = await says(...Array<Buffer>(2_000).fill(frame.settings()));
    assert.match(await bench.failed(changes, http2), /^network: flood of HTTP\/2 frames: /);
  });

  it("by a flood between two probes, which costs it its connection", async () => {
    const ok = frame.headers({ stream: 1, fields: [[":status", "200"]], end: true });
    const flood = Buffer.concat(Array<Buffer>(2_000).fill(frame.ping()));
    const door = await bench.behaving((socket) => {
      socket.once("data", () => {
        socket.write(Buffer.concat([frame.settings(), frame.settingsAck(), ok]));
        setTimeout(() => socket.write(flood), 20);
      });
    });
    const probe = bench.create(door, http2);
    assert.equal((await probe.ask()).kind, "success");
    await door.empty();
    assert.equal((await probe.ask()).kind, "success");
    assert.deepEqual([door.connections, probe.outcomes], [2, 2]);
  });

  it("by resetting the stream", async () => {
    const door = await says(frame.rstStream({ stream: 1, code: 11 }));
    assert.equal(await bench.failed(door, http2), "network: stream reset with HTTP/2 error code 11");
  });

  it("by GOAWAY with an error", async () => {
    const goaway = Buffer.concat([frame.settings(), frame.goaway({ last: 1, code: 2 })]);
    const door = await bench.behaving((socket) => socket.on("data", () => socket.end(goaway)));
    assert.equal(await bench.failed(door, http2), "network: GOAWAY with HTTP/2 error code 2");
    const ok = frame.headers({ stream: 1, fields: [[":status", "200"]], end: true });
    const answering = await says(frame.goaway({ last: 1, code: 11 }), ok);
    assert.equal(await bench.failed(answering, http2), "network: GOAWAY with HTTP/2 error code 11");
  });

  it("by saying nothing", async () => {
    const door = await bench.behaving((socket) => socket.write(frame.settings()));
    assert.equal(await bench.failed(door, grpcCheck({}, soon)), "timeout: no answer within 60 ms");
    const leaving = await says(frame.goaway({ last: 1 }));
    assert.equal(await bench.failed(leaving, grpcCheck({}, soon)), "timeout: no answer within 60 ms");
  });

  it("by interim answers without end, a few of them being heard out", async () => {
    const hint = frame.headers({ stream: 1, fields: [[":status", "103"]] });
    const ok = frame.headers({ stream: 1, fields: [[":status", "200"]], end: true });
    const few = await says(hint, hint, ok);
    assert.equal((await bench.probe(few, http2)).kind, "success");
    const many = await says(...Array<Buffer>(100).fill(hint));
    assert.equal(await bench.failed(many, http2), "network: more than 32 interim answers");
  });

  it("by header fields without end, at a bounded cost", async () => {
    const field = [["x-long", "a".repeat(8_000)]] as const;
    const begin = [frame.settings(), frame.headers({ stream: 1, fields: [[":status", "200"]], endHeaders: false })];
    const more = frame.continuation({ stream: 1, fields: [...field], endHeaders: false });
    const door = await bench.flooding(Buffer.concat(begin), Buffer.concat(Array<Buffer>(8).fill(more)));
    const { said, grownBytes } = await bench.grown(bench.failed(door, http2));
    assert.match(said, /^network: /);
    assert.ok(grownBytes < 16_777_216, `grew by ${grownBytes} bytes`);
  });

  it("by a body without end, within its window or without a thought of it", async () => {
    const block = Buffer.alloc(65_536, "z");
    const pouring = await serving((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      const more = (): void => {
        let takes = true;
        while (takes) takes = !stream.destroyed && stream.write(block);
      };
      stream.on("drain", more);
      more();
    });
    const patient = httpCheck({ codec: "http2" }, { timeoutMs: 20_000 });
    const { said, grownBytes } = await bench.grown(bench.failed(pouring, patient));
    assert.equal(said, "network: an answer of more than 16777216 bytes");
    assert.ok(grownBytes < 33_554_432, `grew by ${grownBytes} bytes`);
    assert.equal(await bench.failed(pouring, grpcCheck()), "network: an answer of more than 4096 bytes");
    const head = frame.headers({ stream: 1, fields: [[":status", "200"]] });
    const data = frame.data({ stream: 1, bytes: Buffer.alloc(16_384) });
    const thoughtless = await bench.flooding(Buffer.concat([frame.settings(), head]), data);
    assert.match(await bench.failed(thoughtless, patient), /^network: (more bytes than|an answer of more)/);
  }).timeout(20_000);

  it("by frames that have no place here", async () => {
    const pushed = frame.any(5, 4, 1, Buffer.from("00000002", "hex"));
    const empty = frame.any(0, 0, 0, Buffer.from("x"));
    const idle = frame.data({ stream: 7, text: "x" });
    for (const wrong of [pushed, empty, idle]) assert.match(await bench.failed(await says(wrong), http2), /^network: /);
  });

  it("by a gRPC message that is longer than what follows", async () => {
    const type = ["content-type", "application/grpc"] as const;
    const door = await says(
      frame.headers({ stream: 1, fields: [[":status", "200"], [...type]] }),
      frame.data({ stream: 1, bytes: Buffer.from("00ffffffff0801", "hex") }),
      frame.headers({ stream: 1, fields: [["grpc-status", "0"]], end: true }),
    );
    assert.equal((await bench.probe(door, grpcCheck())).reason, "half a gRPC frame");
  });

  it("leaves no trace in the probe: the first honest answer passes", async () => {
    const honest = frame.headers({ stream: 1, fields: [[":status", "200"]], end: true });
    const lies = [
      frame.goaway({ last: 0, code: 1 }),
      frame.headers({ stream: 1, fields: [["a", "b"]] }),
      frame.data({ stream: 1, text: "x", end: true }),
      Buffer.from("?".repeat(9)),
    ];
    for (const [index, lie] of lies.entries()) {
      const door = await bench.behaving((socket, connection) => {
        const answer = Buffer.concat([frame.settings(), connection <= 2 ? lie : honest]);
        socket.once("data", () => socket.write(answer));
      });
      const probe = bench.create(door, http2);
      const kinds = [(await probe.ask()).kind, (await probe.ask()).kind, (await probe.ask()).kind];
      assert.deepEqual([kinds, door.connections], [["network", "network", "success"], 3], `lie ${index}`);
      probe.close();
      await door.empty();
    }
  });
});
