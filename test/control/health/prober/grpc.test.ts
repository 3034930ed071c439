import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { afterEach, beforeEach, describe, it } from "mocha";
import { grpcCheck } from "../../../support/check-plans.ts";
import { type Door, ProbeBench } from "../../../support/probe-bench.ts";

describe("the gRPC prober", () => {
  let bench: ProbeBench;
  let asked: { readonly headers: IncomingHttpHeaders; readonly body: string }[];

  beforeEach(() => {
    bench = new ProbeBench();
    asked = [];
  });

  afterEach(() => bench.end());

  const serving = (answer: (stream: ServerHttp2Stream) => void): Promise<Door> => {
    const server = createServer();
    server.on("session", (session) => session.on("error", () => {}));
    server.on("stream", (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on("error", () => {});
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        asked.push({
          headers: JSON.parse(JSON.stringify(headers)) as IncomingHttpHeaders,
          body: Buffer.concat(chunks).toString("hex"),
        });
        answer(stream);
      });
    });
    return bench.serving(server);
  };

  /** An answer with this body (hexadecimal) and these trailers. */
  const answering = (body: string, trailers: Record<string, string> = { "grpc-status": "0" }): Promise<Door> =>
    serving((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers(trailers));
      stream.end(Buffer.from(body, "hex"));
    });
  const verdict = async (door: Door): Promise<string> => {
    const { kind, reason } = await bench.probe(door, grpcCheck());
    return `${kind}: ${reason}`;
  };

  it("asks for the service as Envoy does, on a connection that it keeps", async () => {
    const door = await answering(SERVING);
    const metadata = [{ name: "x-m", value: "v", action: "append" }] as const;
    const check = grpcCheck({ serviceName: "svc", metadata }, { timeoutMs: 500 });
    const probe = bench.create(door, check);
    const good = { kind: "success", reason: "", httpStatus: 0, verifiedCluster: false };
    assert.deepEqual([await probe.ask(), await probe.ask()], [good, good]);
    assert.deepEqual(asked[1], {
      headers: {
        ":method": "POST",
        ":scheme": "http",
        ":authority": "backend",
        ":path": "/grpc.health.v1.Health/Check",
        te: "trailers",
        "content-type": "application/grpc",
        "user-agent": "Envoy/HC",
        "x-m": "v",
        "grpc-timeout": "500m",
      },
      body: "00000000050a03737663",
    });
    assert.equal(door.connections, 1);
  });

  it("asks for the whole server without a name, by the authority that it is given", async () => {
    const door = await answering(SERVING);
    await bench.probe(door, grpcCheck({ authority: "hc.example" }));
    assert.equal(asked[0]?.body, "0000000000");
    assert.equal(asked[0]?.headers[":authority"], "hc.example");
  });

  it("takes every status but SERVING for a no", async () => {
    assert.equal(await verdict(await answering("00000000020802")), "refused: NOT_SERVING");
    assert.equal(await verdict(await answering("00000000020803")), "refused: SERVICE_UNKNOWN");
    assert.equal(await verdict(await answering("00000000020800")), "refused: UNKNOWN");
    assert.equal(await verdict(await answering("0000000000")), "refused: UNKNOWN");
    assert.equal(await verdict(await answering("00000000020863")), "refused: status 99");
  });

  it("takes an error status for a no, wherever it stands", async () => {
    const notFound = { "grpc-status": "5", "grpc-message": "unknown service" };
    assert.equal(await verdict(await answering("", notFound)), "refused: gRPC status 5: unknown service");
    const atOnce = await serving((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true });
    });
    assert.equal(await verdict(atOnce), "refused: gRPC status 12");
    const nothing = await serving((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "0" }, { endStream: true });
    });
    assert.equal(await verdict(nothing), "refused: UNKNOWN");
    assert.equal(await verdict(await answering(SERVING, { "grpc-status": "x" })), "refused: gRPC status 2");
    assert.equal(await verdict(await answering(SERVING, { a: "b" })), "refused: no grpc-status");
  });

  it("takes whoever does not speak gRPC for a no, without waiting for more", async () => {
    const plainHttp = await serving((stream) => stream.respond({ ":status": 503 }));
    assert.equal(await verdict(plainHttp), "refused: HTTP 503");
    const html = await serving((stream) => stream.respond({ ":status": 200, "content-type": "text/html" }));
    assert.equal(await verdict(html), 'refused: not gRPC: content-type "text/html"');
  });

  it("takes bodies that are none for a no", async () => {
    assert.equal(await verdict(await answering("000000")), "refused: half a gRPC frame");
    assert.equal(await verdict(await answering("0000000009")), "refused: half a gRPC frame");
    assert.equal(await verdict(await answering(SERVING + SERVING)), "refused: more than one gRPC message");
    assert.equal(await verdict(await answering("01000000020801")), "refused: a compressed gRPC message");
    assert.equal(await verdict(await answering("ff000000020801")), "refused: no gRPC frame");
    const noMessage = "refused: no grpc.health.v1.HealthCheckResponse";
    assert.equal(await verdict(await answering("0000000002ffff")), noMessage);
    assert.equal(await verdict(await answering("00000000020f01")), noMessage);
    assert.equal(await verdict(await answering("000000000312ff00")), noMessage);
  });

  it("skips fields of a later schema", async () => {
    assert.equal(await verdict(await answering("000000000a1203616263080118ff01")), "success: ");
  });

  it("calls a reset no answer", async () => {
    const door = await serving((stream) => stream.close(2));
    assert.equal(await verdict(door), "network: stream reset with HTTP/2 error code 2");
  });
});

/** One frame, status 1. */
const SERVING = "00000000020801";
