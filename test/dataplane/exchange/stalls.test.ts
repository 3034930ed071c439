// HTTP/2 clients that ask and do not take, on a clock that the test moves: what is reset, what is closed, what is counted, who lives.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { ErrorCode } from "../../../src/protocol/fault.ts";
import { FrameTexts, frame, GET } from "../../protocol/h2/support/frame.ts";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { httpDefaults } from "../../support/http-options.ts";
import { forwarding, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const KIB = 1024;
const STALL_MS = 60_000;
const IDLE_MS = 300_000;
const WINDOW_BYTES = 10;

describe("an HTTP/2 client that takes nothing", () => {
  let world: ExchangeWorld;
  let up: FakeCluster;
  let client: ClientChannel;
  let texts: FrameTexts;
  let asked: number;

  beforeEach(() => begin({}));

  afterEach(() => assert.deepEqual(world.leaks(), []));

  it("loses the stream after one stall time and the connection after another", () => {
    begin({ windowBytes: 0 });
    answer(1);
    frames();
    world.clock.advanceMs(STALL_MS + 100);
    assert.deepEqual(frames(), [`RST_STREAM 1 code=${ErrorCode.InternalError}`]);
    assert.equal(client.ending, "");
    assert.equal(world.stat("http2.tx_flush_timeout"), 1);
    assert.equal(world.stat("http2.tx_reset"), 1);
    world.clock.advanceMs(STALL_MS + 100);
    assert.deepEqual(frames(), [`GOAWAY last=1 code=${ErrorCode.EnhanceYourCalm}`]);
    assert.equal(client.ending, "close");
    assert.equal(world.stat("http.main.downstream_cx_protocol_error"), 1);
    client.hangUp();
    assert.equal(world.stat("http2.goaway_sent"), 1);
  });

  it("is counted with the GOAWAY that it gets for a flood, not when its socket is gone", () => {
    const priority = frame.priority({ stream: 9 });
    client.send(Buffer.concat(Array.from({ length: 101 }, () => priority)));
    assert.equal(frames().at(-1), `GOAWAY last=0 code=${ErrorCode.EnhanceYourCalm}`);
    assert.equal(client.ending, "close");
    assert.equal(world.stat("http2.inbound_priority_frames_flood"), 1);
    assert.equal(world.stat("http2.goaway_sent"), 1);
  });

  it("loses the connection too when the answer was still coming and went idle", () => {
    ask();
    up.stream().respond(200, {}, null);
    up.stream().data("x".repeat(40 * KIB), false);
    frames();
    world.clock.advanceMs(IDLE_MS + 100);
    assert.deepEqual(frames(), [`RST_STREAM 1 code=${ErrorCode.InternalError}`]);
    assert.match(world.log(), /^SI stream_idle_timeout/);
    assert.equal(world.stat("http.main.downstream_rq_idle_timeout"), 1);
    world.clock.advanceMs(2 * STALL_MS + 100);
    assert.deepEqual(frames(), [`GOAWAY last=1 code=${ErrorCode.EnhanceYourCalm}`]);
    assert.equal(client.ending, "close");
  });

  it("loses the connection too when the answer took longer than its route allows", () => {
    begin({ windowBytes: 0, timeoutMs: STALL_MS / 4 });
    ask();
    up.stream().respond(200, {}, null);
    up.stream().data("x", false);
    world.clock.advanceMs(STALL_MS / 4 + 100);
    assert.match(world.log(), /^UT response_timeout/);
    world.clock.advanceMs(2 * STALL_MS + 100);
    assert.equal(frames().at(-1), `GOAWAY last=1 code=${ErrorCode.EnhanceYourCalm}`);
    assert.equal(client.ending, "close");
  });

  it("keeps the connection when it was the upstream that said nothing more", () => {
    ask();
    up.stream().respond(200, {}, null);
    up.stream().data("x", false);
    world.clock.advanceMs(IDLE_MS + 5 * STALL_MS);
    assert.equal(frames().at(-1), `RST_STREAM 1 code=${ErrorCode.InternalError}`);
    assert.equal(client.ending, "");
  });

  it("of one stream loses that stream only, while it takes the others", () => {
    answer(WINDOW_BYTES + 1);
    for (let i = 0; i < 60; i++) {
      world.clock.advanceMs(STALL_MS / 4);
      answer(WINDOW_BYTES);
    }
    assert.equal(frames().filter((text) => text.startsWith("RST_STREAM 1 ")).length, 1);
    assert.equal(client.ending, "");
    assert.equal(world.stat("http.main.downstream_rq_active"), 0);
  });

  it("is left alone after its reset while an answer is still to come", () => {
    answer(WINDOW_BYTES + 1);
    ask();
    world.clock.advanceMs(IDLE_MS - 1_000);
    assert.equal(client.ending, "");
    assert.equal(world.stat("http.main.downstream_rq_active"), 1);
  });

  it("of many streams loses all at once", () => {
    begin({ windowBytes: 0 });
    for (let i = 0; i < 10; i++) answer(1);
    ask();
    world.clock.advanceMs(STALL_MS + 100);
    assert.equal(frames().at(-1), `GOAWAY last=21 code=${ErrorCode.EnhanceYourCalm}`);
    assert.equal(client.ending, "close");
    assert.match(world.log(), /^- .*\nDPE http2\.stalled_streams_flood\n$/s);
  });

  it("and does not read its socket is cut off", () => {
    client.send(frame.settings({ initialWindowSize: 1_048_576 }));
    client.isStalled = true;
    answer(40 * KIB);
    world.clock.advanceMs(STALL_MS - 100);
    assert.equal(client.ending, "");
    world.clock.advanceMs(200);
    assert.equal(client.ending, "abort");
    assert.equal(world.stat("http.main.downstream_cx_protocol_error"), 1);
  });

  it("for a while and then reads its socket is not", () => {
    client.send(frame.settings({ initialWindowSize: 1_048_576 }));
    client.isStalled = true;
    answer(40 * KIB);
    world.clock.advanceMs(STALL_MS - 100);
    client.unstall();
    client.isStalled = true;
    answer(20 * KIB);
    world.clock.advanceMs(STALL_MS);
    assert.equal(client.ending, "");
  });

  it("only loses streams where that is asked for, as Envoy has it", () => {
    begin({ stalledStreamsMax: Number.POSITIVE_INFINITY, windowBytes: 0 });
    for (let i = 0; i < 50; i++) answer(1);
    world.clock.advanceMs(10 * STALL_MS);
    client.isStalled = true;
    client.send(frame.settings({ initialWindowSize: 1_048_576 }));
    answer(40 * KIB);
    world.clock.advanceMs(10 * STALL_MS);
    assert.equal(world.stat("http2.tx_flush_timeout"), 50);
    assert.equal(client.ending, "");
  });

  function begin({ stalledStreamsMax = 10, windowBytes = WINDOW_BYTES, timeoutMs = Number.POSITIVE_INFINITY }): void {
    const format = [
      { kind: "operator", name: "RESPONSE_FLAGS", args: [], lengthMax: 99 } as const,
      { kind: "literal", text: " " } as const,
      { kind: "operator", name: "RESPONSE_CODE_DETAILS", args: [], lengthMax: 99 } as const,
      { kind: "literal", text: "\n" } as const,
    ];
    const accessLogs = [{ sink: "file", path: "log", format, json: null, omitEmpty: false, filter: null } as const];
    const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up", { timeoutMs })]));
    const http = { ...httpDefaults, http2: { ...httpDefaults.http2, stalledStreamsMax } };
    const times = { streamFlushTimeoutMs: STALL_MS, streamIdleTimeoutMs: IDLE_MS };
    world = new ExchangeWorld(listener(manager({ accessLogs, http, routes, ...times })));
    up = world.upstreams.add("up");
    client = world.connect();
    texts = new FrameTexts();
    asked = 0;
    client.send(frame.preface());
    client.send(frame.settings({ initialWindowSize: windowBytes }));
    frames();
  }

  function ask(): void {
    client.send(frame.headers({ stream: 1 + 2 * asked++, fields: GET, end: true }));
  }

  /** A request with an answer of so many bytes, all of which the upstream has sent. */
  function answer(bytes: number): void {
    ask();
    up.stream().respond(200, {}, "x".repeat(bytes));
  }

  function frames(): string[] {
    return texts.of(Buffer.from(client.received(), "latin1"));
  }
});
