// A dozen ways to make an HTTP/2 server work for nothing, against the running program: each ends with GOAWAY or the connection's end,
// and nobody else notices.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { ErrorCode } from "../../src/protocol/fault.ts";
import { frame, GET, POST } from "../protocol/h2/support/frame.ts";
import { FrameSocket } from "../support/frame-socket.ts";
import { LargeUpstream } from "../support/large-upstream.ts";
import { Stage } from "../support/stage.ts";

interface Flood {
  readonly name: string;
  readonly settings?: Parameters<typeof frame.settings>[0];
  readonly before?: readonly Buffer[];
  /** The frames of one round. */
  readonly round: (i: number) => readonly Buffer[];
  /** Counter that Envoy has for it. */
  readonly counter?: string;
}

const ROUNDS_MAX = 20_000;
const ROUNDS_PER_WRITE = 50;
const RESIDENT_GROWTH_MAX_BYTES = 96 * 1_048_576;
const IDLE_TIMEOUT_S = 1;
const STALLED_STREAMS = 100;
/** The idle time, two stall times, and what a busy machine adds. */
const STALL_END_MS = 15_000;
/** Longer than it takes where the upstream is not late. */
const ASKS_AGAIN_MS = 4_000;
const INT31_MAX = 0x7fff_ffff;

const large = (stream: number): Buffer =>
  frame.headers({ stream, fields: [...GET.slice(0, 3), [":path", "/large"]], end: true });
const get = (stream: number): Buffer => frame.headers({ stream, fields: GET, end: true });
const openHead = frame.headers({ stream: 1, fields: GET, endHeaders: false });
const post = frame.headers({ stream: 1, fields: POST });

const FLOODS: readonly Flood[] = [
  {
    name: "rapid reset",
    round: (i) => [get(1 + 2 * i), frame.rstStream({ stream: 1 + 2 * i })],
    counter: "http.main.downstream_rq_too_many_premature_resets",
  },
  { name: "PING", round: () => [frame.ping()] },
  { name: "SETTINGS", round: () => [frame.settings({ enablePush: 0 })] },
  {
    name: "empty DATA",
    before: [post],
    round: () => [frame.data({ stream: 1 })],
    counter: "http2.inbound_empty_frames_flood",
  },
  {
    name: "CONTINUATION",
    before: [openHead],
    round: (i) => [frame.continuation({ stream: 1, fields: [[`x-${i}`, "1"]], endHeaders: false })],
  },
  {
    name: "PRIORITY",
    round: () => [frame.priority({ stream: 9 })],
    counter: "http2.inbound_priority_frames_flood",
  },
  {
    name: "WINDOW_UPDATE",
    before: [post],
    round: () => [frame.windowUpdate({ stream: 1, increment: 1 })],
    counter: "http2.inbound_window_update_frames_flood",
  },
  { name: "header list bombs", round: (i) => [bomb(1 + 2 * i, i === 0)], counter: "http2.header_overflow" },
];

/** Windows that stay shut once used up. */
interface Stall {
  readonly name: string;
  readonly window: number;
  readonly frames: readonly Buffer[];
  readonly counter: string;
}

const ODD_STREAMS = Array.from({ length: STALLED_STREAMS }, (_, i) => 1 + 2 * i);

const STALLS: readonly Stall[] = [
  {
    name: "slow reading of many streams",
    window: 65_535,
    frames: ODD_STREAMS.map(large),
    counter: "http.main.downstream_rq_idle_timeout",
  },
  {
    name: "a window of 0 on every stream",
    window: 0,
    frames: ODD_STREAMS.map(large),
    counter: "http.main.downstream_rq_idle_timeout",
  },
  {
    name: "many complete answers whose client never opens its window",
    window: 0,
    frames: ODD_STREAMS.map(get),
    counter: "http2.tx_flush_timeout",
  },
  { name: "one of them", window: 0, frames: [get(1)], counter: "http2.tx_flush_timeout" },
  {
    name: "one answer without end that nobody takes",
    window: 0,
    frames: [large(1)],
    counter: "http.main.downstream_rq_idle_timeout",
  },
];

describe("HTTP/2 floods, live", function () {
  this.timeout(30_000);
  let upstream: LargeUpstream;
  let stage: Stage;
  let bystander: FrameSocket;
  let asked = 0;

  before(async () => {
    upstream = await LargeUpstream.start();
    const manager = { stream_idle_timeout: `${IDLE_TIMEOUT_S}s` };
    stage = await Stage.start({ upstreamPort: upstream.port, upstream: "http1", manager });
    bystander = await FrameSocket.open(stage.port);
    // A worker tells of the codec's counters after its first HTTP/2 connection.
    await stage.until((stats) => stats.has("http2.header_overflow"));
  });

  after(async () => {
    await stage.stop();
    await upstream.stop();
  });

  for (const flood of FLOODS) {
    it(`ends a flood of ${flood.name}`, async () => {
      const counted = flood.counter === undefined ? 0 : await stage.stat(flood.counter);
      const residentBefore = stage.residentBytes();
      const client = await FrameSocket.open(stage.port, { settings: flood.settings });
      client.send(...(flood.before ?? []));
      assert.ok(await pour(client, flood), `${ROUNDS_MAX} rounds and it still listens`);
      assert.ok(client.goaway === null || client.goaway === ErrorCode.EnhanceYourCalm, `GOAWAY ${client.goaway}`);
      assert.ok(await client.until(() => client.isClosed), "the connection is closed");
      await served();
      if (flood.counter !== undefined) await counts(flood.counter, counted);
      const growth = stage.residentBytes() - residentBefore;
      assert.ok(growth <= RESIDENT_GROWTH_MAX_BYTES, `grew by ${growth} bytes`);
      await idleButForBystander();
    });
  }

  for (const stall of STALLS) {
    it(`ends ${stall.name}`, async () => {
      const [residentBefore, counted] = [stage.residentBytes(), await stage.stat(stall.counter)];
      const client = await FrameSocket.open(stage.port, { settings: { initialWindowSize: stall.window } });
      client.send(...stall.frames);
      assert.ok(await client.until(() => client.goaway !== null, STALL_END_MS), "GOAWAY comes");
      assert.equal(client.goaway, ErrorCode.EnhanceYourCalm);
      assert.ok(await client.until(() => client.isClosed), "the connection is closed");
      await counts(stall.counter, counted);
      const growth = stage.residentBytes() - residentBefore;
      assert.ok(growth <= RESIDENT_GROWTH_MAX_BYTES, `grew by ${growth} bytes`);
      await served();
      await idleButForBystander();
    });
  }

  it("ends a connection whose client does not read, and asks for much", async () => {
    const opened = await stage.stat("http.main.downstream_cx_total");
    const client = await FrameSocket.open(stage.port, { settings: { initialWindowSize: INT31_MAX } });
    client.socket.pause();
    let batches = 0;
    const ask = (): void => {
      const first = 2 * STALLED_STREAMS * batches++;
      client.send(...ODD_STREAMS.map((stream) => large(first + stream)));
    };
    client.send(frame.windowUpdate({ stream: 0, increment: INT31_MAX - 65_535 }));
    ask();
    // Not by the gauge: it is 2 no longer than the idle time.
    await stage.until((stats) => stats.get("http.main.downstream_cx_total") === opened + 1);
    // Where the upstream is late, streams end for that before the kernel's buffers are full, and nothing stands: then it asks for more.
    const again = setInterval(ask, ASKS_AGAIN_MS);
    await stage
      .until((stats) => stats.get("http.main.downstream_cx_active") === 1, STALL_END_MS)
      .finally(() => clearInterval(again));
    await served();
    client.end();
    await idleButForBystander();
  });

  it("leaves a client alone that forgets one stream and takes the others", async () => {
    const client = await FrameSocket.open(stage.port, { settings: { initialWindowSize: 1_000 } });
    client.send(frame.windowUpdate({ stream: 0, increment: INT31_MAX - 65_535 }), large(1));
    const isReset = (): boolean => client.frames.some(({ type }) => type === "RST_STREAM");
    let stream = 1;
    for (const endMs = performance.now() + 5 * IDLE_TIMEOUT_S * 1_000; performance.now() < endMs; ) {
      stream += 2;
      client.send(get(stream));
      assert.ok(await client.until(() => client.isEnded || client.answered === (stream - 1) / 2));
      assert.equal(client.isEnded, false, `ended after ${client.answered} answers`);
      await stage.stats(); // sets the pace
    }
    assert.equal(isReset(), true, "the forgotten stream was reset");
    client.end();
    await idleButForBystander();
  });

  /** The bystander's connection, which was there before the flood, is answered. */
  async function served(): Promise<void> {
    const stream = 1 + 2 * asked++;
    bystander.send(get(stream));
    assert.ok(await bystander.until(() => bystander.answered === asked), "another connection is served");
  }

  /** A worker's counter has grown; what a client sees may come before. */
  async function counts(counter: string, from: number): Promise<void> {
    await stage.until((stats) => (stats.get(counter) ?? 0) > from);
  }

  async function idleButForBystander(): Promise<void> {
    await stage.until(
      (stats) => stats.get("http.main.downstream_rq_active") === 0 && stats.get("http.main.downstream_cx_active") === 1,
    );
  }
});

/** Sends rounds until the connection ends; answers whether it did. */
async function pour(client: FrameSocket, { round }: Flood): Promise<boolean> {
  for (let i = 0; i < ROUNDS_MAX && !client.isEnded; ) {
    const frames: Buffer[] = [];
    for (let n = 0; n < ROUNDS_PER_WRITE; n++, i++) frames.push(...round(i));
    client.send(...frames);
    await new Promise((resolve) => setImmediate(resolve));
    // Rounds that wait in this process are none: how many there are would be a matter of whose processor is faster.
    await client.until(() => client.isEnded || !client.socket.writableNeedDrain);
  }
  return client.until(() => client.isEnded);
}

/** A block of 12 KB that decodes to 48 MB: one long field put into the table, then named again and again by its index. */
function bomb(stream: number, first: boolean): Buffer {
  const value = Buffer.alloc(3_900, "a");
  const length = Buffer.from([0x7f, ...varint(value.length - 127)]);
  const entry = Buffer.concat([Buffer.of(0x40, 1, 0x78), length, value]);
  const request = frame.block(GET);
  const block = Buffer.concat([request, ...(first ? [entry] : []), Buffer.alloc(12_000, 0x80 | 62)]);
  return frame.any(1, 5, stream, block);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
