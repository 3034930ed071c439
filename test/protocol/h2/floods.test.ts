// Frames that cost the peer little and us much: each has a limit, and passing it ends the connection with ENHANCE_YOUR_CALM.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ErrorCode } from "../../../src/protocol/fault.ts";
import { frame, GET, POST } from "./support/frame.ts";
import { ServerProbe, writeHead } from "./support/probe.ts";

interface Row {
  readonly name: string;
  readonly before: readonly Buffer[];
  readonly flood: (i: number) => Buffer;
  /** How many of them are still allowed. */
  readonly allowed: number;
  readonly details: string;
}

const EMPTY = Buffer.alloc(0);
const post = frame.headers({ stream: 1, fields: POST });
const open = frame.headers({ stream: 1, fields: GET, endHeaders: false });

const ROWS: readonly Row[] = [
  {
    name: "PING in a second",
    before: [],
    flood: () => frame.ping(),
    allowed: 100,
    details: "http2.inbound_ping_flood",
  },
  // One of the 50 a second came with the greeting.
  {
    name: "SETTINGS in a second",
    before: [],
    flood: () => frame.settings(),
    allowed: 49,
    details: "http2.inbound_settings_flood",
  },
  {
    name: "empty DATA in a second",
    before: [post],
    flood: () => frame.data({ stream: 1 }),
    allowed: 100,
    details: "http2.inbound_empty_frames_flood",
  },
  {
    name: "DATA of padding only in a second",
    before: [post],
    flood: () => frame.data({ stream: 1, padding: 9 }),
    allowed: 100,
    details: "http2.inbound_empty_frames_flood",
  },
  {
    name: "CONTINUATION in a block",
    before: [open],
    flood: (i) => frame.continuation({ stream: 1, fields: [[`x-${i}`, "1"]], endHeaders: false }),
    allowed: 20,
    details: "http2.inbound_continuation_flood",
  },
  {
    name: "empty CONTINUATION",
    before: [open],
    flood: () => frame.any(9, 0, 1, EMPTY),
    allowed: 0,
    details: "http2.inbound_continuation_flood",
  },
  {
    name: "bytes of a block in pieces",
    before: [open],
    flood: () => frame.any(9, 0, 1, Buffer.alloc(16_384)),
    allowed: 7,
    details: "http2.header_block_too_large",
  },
  {
    name: "PRIORITY by 100 × (1 + streams)",
    before: [post],
    flood: () => frame.priority({ stream: 9 }),
    allowed: 200,
    details: "http2.inbound_priority_frames_flood",
  },
  {
    name: "WINDOW_UPDATE by 5 + 2 × (streams + 10 × DATA)",
    before: [post],
    flood: () => frame.windowUpdate({ stream: 1, increment: 1 }),
    allowed: 7,
    details: "http2.inbound_window_update_frames_flood",
  },
  {
    name: "premature RST_STREAM among the first hundred streams",
    before: [],
    flood: (i) =>
      Buffer.concat([
        frame.headers({ stream: 1 + 2 * i, fields: GET, end: true }),
        frame.rstStream({ stream: 1 + 2 * i }),
      ]),
    allowed: 50,
    details: "http2.premature_reset_flood",
  },
];

describe("floods", () => {
  for (const row of ROWS) {
    it(`allows ${row.allowed} and not one more of ${row.name}`, () => {
      const server = new ServerProbe();
      server.receive(...row.before, ...Array.from({ length: row.allowed }, (_, i) => row.flood(i)));
      assert.doesNotMatch(server.frames().join(), /GOAWAY/);
      server.receive(row.flood(row.allowed));
      assert.match(server.frames().at(-1) ?? "", new RegExp(`^GOAWAY last=\\d+ code=${ErrorCode.EnhanceYourCalm}$`));
      assert.equal(server.calls().at(-1), "connection done flood");
    });
  }

  it("names the limit in the fault and counts Envoy's counter", () => {
    const server = new ServerProbe();
    server.receive(post, ...Array.from({ length: 8 }, () => frame.windowUpdate({ stream: 1, increment: 1 })));
    assert.equal(server.sinks[0]?.fault?.details, "http2.inbound_window_update_frames_flood");
    assert.equal(server.codec.counters.inbound_window_update_frames_flood, 1);
    assert.equal(server.codec.counters.goaway_sent, 1);
  });

  it("starts counting anew in the next second", () => {
    const server = new ServerProbe();
    for (let second = 0; second < 3; second++) {
      server.receive(...Array.from({ length: 100 }, () => frame.ping()));
      server.frames();
      server.nowMs += 1_000;
    }
    assert.doesNotMatch(server.log.join(), /done/);
  });

  it("ends a client that resets more than 100 old streams in a second", () => {
    const server = new ServerProbe({ concurrentStreamsMax: 200 });
    for (let i = 0; i < 200; i++) server.receive(frame.headers({ stream: 1 + 2 * i, fields: GET, end: true }));
    server.nowMs += 5_000;
    for (let i = 0; i < 100; i++) server.receive(frame.rstStream({ stream: 1 + 2 * i }));
    assert.doesNotMatch(server.log.join(), /connection done/);
    server.receive(frame.rstStream({ stream: 201 }));
    assert.equal(server.calls().at(-1)?.startsWith("connection done flood"), true);
  });

  it("does not mind early resets that are fewer than half of all streams", () => {
    const server = new ServerProbe();
    let stream = 1;
    for (let i = 0; i < 400; i++, stream += 2) {
      server.nowMs += 100;
      server.receive(frame.headers({ stream, fields: GET, end: true }));
      if (i % 4 === 0) server.receive(frame.rstStream({ stream }));
      else writeHead(server.writer(i), [[":status", "200"]], true);
      server.writer(i).reset(ErrorCode.Cancel);
      server.frames();
    }
    assert.doesNotMatch(server.log.join(), /connection done/);
  });

  it("ends when 1000 answers wait for a socket that takes nothing", () => {
    const server = new ServerProbe({ pingsPerSecondMax: 10_000 });
    server.sink.stuckBytes = 1;
    server.receive(...Array.from({ length: 999 }, () => frame.ping()));
    assert.doesNotMatch(server.log.join(), /done/, "one SETTINGS acknowledgement and 999 of PING");
    server.receive(frame.ping(), frame.ping());
    assert.equal(server.calls().at(-1), "connection done flood");
  });

  it("does not count answers that the socket took", () => {
    const server = new ServerProbe({ pingsPerSecondMax: 10_000 });
    for (let i = 0; i < 3_000; i++) {
      server.receive(frame.ping());
      server.frames();
    }
    assert.doesNotMatch(server.log.join(), /done/);
  });

  it("ends a client whose faults cost 500 RST_STREAM", () => {
    const server = new ServerProbe();
    const bad = (i: number): Buffer => frame.headers({ stream: 1 + 2 * i, fields: [...GET, ["X", "1"]], end: true });
    for (let i = 0; i < 500; i++) {
      server.receive(bad(i));
      server.writer(i).reset(ErrorCode.Cancel);
      server.frames();
    }
    assert.doesNotMatch(server.log.join(), /connection done/);
    server.receive(bad(500));
    assert.equal(server.frames().at(-1), `GOAWAY last=1001 code=${ErrorCode.EnhanceYourCalm}`);
  });
});
