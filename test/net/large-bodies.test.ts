import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "mocha";
import { SeededRandom } from "../../src/base/random.ts";
import type { Channel, ChannelHandler } from "../../src/net/channel.ts";
import { createNetContext, type NetContext } from "../../src/net/net-context.ts";
import { ReadLeases } from "../../src/net/read-leases.ts";
import { QUEUED_HIGH_BYTES } from "../../src/protocol/message.ts";
import { append, dialled, listening, loopback } from "../support/net-peers.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** More than the kernel's buffers of a connection hold, so that writes have to wait. */
const BODY_BYTES = 12 * 1024 * 1024;

describe("bodies relayed between channels", () => {
  let origin: Server;

  before(async () => {
    origin = createServer((socket) => socket.once("data", (seed) => socket.end(body(seed.readUInt32BE(0)))));
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  });

  after(() => new Promise((resolve) => origin.close(resolve)));

  it("arrive whole at eight slow readers that share one read buffer", async () => {
    const net = bodiesNet(new ReadLeases(0));
    assert.deepEqual(await relayedHashes(net, origin, 8), expectedHashes(8));
    assert.equal(net.buffers.heldBytes, 0);
  });

  it("arrive whole at eight slow readers with two private buffers among them", async () => {
    const net = bodiesNet(new ReadLeases(2, 65_536));
    assert.deepEqual(await relayedHashes(net, origin, 8), expectedHashes(8));
    assert.equal(net.reads.leased, 0);
    assert.equal(net.buffers.heldBytes, 0);
  });

  it("arrive whole at eight slow readers with a private buffer each", async () => {
    const net = bodiesNet(new ReadLeases());
    assert.deepEqual(await relayedHashes(net, origin, 8), expectedHashes(8));
    assert.equal(net.reads.leased, 0);
  });

  it("use a private buffer while they last and give it back", async () => {
    const net = bodiesNet(new ReadLeases());
    let leasedMost = 0;
    const { channel, events } = dialled(net, loopback(origin.address()));
    events.onData = (_bytes, start, end) => {
      events.bytes += end - start;
      leasedMost = Math.max(leasedMost, net.reads.leased);
    };
    append(channel, seedBytes(1));
    await events.until(() => events.ends === 1);
    channel.close();
    await events.until(() => events.closes.length === 1);
    assert.equal(events.bytes, BODY_BYTES);
    assert.equal(leasedMost, 1);
    assert.equal(net.reads.leased, 0);
  });

  it("do not make the channel that owns a private buffer read while a write still refers to it", async () => {
    const net = bodiesNet(new ReadLeases());
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const sink = dialled(net, loopback(server.address()));
    await sink.events.until(() => sink.events.connects === 1);
    const source = dialled(net, loopback(origin.address()));
    const blocked = Promise.withResolvers<number>();
    // No pause is asked for here: the net room alone must keep the reader off.
    source.events.onData = (bytes, start, end) => {
      source.events.bytes += end - start;
      sink.channel.writeThrough(bytes, start, end);
      if (net.reads.of(bytes)?.writes === 1) blocked.resolve(source.channel.readCalls);
    };
    append(source.channel, seedBytes(2));
    const reads = await blocked.promise;
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    assert.equal(source.channel.readCalls, reads);
    const hash = createHash("sha256");
    const peer = await accepted;
    let got = 0;
    await new Promise<void>((resolve) => {
      peer.on("data", (chunk: Buffer) => {
        hash.update(chunk);
        got += chunk.length;
        if (got === BODY_BYTES) resolve();
      });
      peer.resume();
    });
    assert.equal(hash.digest("hex"), hashOf(2));
    sink.channel.abort();
    source.channel.abort();
    peer.destroy();
    server.close();
    await source.events.until(() => source.events.closes.length === 1);
    await sink.events.until(() => sink.events.closes.length === 1);
  });
});

function bodiesNet(reads: ReadLeases): NetContext {
  const clock = new VirtualClock();
  return createNetContext({
    clock,
    wheel: clock.wheel,
    reads,
    onBug(error): void {
      throw error;
    },
  });
}

/** Relays one body to each of `count` clients, all at once, and answers what they got. */
async function relayedHashes(net: NetContext, origin: Server, count: number): Promise<string[]> {
  let closed = 0;
  const gone = Promise.withResolvers<void>();
  const onClosed = (): void => {
    closed++;
    if (closed === 2 * count) gone.resolve();
  };
  const door = await listening(net, (channel) => {
    const upstream = dialled(net, loopback(origin.address())).channel;
    upstream.handler = pump(upstream, channel, onClosed);
    channel.handler = pump(channel, upstream, onClosed);
  });
  const hashes = await Promise.all(Array.from({ length: count }, (_, seed) => slowlyRead(net, door.address, seed)));
  await gone.promise;
  door.close();
  return hashes;
}

/** Reads little at a time, so that the relay's kernel buffers stay full. */
async function slowlyRead(net: NetContext, address: Parameters<typeof dialled>[1], seed: number): Promise<string> {
  const random = new SeededRandom(seed);
  const hash: Hash = createHash("sha256");
  const { channel, events } = dialled(net, address);
  append(channel, seedBytes(seed));
  events.onData = (bytes, start, end) => {
    hash.update(bytes.subarray(start, end));
    channel.pauseReading();
    let turns = random.below(6);
    const wait = (): void => {
      if (turns-- > 0) setImmediate(wait);
      else channel.resumeReading();
    };
    wait();
  };
  await events.until(() => events.ends === 1);
  channel.close();
  await events.until(() => events.closes.length === 1);
  return hash.digest("hex");
}

/** One direction of a relay, with the rule for pressure that the exchange has. */
function pump(source: Channel, sink: Channel, onClosed: () => void): ChannelHandler {
  return {
    onConnect(): void {},
    onData(bytes, start, end): void {
      sink.writeThrough(bytes, start, end);
      if (sink.queuedBytes() >= QUEUED_HIGH_BYTES) source.pauseReading();
    },
    onEnd: () => sink.close(),
    onDrain: () => sink.resumeReading(),
    onClose(): void {
      sink.close();
      onClosed();
    },
  };
}

function seedBytes(seed: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(seed);
  return bytes;
}

/** Bytes that differ between seeds and repeat with a period that no buffer size divides. */
function body(seed: number): Buffer {
  const random = new SeededRandom(seed);
  const words = new Uint32Array(65_777);
  for (let i = 0; i < words.length; i++) words[i] = random.next32();
  return Buffer.alloc(BODY_BYTES, Buffer.from(words.buffer));
}

function hashOf(seed: number): string {
  return createHash("sha256").update(body(seed)).digest("hex");
}

function expectedHashes(count: number): string[] {
  return Array.from({ length: count }, (_, seed) => hashOf(seed));
}
