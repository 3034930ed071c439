import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type FilterCall, type FilterMaker, type HttpFilter, Step } from "../../../src/dataplane/filters/filter.ts";
import type { HeaderList } from "../../../src/protocol/header-list.ts";
import { filterScene } from "../../support/filter-scene.ts";
import { Http2Client } from "../../support/http2-client.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
const POST = "POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
const NO = { status: 500, body: "no", bytes: null, flag: "", details: "no", grpcStatus: -1 };
const NOTHING = Buffer.alloc(0);

/** A maker of one filter that reaches its call, and writes into `log` when the head comes. */
function filter(log: string[], name: string, hooks: (call: FilterCall) => HttpFilter): FilterMaker {
  return (call) => {
    const made = hooks(call);
    return {
      ...made,
      decodeHead: (head, end) => {
        log.push(`${name} head`);
        return made.decodeHead?.(head, end) ?? Step.Next;
      },
    };
  };
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes).toString("latin1", start, end);
}

/** Gives the body on in capitals. */
function shouting(call: FilterCall): HttpFilter {
  const loud = (bytes: Uint8Array, start: number, end: number, last: boolean): Step => {
    const shouted = Buffer.from(text(bytes, start, end).toUpperCase());
    return call.replace(shouted, 0, shouted.length, last);
  };
  return { decodeData: loud, encodeData: loud };
}

/** Parks the request and holds its body itself until the end. */
function hoarding(call: FilterCall): HttpFilter {
  let held = "";
  return {
    decodeHead: () => Step.Parked,
    decodeData: (bytes, start, end, last) => {
      held += text(bytes, start, end);
      if (!last) return call.replace(NOTHING, 0, 0, false);
      call.resumeDecode();
      return call.replace(Buffer.from(held), 0, held.length, true);
    },
  };
}

describe("a pass through filters", () => {
  it("shows the filters behind what a filter gave instead", () => {
    const seen: string[] = [];
    const { world, up } = filterScene({
      makers: [
        shouting,
        () => ({
          decodeData: (bytes, start, end) => {
            seen.push(text(bytes, start, end));
            return Step.Next;
          },
        }),
      ],
    });
    const client = world.connect();
    client.send(`${POST}3\r\nabc\r\n0\r\n\r\n`);
    assert.equal(up.stream().body, "ABC");
    up.stream().respond(200, { "content-length": "2" }, "ok");
    assert.match(client.received(), /\r\n\r\nOK$/);
    assert.deepEqual(seen, ["ABC", ""]);
    assert.deepEqual(world.leaks(), []);
  });

  it("lets a filter take all and give it on at the end, resuming in its own hook", () => {
    const log: string[] = [];
    const { world, up } = filterScene({
      makers: [filter(log, "1", hoarding), filter(log, "2", shouting)],
    });
    const client = world.connect();
    client.send(`${POST}3\r\nabc\r\n`);
    client.send("3\r\ndef\r\n");
    assert.deepEqual(log, ["1 head"]);
    client.send("0\r\n\r\n");
    assert.deepEqual(log, ["1 head", "2 head"]);
    assert.equal(up.stream().body, "ABCDEF");
    assert.equal(up.stream().requestEnded, true);
    up.stream().respond(204);
    assert.deepEqual(world.leaks(), []);
  });

  it("tells an upstream with a stream at hand that a held body is still to come", () => {
    const { world, up } = filterScene({ makers: [hoarding] });
    const client = world.connect();
    const ends: boolean[] = [];
    up.onHead = (end) => ends.push(end);
    client.send("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc");
    assert.deepEqual(ends, [false]);
    up.stream().respond(204);
    assert.deepEqual(world.leaks(), []);
  });

  it("shows no head twice when the body parks it", () => {
    const log: string[] = [];
    const calls: FilterCall[] = [];
    const parking = (call: FilterCall): HttpFilter => {
      calls.push(call);
      return { decodeData: () => Step.Parked };
    };
    const { world, up } = filterScene({ makers: [filter(log, "1", parking), filter(log, "2", shouting)] });
    const client = world.connect();
    client.send(`${POST}3\r\nabc\r\n`);
    assert.equal(up.stream().body, "");
    calls[0]?.resumeDecode();
    assert.equal(up.stream().body, "ABC");
    assert.deepEqual(log, ["1 head", "2 head"]);
    up.stream().respond(204);
    assert.deepEqual(world.leaks(), []);
  });

  it("ends a message with bytes in place of trailers", () => {
    const { world, up } = filterScene({
      makers: [
        (call) => ({
          encodeTrailers: (trailers: HeaderList) => {
            const frame = Buffer.from(`[${trailers.valueByName("grpc-status")}]`);
            return call.replace(frame, 0, frame.length, true);
          },
        }),
        shouting,
      ],
    });
    const client = new Http2Client(world.connect());
    const call = client.request("/x");
    up.stream().respond(200, {}, null);
    up.stream().data("abc", false);
    up.stream().endWithTrailers({ "grpc-status": "0" });
    client.settle();
    assert.equal(call.body, "ABC[0]");
    assert.deepEqual(call.trailers, []);
    assert.equal(call.ended, true);
    assert.deepEqual(world.leaks(), []);
  });

  it("shows a local answer's body to a filter that holds its head back", () => {
    const { world } = filterScene({
      makers: [
        (call) => {
          let head: HeaderList | null = null;
          return {
            encodeHead: (list) => {
              head = list;
              return Step.Parked;
            },
            encodeData: (bytes, start, end) => {
              head?.set("x-said", text(bytes, start, end));
              call.resumeEncode();
              return Step.Next;
            },
          };
        },
        (call) => ({ decodeHead: () => call.reply(NO, (head) => head.add("x-more", "1")) }),
      ],
    });
    assert.match(world.ask(GET), /^HTTP\/1.1 500 .*x-more: 1\r\n.*x-said: no\r\n.*\r\n\r\nno$/s);
    assert.deepEqual(world.leaks(), []);
  });

  it("puts a local answer in the place of one that is held back, past the filters", () => {
    const heads: number[] = [];
    const { world, up } = filterScene({
      makers: [
        (call) => ({
          encodeHead: (head) => {
            heads.push(head.status);
            return Step.Parked;
          },
          encodeData: () => call.reply(NO),
        }),
      ],
    });
    const client = world.connect();
    client.send(GET);
    up.stream().respond(200, { "content-length": "2" }, "ok");
    assert.match(client.received(), /^HTTP\/1.1 500 .*\r\n\r\nno$/s);
    assert.deepEqual(heads, [200]);
    assert.deepEqual(world.leaks(), []);
  });

  it("keeps for the access log what a filter said of the request", () => {
    const path = (args: string[]) =>
      ({ kind: "operator", name: "DYNAMIC_METADATA", args, lengthMax: Infinity }) as const;
    const literal = { kind: "literal", text: "\n" } as const;
    const format = [path(["ours", "user"]), path(["ours", "of", "age"]), literal];
    const { world, up } = filterScene({
      manager: { accessLogs: [{ sink: "stdout", path: "", format, json: null, omitEmpty: false, filter: null }] },
      makers: [
        (call) => {
          call.setMetadata("ours", "user", "eve");
          call.setMetadata("ours", "of", { age: 7 });
          call.addFlag("RL");
          return null;
        },
      ],
    });
    const client = world.connect();
    client.send(GET);
    up.stream().respond(204);
    assert.equal(world.log(), "eve7\n");
    assert.deepEqual(world.leaks(), []);
  });
});
