// What holds for any bytes and any split of them: the same calls, no exception, windows never passed, messages whole.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../src/base/random.ts";
import { EchoPair, type EchoPlan } from "./support/echo-pair.ts";
import { frame, GET, POST } from "./support/frame.ts";
import type { Pair } from "./support/hpack.ts";
import { ClientProbe, ServerProbe } from "./support/probe.ts";

const CONVERSATION: Buffer = Buffer.concat([
  frame.preface(),
  frame.settings({ initialWindowSize: 100, headerTableSize: 0 }),
  frame.headers({ stream: 1, fields: GET, end: true, padding: 3, dependsOn: 0 }),
  frame.headers({ stream: 3, fields: [...POST, ["content-length", "11"]], endHeaders: false }),
  frame.continuation({ stream: 3, fields: [["cookie", "a=1"]], endHeaders: false }),
  frame.continuation({ stream: 3, fields: [["cookie", "b=2"]] }),
  frame.any(99, 0, 3, Buffer.from("unknown")),
  frame.data({ stream: 3, text: "hello ", padding: 7 }),
  frame.ping({ payload: 5 }),
  frame.data({ stream: 3, text: "" }),
  frame.data({ stream: 3, text: "world", padding: 0 }),
  frame.settingsAck(),
  frame.headers({ stream: 3, fields: [["x-sum", "1"]], end: true }),
  frame.headers({ stream: 5, fields: POST }),
  frame.priority({ stream: 9 }),
  frame.data({ stream: 5, text: "x", end: true, padding: 200 }),
  frame.windowUpdate({ stream: 5, increment: 9 }),
  frame.rstStream({ stream: 5 }),
  frame.headers({ stream: 7, fields: [...GET, ["BAD", "1"]], end: true }),
  frame.goaway({ last: 0 }),
  frame.any(1, 5, 11, Buffer.of(0xff)),
]);

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const sorted = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

function hear(parts: readonly Buffer[]): { calls: string[]; bodies: string[]; frames: string[] } {
  const server = new ServerProbe({}, []);
  for (const part of parts) server.receive(part);
  return { calls: server.calls(), bodies: server.sinks.map((sink) => sink.body.toString()), frames: server.frames() };
}

describe("properties of the HTTP/2 codec", () => {
  it("makes the same calls and frames however the bytes are split", () => {
    const whole = hear([CONVERSATION]);
    assert.ok(whole.calls.length > 8 && whole.frames.at(-1)?.startsWith("GOAWAY"));
    assert.deepEqual(hear(Array.from(CONVERSATION, (byte) => Buffer.of(byte))), whole);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (cuts) => {
        assert.deepEqual(hear(pieces(CONVERSATION, cuts)), whole);
      }),
      { numRuns: 300 },
    );
  });

  it("never throws on garbage, to a server or a client", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
        const server = new ServerProbe();
        server.receive(Buffer.from(garbage));
        const client = new ClientProbe();
        client.request(POST, false);
        client.receive(Buffer.from(garbage));
      }),
      { numRuns: 500 },
    );
  });

  it("never throws on frames of garbage, which get further", () => {
    const anyFrame = fc
      .tuple(fc.integer({ min: 0, max: 11 }), fc.nat(255), fc.nat(9), fc.uint8Array({ maxLength: 40 }))
      .map(([type, flags, stream, payload]) => frame.any(type, flags, stream, payload));
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 30 }), (frames) => {
        for (const each of frames) {
          const server = new ServerProbe();
          server.receive(frame.headers({ stream: 1, fields: POST }), each, ...frames);
          const client = new ClientProbe();
          client.request(POST, false);
          client.receive(each, ...frames);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("ends with GOAWAY or survives when one byte of a conversation is changed", () => {
    fc.assert(
      fc.property(fc.nat(CONVERSATION.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(CONVERSATION);
        changed[at] = byte;
        hear([changed]);
      }),
      { numRuns: 500 },
    );
  });

  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).map((text) => `x-${text}`);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,40}[!-~])?$/);
  const fields: fc.Arbitrary<Pair[]> = fc.array(fc.tuple(name, value), { maxLength: 8 });
  // A body goes through its window up to five hundred times: by more, a window of a few bytes would only cost minutes.
  const windowBytes = fc.integer({ min: 1, max: 100_000 });
  const plan: fc.Arbitrary<EchoPlan> = fc
    .record({ clientStream: windowBytes, serverStream: windowBytes })
    .chain((windows) => {
      const partMax = Math.min(40_000, 100 * Math.min(windows.clientStream, windows.serverStream));
      const bodyParts = fc.array(fc.nat(partMax), { maxLength: 5 });
      return fc.record({
        seed: fc.nat(),
        windows: fc.constant(windows),
        messages: fc.array(fc.record({ fields, trailers: fields, bodyParts }), { minLength: 1, maxLength: 6 }),
      });
    });

  it("echoes any messages between client and server with any windows and any splits", () => {
    fc.assert(
      fc.property(plan, (each) => {
        const pair = new EchoPair(each, new SeededRandom(each.seed));
        pair.run();
        pair.check();
      }),
      { numRuns: 200 },
    );
  });
});
