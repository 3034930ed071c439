import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { BROKER_LIMITS } from "../../../../../src/control/mesh/bus/broker/broker-limits.ts";
import { type Command, CommandParser } from "../../../../../src/control/mesh/bus/broker/command-parser.ts";

const LIMITS = { ...BROKER_LIMITS, controlLineBytesMax: 64, payloadBytesMax: 32, sidBytesMax: 20 };

describe("the broker's parser", () => {
  const rows: readonly (readonly [title: string, text: string, commands: readonly unknown[]])[] = [
    ["a ping in any case", "PING\r\nping\r\n", [{ type: "ping" }, { type: "ping" }]],
    ["a pong", "PONG\r\n", [{ type: "pong" }]],
    ["a line that ends without CR", "PING\n", [{ type: "ping" }]],
    ["what a client wants", 'CONNECT {"verbose":true}\r\n', [{ type: "connect", json: '{"verbose":true}' }]],
    ["a subscription", "SUB a.* 1\r\n", [{ type: "subscribe", subject: "a.*", queue: "", sid: "1" }]],
    ["one of a group", "sub\ta\t g  7 \r\n", [{ type: "subscribe", subject: "a", queue: "g", sid: "7" }]],
    ["the end of a subscription", "UNSUB 1\r\n", [{ type: "unsubscribe", sid: "1", max: 0 }]],
    ["its end after some messages", "UNSUB 1 5\r\n", [{ type: "unsubscribe", sid: "1", max: 5 }]],
    ["a message", "PUB a 5\r\nhello\r\n", [message("a", "", 0, "hello")]],
    ["a message with CR and LF", "PUB a 4\r\n\r\n\r\n\r\n", [message("a", "", 0, "\r\n\r\n")]],
    ["an empty message that awaits an answer", "PUB a b 0\r\n\r\n", [message("a", "b", 0, "")]],
    ["headers", "HPUB a 3 5\r\nh\r\nxy\r\n", [message("a", "", 3, "h\r\nxy")]],
    ["headers and an answer", "HPUB a b 2 2\r\n\r\n\r\n", [message("a", "b", 2, "\r\n")]],
    ["what servers say, as nothing", "+OK\r\nINFO {}\r\nPING\r\n", [{ type: "ping" }]],
    ["an unknown operation, without waiting for its end", "X", [fault("Unknown Protocol Operation")]],
    ["an unknown operation, after which nothing counts", "PUT a\r\nPING\r\n", [fault("Unknown Protocol Operation")]],
    ["a message that is longer than it says", "PUB a 2\r\nabc\r\n", [fault("Unknown Protocol Operation")]],
    ["a size that is none", "PUB a x\r\n", [fault("Parser Error")]],
    ["headers beyond the message", "HPUB a 5 4\r\n", [fault("Parser Error")]],
    ["a subscription with a long name", `SUB a ${"1".repeat(21)}\r\n`, [fault("Parser Error")]],
    ["too many words", "PUB a b c 1\r\n", [fault("Parser Error")]],
    ["a message over the limit, before it comes", "PUB a 33\r\n", [fault("Maximum Payload Violation")]],
    ["a line over the limit", `SUB ${"a".repeat(100)} 1\r\n`, [fault("maximum control line exceeded")]],
    ["a line over the limit that never ends", `SUB ${"a".repeat(100)}`, [fault("maximum control line exceeded")]],
  ];
  for (const [title, text, commands] of rows) {
    it(`reads ${title}`, () => assert.deepEqual(parse([Buffer.from(text, "latin1")]), commands));
  }

  it("reads the same from any pieces", () => {
    const texts = rows.map(([, text]) => text);
    fc.assert(
      fc.property(fc.subarray(texts), fc.array(fc.nat(300), { maxLength: 40 }), (chosen, cuts) => {
        const whole = Buffer.from(chosen.join(""), "latin1");
        assert.deepEqual(parse(pieces(whole, cuts)), parse([whole]));
      }),
      { numRuns: 500 },
    );
  });

  it("survives any bytes, holds no more than one command of them, and says nothing after a fault", () => {
    const words = fc.constantFrom(
      "PUB ",
      "HPUB ",
      "SUB ",
      "UNSUB ",
      "CONNECT ",
      "PING",
      "a ",
      "b ",
      "5 ",
      "999999999",
      "\r\n",
      "\n",
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      words.map((word) => Buffer.from(word)),
    );
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 60 }), (chunks) => {
        const commands = parse(chunks.map((chunk) => Buffer.from(chunk)));
        const at = commands.findIndex(({ type }) => type === "fault");
        assert.ok(at < 0 || at === commands.length - 1);
        for (const command of commands)
          assert.ok(command.type !== "publish" || command.body.length <= LIMITS.payloadBytesMax);
      }),
      { numRuns: 2_000 },
    );
  });

  it("makes no room for a message before its bytes come", () => {
    const parser = new CommandParser(BROKER_LIMITS, () => {});
    const before = process.memoryUsage().arrayBuffers;
    const parsers = Array.from({ length: 500 }, () => new CommandParser(BROKER_LIMITS, () => {}));
    for (const one of [parser, ...parsers]) one.feed(Buffer.from("PUB a 1000000\r\nx"));
    assert.ok(process.memoryUsage().arrayBuffers - before < 50_000_000);
  });
});

function parse(chunks: readonly Buffer[]): Command[] {
  const commands: Command[] = [];
  const parser = new CommandParser(LIMITS, (command) => commands.push(command));
  for (const chunk of chunks) {
    // A socket's buffer may be used again.
    const copy = Buffer.from(chunk);
    parser.feed(copy);
  }
  return commands;
}

function pieces(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => Math.min(cut, whole.length))), whole.length].sort((a, b) => a - b);
  return ends.map((end, at) => whole.subarray(ends[at - 1] ?? 0, end));
}

function message(subject: string, reply: string, headerBytes: number, body: string): Command {
  return { type: "publish", subject, reply, headerBytes, body: Buffer.from(body, "latin1") };
}

function fault(text: string): Command {
  return { type: "fault", text };
}
