// A stream of load reports over a real socket, to servers that a test plays with Node's own HTTP/2.
import assert from "node:assert/strict";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { SeededRandom } from "../../../src/base/random.ts";
import type { KeepalivePlan } from "../../../src/config/plan/http-protocol.ts";
import { MESSAGE_BYTES_MAX } from "../../../src/control/grpc/grpc-frames.ts";
import { ServerStream, type ServerStreamOwner } from "../../../src/control/grpc/server-stream.ts";
import { StreamAccount } from "../../../src/control/grpc/stream-account.ts";
import { createNetContext } from "../../../src/net/net-context.ts";
import { HTTP2_CODEC } from "../../../src/telemetry/codec-stats.ts";
import { HOST } from "../../../src/telemetry/host-stats.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { httpDefaults } from "../../support/http-options.ts";
import { eventually } from "../../support/nodes.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const GRPC = { ":status": 200, "content-type": "application/grpc" };
const LARGE = new Uint8Array(300_000);

describe("a stream of load reports", () => {
  let server: Http2Server;
  let streams: ServerHttp2Stream[];
  let sockets: Socket[];
  let seen: string[];
  let host: Float64Array;
  let codec: Float64Array;
  let stream: ServerStream;

  beforeEach(async () => {
    streams = [];
    sockets = [];
    server = createServer();
    server.on("stream", (one: ServerHttp2Stream) => {
      one.on("error", () => {});
      streams.push(one);
    });
    server.on("connection", (socket: Socket) => sockets.push(socket));
    server.on("sessionError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    seen = [];
    stream = open();
    await eventually(() => streams.length === 1);
  });

  afterEach(() => {
    stream.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it("is backed up by a server that does not read, with no more than what was given, and goes on when it reads", async () => {
    stream.send(LARGE);
    assert.equal(stream.isBackedUp, true);
    assert.deepEqual(seen, ["open"]);
    let bytes = 0;
    streams[0]?.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await eventually(() => bytes === LARGE.length + 5);
    assert.equal(stream.isBackedUp, false);
    assert.deepEqual(seen, ["open", "writable"]);
  });

  it("takes messages that come in pieces and several at once", async () => {
    streams[0]?.respond({ ...GRPC, "starling-lrs": "1" });
    const body = Buffer.concat([frame("one"), frame(""), frame("two")]);
    for (const byte of body) streams[0]?.write(Buffer.from([byte]));
    streams[0]?.write(Buffer.concat([frame("three"), frame("four")]));
    await eventually(() => seen.length === 7);
    assert.deepEqual(seen, ["open", "answered true", "one", "", "two", "three", "four"]);
  });

  it("says the status and the message that the server ends it with, and counts a success", async () => {
    streams[0]?.respond(GRPC, { waitForTrailers: true });
    streams[0]?.on("wantTrailers", () => streams[0]?.sendTrailers({ "grpc-status": "8", "grpc-message": "enough" }));
    streams[0]?.end();
    await eventually(() => seen.length === 3);
    assert.deepEqual(seen, ["open", "answered false", "end 8 enough"]);
    assert.equal(host[HOST.at.rq_success], 1);
    assert.equal(host[HOST.at.rq_active], 0);
  });

  it("asks a server that says nothing whether it is there, as connection_keepalive says, and gives up without an answer", async () => {
    const clock = new VirtualClock();
    const kept = open(
      { intervalMs: 5_000, timeoutMs: 1_000, jitterPercent: 0, idleIntervalMs: Number.POSITIVE_INFINITY },
      clock,
    );
    await eventually(() => streams.length === 2);
    const session = streams[1]?.session;
    streams[1]?.respond(GRPC);
    for (let asked = 0; asked < 2; asked++) {
      const ping = new Promise((resolve) => session?.once("ping", resolve));
      clock.advanceMs(5_050);
      await ping;
      streams[1]?.write(frame("x"));
      await eventually(() => seen.filter((one) => one === "x").length === asked + 1);
      clock.advanceMs(500);
      assert.ok(!seen.some((one) => one.startsWith("end")));
    }
    sockets[1]?.pause();
    clock.advanceMs(5_050);
    clock.advanceMs(1_050);
    assert.match(seen.at(-1) ?? "", /^end 14 .*connection termination$/);
    assert.equal(codec[HTTP2_CODEC.at.keepalive_timeout], 1);
    kept.close();
    assert.equal(clock.wheel.size, 0);
  });

  const ENDS: readonly (readonly [
    title: string,
    act: (one: ServerHttp2Stream) => void,
    status: number,
    text: RegExp,
  ])[] = [
    ["answers without gRPC", (one) => one.respond({ ":status": 404 }, { endStream: true }), 2, /no grpc-status/],
    ["answers 503 and goes on", (one) => one.respond({ ":status": 503 }), 14, /HTTP 503/],
    ["resets the stream", (one) => one.close(2), 13, /remote reset/],
    ["breaks the connection", () => sockets[0]?.destroy(), 14, /connection termination/],
    ["compresses", (one) => say(one, Buffer.from([1, 0, 0, 0, 0])), 13, /a compressed gRPC message/],
    ["sends no frame", (one) => say(one, Buffer.from("garbage!")), 13, /no gRPC frame/],
    ["announces a message beyond bounds", (one) => say(one, headOf(MESSAGE_BYTES_MAX + 1)), 13, /a gRPC message of/],
  ];

  for (const [title, act, status, text] of ENDS) {
    it(`ends once, with a reason, when the server ${title}`, async () => {
      act(streams[0] as ServerHttp2Stream);
      await eventually(() => seen.some((one) => one.startsWith("end")));
      const ends = seen.filter((one) => one.startsWith("end"));
      assert.equal(ends.length, 1);
      assert.match(ends[0] ?? "", new RegExp(`^end ${status} `));
      assert.match(ends[0] ?? "", text);
      assert.equal(host[HOST.at.rq_active], 0);
      assert.equal(host[HOST.at.cx_active], 0);
    });
  }

  function open(keepalive: KeepalivePlan | null = null, clock: VirtualClock | null = null): ServerStream {
    const { port } = server.address() as AddressInfo;
    const stats = new StatsWriter(() => {});
    const names = { cluster: "lrs", statName: "lrs", endpoint: `127.0.0.1:${port}` };
    const account = new StreamAccount(stats, names);
    codec = stats.block(HTTP2_CODEC, "cluster.lrs.http2.");
    host = stats.block(HOST, `host.lrs.127.0.0.1:${port}.`);
    const owner: ServerStreamOwner = {
      onOpen: () => seen.push("open"),
      onAnswered: (acknowledges) => seen.push(`answered ${acknowledges}`),
      onMessage: (bytes) => seen.push(Buffer.from(bytes).toString()),
      onWritable: () => seen.push("writable"),
      onEnd: (status, text) => seen.push(`end ${status} ${text}`),
    };
    const load = { cluster: "lrs", authority: "lrs", metadata: [{ name: "x-a", value: "b" }], skipEnvoyHeaders: true };
    const time = clock === null ? {} : { clock, wheel: clock.wheel };
    const net = createNetContext({ ...time, onBug: (error) => seen.push(String(error)) });
    const http = { ...httpDefaults, http2: { ...httpDefaults.http2, keepalive } };
    const cluster = clusterPlan("lrs", [endpoint(port)], { protocol: "http2", http });
    const random = new SeededRandom(1);
    const method = "/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats";
    return new ServerStream({
      net,
      random,
      service: load,
      method,
      cluster,
      endpoint: { ...endpoint(port), slot: 0 },
      account,
      owner,
    });
  }
});

function say(stream: ServerHttp2Stream, bytes: Buffer): void {
  stream.respond(GRPC);
  stream.write(bytes);
}

function frame(text: string): Buffer {
  return Buffer.concat([headOf(Buffer.byteLength(text)), Buffer.from(text)]);
}

function headOf(length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return head;
}
