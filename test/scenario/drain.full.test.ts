// A graceful drain of the running program: nobody loses a request, clients are told to go, then the port refuses.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { frame, GET } from "../protocol/h2/support/frame.ts";
import { FrameSocket } from "../support/frame-socket.ts";
import { HeldUpstream } from "../support/held-upstream.ts";
import { RawClient } from "../support/raw-client.ts";
import { Stage } from "../support/stage.ts";

/** Everything that is asked while it goes on takes a tenth of a second, and much longer on a busy machine. */
const DRAIN_S = 4;

describe("a graceful drain of listeners", () => {
  let upstream: HeldUpstream;
  let stage: Stage;
  let http1: RawClient;
  let late: RawClient;
  let http2: FrameSocket;
  let answer: Promise<string>;
  let lateAnswer: Promise<string>;
  let drainedAtMs: number;

  before(async () => {
    upstream = await HeldUpstream.start();
    stage = await Stage.start({
      upstreamPort: upstream.port,
      flags: ["--drain-strategy", "immediate", "--drain-time-s", String(DRAIN_S)],
    });
    http1 = await RawClient.open(stage.port);
    late = await RawClient.open(stage.port);
    http2 = await FrameSocket.open(stage.port);
    answer = http1.get("/held");
    lateAnswer = late.get("/held-long");
    http2.send(frame.headers({ stream: 1, fields: [...GET.slice(0, 3), [":path", "/held"]], end: true }));
    await upstream.holds(3);
    drainedAtMs = performance.now();
    assert.equal(await stage.admin("/drain_listeners?graceful", "POST"), "OK\n");
  });

  after(async () => {
    await stage.stop();
    await upstream.stop();
  });

  it("tells HTTP/2 clients with GOAWAY and finishes their streams", async () => {
    assert.ok(await http2.until(() => http2.goaway !== null));
    assert.equal(http2.goaway, 0);
    upstream.release("/held");
    assert.ok(await http2.until(() => http2.answered === 1));
    http2.end();
  });

  it("finishes requests under way over HTTP/1 with connection: close", async () => {
    assert.match(await answer, /^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n/s);
    await http1.closed();
  });

  it("still accepts connections, whose answers say connection: close", async () => {
    const client = await RawClient.open(stage.port);
    assert.match(await client.get("/"), /^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n/s);
    await client.closed();
  });

  it(`refuses connections after ${DRAIN_S} s and is LIVE on its admin page`, async () => {
    await refused(stage.port);
    const tookMs = performance.now() - drainedAtMs;
    assert.ok(tookMs >= DRAIN_S * 1_000 - 100 && tookMs < DRAIN_S * 1_000 + 3_000, `refused after ${tookMs} ms`);
    assert.equal(await stage.admin("/ready"), "LIVE\n");
  });

  it("finishes a request that is longer than the drain", async () => {
    upstream.release("/held-long");
    assert.match(await lateAnswer, /held until now$/);
    await late.closed();
    await stage.untilIdle();
  });

  it("then ends on SIGTERM with 0, at once", async () => {
    const startMs = performance.now();
    assert.equal(await stage.stop(), 0);
    assert.ok(performance.now() - startMs < 1_000);
  });
});

/** Waits until nobody accepts on the port. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const client = await RawClient.open(port).catch(() => null);
    if (client === null) return;
    client.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
