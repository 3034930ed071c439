// HTTP/2 upstreams that break off or break the protocol, behind the real Envoy and behind Starling: the client gets the same answer, the
// same is counted, and nothing stays open.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, type Program } from "../support/live-proxy.ts";
import { exchange, masked } from "../support/raw-exchange.ts";
import { Stage } from "../support/stage.ts";
import { WRONGS, WrongFrames } from "../support/wrong-frames.ts";

const RESETS = "cluster.echo.upstream_rq_tx_reset";
/** Envoy waits a second before it closes. */
const QUIET_MS = 1_500;
const OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const WINDOWS = { initial_stream_window_size: 65_535, initial_connection_window_size: 65_535 };

describe("upstreams that write wrong frames, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  const rooms = new Map<Program, Room>();

  before(async function () {
    if (!envoyInstalled()) this.skip();
    for (const program of ["envoy", "starling"] as const) rooms.set(program, await Room.start(program));
  });

  after(async () => {
    for (const room of rooms.values()) await room.stop();
  });

  for (const name of Object.keys(WRONGS)) {
    it(`one that ${name}`, async () => {
      const [theirs, ours] = await Promise.all(
        (["envoy", "starling"] as const).map((one) => rooms.get(one)?.ask(name)),
      );
      assert.deepEqual(ours, theirs);
    });
  }

  it("that pass the window behind a client that never reads are stopped, and memory stays bounded", async () => {
    const room = rooms.get("starling") as Room;
    const grownBytes = await room.askWithoutReading();
    assert.ok(grownBytes < 8 * 1024 * 1024, `${grownBytes} bytes`);
  });

  it("leave neither streams nor requests behind", async () => {
    await rooms.get("starling")?.untilIdle();
  });
});

class Room {
  private readonly stage: Stage;
  private readonly upstream: WrongFrames;

  private constructor(stage: Stage, upstream: WrongFrames) {
    this.stage = stage;
    this.upstream = upstream;
  }

  static async start(program: Program): Promise<Room> {
    const upstream = await WrongFrames.start();
    const options = {
      "@type": `type.googleapis.com/${OPTIONS}`,
      explicit_http_config: { http2_protocol_options: WINDOWS },
    };
    const cluster = { typed_extension_protocol_options: { [OPTIONS]: options } };
    const stage = await Stage.start({ program, upstreamPort: upstream.port, cluster });
    return new Room(stage, upstream);
  }

  /** The answer, and which of the cluster's counts of requests moved. */
  async ask(name: string): Promise<unknown> {
    this.upstream.doing = name;
    const before = await this.stage.stats();
    const answer = await exchange(this.stage.port, "GET / HTTP/1.1\r\nhost: a\r\n\r\n", { quietMs: QUIET_MS });
    await this.stage.untilIdle();
    const now = await this.stage.stats();
    const moved = [...now]
      .filter(([counter, value]) => COUNTED.test(counter) && value !== before.get(counter))
      .map(([counter, value]) => `${counter} ${value - (before.get(counter) ?? 0)}`);
    return { answer: masked(answer).replace(/x{100,}/, "xx…"), moved: moved.toSorted() };
  }

  /** Asks on a connection that takes nothing; answers how the proxy's memory grew until the upstream was stopped. */
  async askWithoutReading(): Promise<number> {
    this.upstream.doing = "flood";
    const beforeBytes = this.stage.residentBytes();
    const resets = await this.stage.stat(RESETS);
    const client = connect(this.stage.port, "127.0.0.1").pause();
    client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await this.stage.until((stats) => (stats.get(RESETS) ?? 0) > resets);
    client.destroy();
    return this.stage.residentBytes() - beforeBytes;
  }

  untilIdle(): Promise<void> {
    return this.stage.untilIdle();
  }

  async stop(): Promise<void> {
    await this.stage.stop();
    await this.upstream.stop();
  }
}

/** Not how connections fared: Envoy ends one for a malformed message, Starling its stream alone (RFC 9113 §8.1.1). */
const COUNTED = /^cluster\.echo\.upstream_rq_(\d|completed|total)/;
