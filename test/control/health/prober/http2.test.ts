import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { afterEach, beforeEach, describe, it } from "mocha";
import { bytesOf, httpCheck } from "../../../support/check-plans.ts";
import { type Door, ProbeBench } from "../../../support/probe-bench.ts";

describe("the HTTP/2 prober", () => {
  let bench: ProbeBench;
  let sessions: ServerHttp2Session[];

  beforeEach(() => {
    bench = new ProbeBench();
    sessions = [];
  });

  afterEach(() => bench.end());

  const serving = (
    onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, session: ServerHttp2Session) => void,
  ): Promise<Door> => {
    const server = createServer();
    server.on("session", (session) => {
      session.on("error", () => {});
      sessions.push(session);
    });
    server.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      onStream(stream, headers, stream.session as ServerHttp2Session);
    });
    return bench.serving(server);
  };
  const check = httpCheck({ codec: "http2", path: "/livez", receive: [bytesOf("ok")] });
  const answer = (stream: ServerHttp2Stream): void => {
    stream.respond({ ":status": 200 });
    stream.end("ok");
  };

  it("asks as Envoy does, on a connection that it keeps", async () => {
    const asked: IncomingHttpHeaders[] = [];
    const door = await serving((stream, headers) => {
      asked.push(JSON.parse(JSON.stringify(headers)) as IncomingHttpHeaders);
      answer(stream);
    });
    const probe = bench.create(door, check);
    const good = { kind: "success", reason: "", httpStatus: 200, verifiedCluster: false };
    assert.deepEqual([await probe.ask(), await probe.ask()], [good, good]);
    assert.deepEqual(asked[1], {
      ":method": "GET",
      ":scheme": "http",
      ":authority": "backend",
      ":path": "/livez",
      "user-agent": "Envoy/HC",
    });
    assert.equal(door.connections, 1);
  });

  it("sends a payload and refuses by status", async () => {
    const door = await serving((stream) => {
      stream.respond({ ":status": 503 });
      stream.pipe(stream);
    });
    const sending = httpCheck({ codec: "http2", method: "POST", send: bytesOf("PING") });
    assert.deepEqual(await bench.probe(door, sending), {
      kind: "refused",
      reason: "HTTP 503",
      httpStatus: 503,
      verifiedCluster: false,
    });
  });

  it("dials anew after a GOAWAY between two probes", async () => {
    const door = await serving(answer);
    const probe = bench.create(door, check);
    assert.equal((await probe.ask()).kind, "success");
    sessions[0]?.close();
    await door.empty();
    assert.equal((await probe.ask()).kind, "success");
    assert.equal(door.connections, 2);
  });

  it("lets a probe finish that a GOAWAY meets, and then lets go of the connection", async () => {
    const door = await serving((stream, _headers, session) => {
      session.goaway(0);
      setTimeout(() => answer(stream), 20);
    });
    const probe = bench.create(door, check);
    assert.deepEqual([(await probe.ask()).kind, (await probe.ask()).kind], ["success", "success"]);
    assert.equal(door.connections, 2);
  });

  it("asks again on a new connection when a kept one refuses by GOAWAY", async () => {
    const door = await serving((stream, _headers, session) => {
      if (stream.id === 1) answer(stream);
      else session.goaway(0, 1);
    });
    const probe = bench.create(door, check);
    assert.deepEqual([(await probe.ask()).kind, (await probe.ask()).kind], ["success", "success"]);
    assert.equal(door.connections, 2);
  });

  it("fails when it is a new connection that refuses", async () => {
    const goaway = Buffer.from("0000000400000000000000080700000000000000000000000000", "hex");
    const door = await bench.behaving((socket) => socket.on("data", () => socket.write(goaway)));
    const outcome = await bench.probe(door, check);
    assert.deepEqual([outcome.kind, outcome.reason], ["network", "stream refused"]);
    await door.empty();
  });

  it("gives up with a late answer, and closes", async () => {
    const door = await serving((stream) => stream.respond({ ":status": 200 }));
    const late = { ...check, timeoutMs: 60 };
    assert.equal((await bench.probe(door, late)).reason, "no answer within 60 ms");
    await door.empty();
  });
});
