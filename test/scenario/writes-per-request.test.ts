// All frames of a turn leave in one write: without it a hop costs twice as much, and every other test still passes.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { frame, GET } from "../protocol/h2/support/frame.ts";
import { FrameSocket } from "../support/frame-socket.ts";
import { FrameUpstream } from "../support/frame-upstream.ts";
import { Stage } from "../support/stage.ts";

const CONNECTIONS = 16;
const STREAMS = 16;
const REQUESTS = 8_000;
const WRITES_PER_REQUEST_MAX = 0.2;
/** Nothing is said here about speed. */
const ANSWERED_WITHIN_MS = 15_000;

describe("writes per request", () => {
  let stage: Stage;
  let upstream: FrameUpstream;

  before(async () => {
    upstream = await FrameUpstream.start();
    stage = await Stage.start({ upstreamPort: upstream.port, upstream: "http2" });
  });

  after(async () => {
    await stage.stop();
    await upstream.stop();
  });

  it(`are at most ${WRITES_PER_REQUEST_MAX} over ${CONNECTIONS} connections of ${STREAMS} streams, HTTP/2 to HTTP/2`, async () => {
    await steadyLoad(stage.port, 1_000);
    const before = stage.writeCalls();
    await steadyLoad(stage.port, REQUESTS);
    const perRequest = (stage.writeCalls() - before) / REQUESTS;
    assert.equal(upstream.requests, 1_000 + REQUESTS);
    console.log(`      ${perRequest.toFixed(3)} writes per request`);
    assert.ok(perRequest >= 1 / STREAMS, "the kernel's account counts writes to sockets");
    assert.ok(perRequest <= WRITES_PER_REQUEST_MAX, `${perRequest} writes per request`);
  });
});

/** Keeps every stream busy until so many requests are answered. */
async function steadyLoad(port: number, requests: number): Promise<void> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => FrameSocket.open(port)));
  let asked = 0;
  const answered = connections.map((connection) => {
    let stream = 1;
    let open = 0;
    const ask = (): void => {
      const wave: Buffer[] = [];
      for (; open < STREAMS && asked < requests; open++, asked++, stream += 2) {
        wave.push(frame.headers({ stream, fields: GET, end: true }));
      }
      if (wave.length > 0) connection.send(...wave);
    };
    connection.onFrame = ({ type, flags }) => {
      if (type === "DATA" && (flags & 1) !== 0) open--;
    };
    connection.onRead = ask;
    ask();
    return connection.until(() => open === 0 && asked === requests, ANSWERED_WITHIN_MS);
  });
  assert.ok((await Promise.all(answered)).every(Boolean), "every request is answered");
  for (const connection of connections) connection.end();
}
