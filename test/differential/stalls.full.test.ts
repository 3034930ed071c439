// An HTTP/2 answer that its client does not take, through the real Envoy and through Starling: both reset the stream alike; Starling
// ends the connection too.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { ErrorCode } from "../../src/protocol/fault.ts";
import { frame, GET } from "../protocol/h2/support/frame.ts";
import { FrameSocket } from "../support/frame-socket.ts";
import { LargeUpstream } from "../support/large-upstream.ts";
import { envoyInstalled, type Program } from "../support/live-proxy.ts";
import { Stage } from "../support/stage.ts";
import { DEVIATIONS } from "./deviations.ts";
import { STALL_CASE } from "./edge-cases.ts";

/** Of the files: after a reset Starling looks twice more before it ends a connection. */
const STALL_MS = 1_000;
const LOOKS = 2;
/** Until what must come. */
const PATIENCE_MS = 15_000;

describe(`${STALL_CASE}, the real Envoy beside Starling`, function () {
  this.timeout(60_000);
  let upstream: LargeUpstream;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    upstream = await LargeUpstream.start();
  });

  after(async () => upstream?.stop());

  it("costs the stream with both, and the connection only here and unless Envoy's way is asked for", async () => {
    assert.ok(DEVIATIONS.some((one) => one.case === STALL_CASE));
    const [theirs, ours, compat] = await Promise.all([stall("envoy"), stall("starling"), stall("starling", "envoy")]);
    assert.deepEqual(theirs, { resets: [ErrorCode.InternalError], goaway: null, flushTimeouts: 1, txResets: 1 });
    assert.deepEqual(compat, theirs);
    assert.deepEqual(ours, { ...theirs, goaway: ErrorCode.EnhanceYourCalm });
  });

  async function stall(program: Program, compat: string = "starling"): Promise<unknown> {
    const manager = { stream_idle_timeout: `${STALL_MS / 1_000}s` };
    const flags = program === "envoy" ? [] : ["--compat", compat];
    const stage = await Stage.start({ program, upstreamPort: upstream.port, manager, flags });
    const client = await FrameSocket.open(stage.port, { settings: { initialWindowSize: 0 } });
    client.send(frame.headers({ stream: 1, fields: GET, end: true }));
    const resets = () => client.frames.filter(({ type }) => type === "RST_STREAM");
    await client.until(() => resets().length > 0, PATIENCE_MS);
    const isEnded = program === "starling" && compat === "starling";
    await client.until(() => client.isClosed, isEnded ? PATIENCE_MS : (LOOKS + 0.5) * STALL_MS);
    const seen = {
      resets: resets().map(({ payload }) => payload.readUInt32BE(0)),
      goaway: client.goaway,
      flushTimeouts: await stage.stat("http2.tx_flush_timeout"),
      txResets: await stage.stat("http2.tx_reset"),
    };
    client.end();
    await stage.stop();
    return seen;
  }
});
