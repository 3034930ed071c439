// gRPC in all its kinds through a running Starling, client and server of grpc-js: streams, metadata, windows, cancellation, pings, and
// connections that end under their calls.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { after, afterEach, before, describe, it } from "mocha";
import { EchoClient, EchoServer } from "../support/grpc-echo.ts";
import { eventually } from "../support/nodes.ts";
import { Stage } from "../support/stage.ts";

const MIB = 2 ** 20;

describe("gRPC through a running proxy", function () {
  this.timeout(60_000);
  let server: EchoServer;
  let stage: Stage;
  /** Its connections end by number of requests and by age. */
  let cycling: Stage;
  let client: EchoClient;

  before(async () => {
    server = await EchoServer.start();
    const route = (prefix: string, action: unknown): unknown => ({ match: { prefix }, ...(action as object) });
    const routes = [
      route("/test.Echo/None", { direct_response: { status: 403, body: { inline_string: "not for you: ä" } } }),
      route("/", { route: { cluster: "echo", timeout: "0s" } }),
    ];
    const manager = { route_config: { virtual_hosts: [{ name: "v", domains: ["*"], routes }] } };
    const to = { upstreamPort: server.port, upstream: "http2" } as const;
    stage = await Stage.start({ ...to, manager });
    const limits = { max_requests_per_connection: 7, max_connection_duration: "2s" };
    const common_http_protocol_options = { ...limits, max_connection_duration_jitter: { value: 50 } };
    cycling = await Stage.start({
      ...to,
      manager: { ...manager, drain_timeout: "0.2s", common_http_protocol_options },
    });
  });

  after(async () => {
    for (const one of [stage, cycling]) {
      await one.untilIdle();
      assert.equal(await one.stop(), 0);
    }
    server.stop();
  });

  afterEach(() => client.close());

  function connect(options: Readonly<Record<string, number>> = {}, to: Stage = stage): EchoClient {
    client = new EchoClient(to.port, options);
    return client;
  }

  it("carries a unary call with binary metadata both ways", async () => {
    const metadata = new Metadata();
    metadata.set("asked-bin", Buffer.from([1, 0, 254, 200]));
    metadata.set("plain", "a, b");
    const outcome = await connect().unary("Unary", Buffer.from("hello"), metadata);
    assert.equal(outcome.code, 0);
    assert.equal(outcome.reply?.toString(), "hello");
    assert.deepEqual(outcome.head?.get("head-bin"), [Buffer.from([1, 0, 254, 200])]);
    assert.deepEqual(outcome.trailers.get("tail-bin"), [Buffer.from([0, 255, 10])]);
    assert.deepEqual(server.lastMetadata.get("plain"), ["a, b"]);
  });

  it("hands a status without an answer on, its message whole", async () => {
    const { code, details } = await connect().unary("Fail", Buffer.alloc(0));
    assert.deepEqual([code, details], [9, "not now: ünfit 100%"]);
  });

  it("makes a status of what the proxy answers itself", async () => {
    const { code, details } = await connect().unary("None", Buffer.alloc(0));
    assert.deepEqual([code, details], [7, "not for you: ä"]);
  });

  it("carries messages larger than every window, both ways", async () => {
    const large = Buffer.alloc(5 * MIB, 3);
    const { code, reply } = await connect().unary("Unary", large);
    assert.equal(code, 0);
    assert.ok(reply?.equals(large) === true);
  });

  it("carries a stream of the client, and an empty one", async () => {
    const messages = Array.from({ length: 50 }, (_, i) => Buffer.alloc(20_000, i));
    assert.ok((await connect().collect(messages)).equals(Buffer.concat(messages)));
    assert.equal((await client.collect([])).length, 0);
  });

  it("carries a stream of the server to a client that reads slowly", async () => {
    const call = connect().stream("Spread", "200x30000");
    let bytes = 0;
    for await (const message of call) {
      bytes += (message as Buffer).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(bytes, 200 * 30_000);
  });

  it("carries a conversation, each answer before the next question", async () => {
    const call = connect().chat();
    const answers: string[] = [];
    for (const word of ["one", "two", "three"]) {
      call.write(Buffer.from(word));
      const [answer] = (await once(call, "data")) as [Buffer];
      answers.push(answer.toString());
    }
    call.end();
    assert.deepEqual([answers, (await statusOf(call)).code], [["one", "two", "three"], 0]);
  });

  it("cancels a stream of the server at once when the client cancels", async () => {
    const call = connect().stream("Hang", "");
    await once(call, "data");
    await cancel(call, "Hang");
  });

  it("cancels a conversation at once when the client cancels", async () => {
    const call = connect().chat();
    call.write(Buffer.from("begun"));
    await once(call, "data");
    await cancel(call, "Chat");
  });

  it("tells the client how a stream broke off", async () => {
    const call = connect().stream("Break", "");
    call.resume();
    const { code, details } = await statusOf(call);
    assert.deepEqual([code, details], [10, "broke off"]);
  });

  it("answers pings of the client while nothing is called", async () => {
    const options = {
      "grpc.keepalive_time_ms": 100,
      "grpc.keepalive_timeout_ms": 20_000,
      "grpc.keepalive_permit_without_calls": 1,
    };
    const call = connect(options).chat();
    call.write(Buffer.from("a"));
    await once(call, "data");
    const received = "http.main.downstream_cx_rx_bytes_total";
    const before = await stage.stat(received);
    // Nothing is called: whatever comes is PING.
    await stage.until((now) => (now.get(received) ?? 0) >= before + 5 * PING_FRAME_BYTES);
    call.write(Buffer.from("b"));
    const [answer] = (await once(call, "data")) as [Buffer];
    assert.equal(answer.toString(), "b");
    call.end();
    assert.equal((await statusOf(call)).code, 0);
  });

  it("lets no call fail while connections end by number and age, and spreads them anew", async () => {
    connect({}, cycling);
    const before = await cycling.stat("http.main.downstream_cx_total");
    const codes = new Set<number>();
    const caller = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) codes.add((await client.unary("Unary", Buffer.from("x"))).code);
    };
    await Promise.all(Array.from({ length: 4 }, caller));
    assert.deepEqual([...codes], [0]);
    assert.ok((await cycling.stat("http.main.downstream_cx_total")) - before > 30, "the channel connected again");
    assert.ok((await cycling.stat("http.main.downstream_cx_max_requests_reached")) > 0);
  });

  it("keeps a conversation alive over the end of its connection's time", async () => {
    const call = connect({}, cycling).chat();
    const say = async (word: string): Promise<void> => {
      call.write(Buffer.from(word));
      const [answer] = (await once(call, "data")) as [Buffer];
      assert.equal(answer.toString(), word);
    };
    await say("before");
    const reached = "http.main.downstream_cx_max_duration_reached";
    const before = await cycling.stat(reached);
    await cycling.until((stats) => (stats.get(reached) ?? 0) > before);
    await say("after");
    call.end();
    assert.equal((await statusOf(call)).code, 0);
  });

  async function cancel(call: Call & { cancel(): void }, name: string): Promise<void> {
    server.cancelled.length = 0;
    const ended = statusOf(call);
    call.cancel();
    assert.equal((await ended).code, 1);
    await eventually(() => server.cancelled.includes(name));
    await stage.until((stats) => stats.get("cluster.echo.upstream_rq_active") === 0);
  }
});

/** What all calls of grpc-js have. */
interface Call {
  once(event: "status", listener: (status: StatusObject) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** How a call ends. */
function statusOf(call: Call): Promise<StatusObject> {
  call.on("error", () => {}); // said by the status
  return new Promise((resolve) => call.once("status", resolve));
}

const PING_FRAME_BYTES = 17;
