import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type FilterCall, type FilterMaker, type HttpFilter, Step } from "../../../src/dataplane/filters/filter.ts";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { listener } from "../../support/listener-plans.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
const POST = "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\n";
const TEAPOT = { status: 418, body: "no", bytes: null, flag: "", details: "teapot", grpcStatus: -1 };

interface Scene {
  readonly world: ExchangeWorld;
  readonly client: ClientChannel;
  readonly up: FakeCluster;
  /** What the filters were told. */
  readonly log: string[];
  readonly calls: FilterCall[];
}

/** A filter that writes down what it sees; `steps` says what it answers. */
function spy(name: string, scene: Pick<Scene, "log" | "calls">, steps: Partial<HttpFilter> = {}): FilterMaker {
  const note = (text: string): Step => {
    scene.log.push(`${name} ${text}`);
    return Step.Next;
  };
  return (call) => {
    scene.calls.push(call);
    return {
      decodeHead: (_, end) => note(`head${end ? " end" : ""}`),
      decodeData: (bytes, start, end) => note(`data ${Buffer.from(bytes).toString("latin1", start, end)}`),
      encodeHead: (head) => note(`answer ${head.status}`),
      encodeData: (bytes, start, end) => note(`answer data ${Buffer.from(bytes).toString("latin1", start, end)}`),
      done: () => void note("done"),
      ...steps,
    };
  };
}

function scene(
  make: (parts: Pick<Scene, "log" | "calls">) => readonly FilterMaker[],
  play: (scene: Scene) => void,
): void {
  const parts = { log: [] as string[], calls: [] as FilterCall[] };
  const world = new ExchangeWorld(listener(), { filters: make(parts) });
  const up = world.upstreams.add("up");
  play({ ...parts, world, up, client: world.connect() });
  assert.deepEqual(world.leaks(), []);
}

describe("a filter chain", () => {
  it("sees the request in its order and the answer in the opposite one", () =>
    scene(
      (parts) => [spy("1", parts), spy("2", parts)],
      ({ client, up, log }) => {
        client.send(GET);
        up.stream().respond(200, { "content-length": "2" }, "ok");
        assert.deepEqual(log, [
          "1 head end",
          "2 head end",
          "2 answer 200",
          "1 answer 200",
          "2 answer data ok",
          "1 answer data ok",
          "1 done",
          "2 done",
        ]);
      },
    ));

  it("answers in the upstream's place, and its answer passes the filters", () =>
    scene(
      (parts) => [spy("1", parts), (call) => ({ decodeHead: () => call.reply(TEAPOT) })],
      ({ client, up, log }) => {
        client.send(GET);
        assert.match(client.received(), /^HTTP\/1.1 418 .*\r\n\r\nno$/s);
        assert.equal(up.streams.length, 0);
        assert.deepEqual(log, ["1 head end", "1 answer 418", "1 answer data no", "1 done"]);
      },
    ));

  it("waits where a filter parks, while that filter sees the body", () =>
    scene(
      (parts) => [
        spy("1", parts, {
          decodeHead: () => Step.Parked,
        }),
        spy("2", parts),
      ],
      ({ client, up, log, calls }) => {
        client.send(POST);
        client.send("abc");
        assert.equal(up.streams.length, 0);
        assert.deepEqual(log, ["1 data abc"]);
        calls[0]?.resumeDecode();
        client.send("def");
        assert.equal(up.stream().body, "abcdef");
        assert.equal(up.stream().requestEnded, true);
        assert.deepEqual(log, ["1 data abc", "2 head", "2 data abc", "1 data def", "2 data def"]);
        up.stream().respond(200);
      },
    ));

  it("hands a whole request on when it was parked until its end", () =>
    scene(
      (parts) => [spy("1", parts, { decodeHead: () => Step.Parked })],
      ({ client, up, calls }) => {
        client.send(`${POST}abcdef`);
        calls[0]?.resumeDecode();
        assert.equal(up.stream().body, "abcdef");
        assert.equal(up.stream().requestEnded, true);
        up.stream().respond(200);
      },
    ));

  it("holds an answer back until a filter lets it go on", () =>
    scene(
      (parts) => [spy("1", parts), spy("2", parts, { encodeHead: () => Step.Parked })],
      ({ client, up, log, calls }) => {
        client.send(GET);
        up.stream().respond(200, { "content-length": "2" }, "ok");
        assert.equal(client.received(), "");
        calls[1]?.resumeEncode();
        assert.match(client.received(), /^HTTP\/1.1 200 .*\r\n\r\nok$/s);
        assert.deepEqual(log.slice(2), ["2 answer data ok", "1 answer 200", "1 answer data ok", "1 done", "2 done"]);
      },
    ));

  it("lets a parked filter answer later", () =>
    scene(
      (parts) => [spy("1", parts, { decodeHead: () => Step.Parked })],
      ({ client, calls }) => {
        client.send(GET);
        calls[0]?.reply(TEAPOT);
        assert.match(client.received(), /^HTTP\/1.1 418 /);
      },
    ));

  it("is told of the end when the client goes away while it is parked", () =>
    scene(
      (parts) => [spy("1", parts, { decodeHead: () => Step.Parked })],
      ({ client, log, calls }) => {
        client.send(GET);
        client.hangUp();
        assert.deepEqual(log, ["1 done"]);
        assert.equal(calls[0]?.route(), null);
        calls[0]?.resumeDecode();
      },
    ));

  it("pauses a client whose body waits behind a parked filter", () =>
    scene(
      (parts) => [spy("1", parts, { decodeHead: () => Step.Parked, decodeData: () => Step.Next })],
      ({ client, up, calls }) => {
        client.send(POST.replace("6", "65536"));
        client.send("x".repeat(40_000));
        assert.equal(client.isPaused, true);
        calls[0]?.resumeDecode();
        assert.equal(client.isPaused, false);
        assert.equal(up.stream().body.length, 40_000);
      },
    ));

  it("asks no filter that has nothing to do with the request", () =>
    scene(
      () => [() => null],
      ({ client, up }) => {
        client.send(GET);
        up.stream().respond(204);
        assert.match(client.received(), /^HTTP\/1.1 204 /);
      },
    ));
});
