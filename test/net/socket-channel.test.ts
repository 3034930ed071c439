import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Turn } from "../../src/base/turn.ts";
import { createNetContext } from "../../src/net/net-context.ts";
import { kernelBacklog } from "../../src/net/owned-socket.ts";
import { QUEUED_HIGH_BYTES, QUEUED_LOW_BYTES } from "../../src/protocol/message.ts";
import { append, connectedPair, dialled, loopback, say, standingNet } from "../support/net-peers.ts";

describe("a channel", () => {
  it("brings the same bytes back from an echo, however they were cut", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    pair.serverEvents.onData = (bytes, start, end) => append(pair.server, bytes.subarray(start, end));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 20 }), async (pieces) => {
        const before = pair.clientEvents.bytes;
        const all = Buffer.concat(pieces);
        for (const [i, piece] of pieces.entries()) {
          append(pair.client, piece);
          if (i % 3 === 0) pair.client.flush();
        }
        await pair.clientEvents.until(() => pair.clientEvents.bytes === before + all.length);
        assert.deepEqual(Buffer.concat(pair.clientEvents.chunks.splice(0)), all);
      }),
      { numRuns: 30 },
    );
    await pair.end();
  });

  it("sends everything of one turn in one write", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    for (let i = 0; i < 50; i++) say(pair.client, `frame ${i};`);
    await pair.serverEvents.until(() => pair.serverEvents.text.endsWith("frame 49;"));
    assert.equal(pair.client.writeCalls, 1);
    assert.equal(pair.server.readCalls, 1);
    assert.equal(pair.server.bytesRead, pair.client.bytesWritten);
    await pair.end();
  });

  it("holds no buffer while it has nothing to say", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    say(pair.client, "a request");
    assert.ok(net.buffers.heldBytes > 0);
    await pair.serverEvents.until(() => pair.serverEvents.bytes === 9);
    assert.equal(net.buffers.heldBytes, 0);
    assert.equal(pair.client.out.bytes.length, 0);
    await pair.end();
  });

  it("stops reading when asked, twice as well as once, and goes on when asked", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    pair.server.pauseReading();
    pair.server.pauseReading();
    say(pair.client, "for later");
    // The way back is a round trip through the same loop: by its end the paused side would have read.
    say(pair.server, "still writing");
    await pair.clientEvents.until(() => pair.clientEvents.text === "still writing");
    assert.equal(pair.serverEvents.bytes, 0);
    pair.server.resumeReading();
    pair.server.resumeReading();
    await pair.serverEvents.until(() => pair.serverEvents.text === "for later");
    await pair.end();
  });

  it("tells its addresses", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    assert.equal(pair.server.remoteAddress, "127.0.0.1");
    assert.equal(pair.server.remotePort, pair.client.localPort);
    assert.equal(pair.client.remotePort, pair.server.localPort);
    assert.equal(pair.client.localAddress, "127.0.0.1");
    await pair.end();
  });

  it("says drain once after its queue was above the high mark and the peer read on", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    pair.server.pauseReading();
    const block = Buffer.alloc(QUEUED_HIGH_BYTES, 7);
    let sent = 0;
    do {
      append(pair.client, block);
      pair.client.flush();
      sent += block.length;
    } while (pair.client.queuedBytes() < QUEUED_HIGH_BYTES);
    const drains = pair.clientEvents.drains;
    pair.server.resumeReading();
    await pair.serverEvents.until(() => pair.serverEvents.bytes === sent);
    await pair.clientEvents.until(() => pair.clientEvents.drains > drains);
    assert.ok(pair.client.queuedBytes() < QUEUED_LOW_BYTES);
    assert.equal(pair.client.bytesWritten, sent);
    await pair.end();
  });

  it("says drain when the mark was passed behind a waiting write and the peer took that before the turn was over", async () => {
    const turnEnds: (() => void)[] = [];
    const net = createNetContext({
      turn: new Turn((run) => turnEnds.push(run)),
      onBug: (error) => assert.fail(String(error)),
    });
    const endTurn = (): void => {
      for (const run of turnEnds.splice(0)) run();
    };
    const pair = await connectedPair(net);
    pair.client.pauseReading();
    const piece = Buffer.alloc(QUEUED_LOW_BYTES - 1);
    let sent = 0;
    while (pair.server.queuedBytes() === 0) {
      append(pair.server, piece);
      pair.server.flush();
      sent += piece.length;
    }
    const late = Buffer.alloc(QUEUED_HIGH_BYTES - 1);
    append(pair.server, late);
    assert.ok(pair.server.queuedBytes() >= QUEUED_HIGH_BYTES);
    pair.client.resumeReading();
    await pair.clientEvents.until(() => pair.clientEvents.bytes === sent + late.length);
    endTurn();
    await pair.serverEvents.until(() => pair.serverEvents.drains > 0);
    assert.equal(pair.serverEvents.drains, 1);
    await pair.end();
  });

  it("says drain also when the kernel took a large flush at once", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    append(pair.client, Buffer.alloc(QUEUED_HIGH_BYTES));
    await pair.clientEvents.until(() => pair.clientEvents.drains === 1);
    await pair.serverEvents.until(() => pair.serverEvents.bytes === QUEUED_HIGH_BYTES);
    await pair.end();
  });

  it("aborts and reports when its handler throws, and nothing else suffers", async () => {
    const { net, bugs } = standingNet();
    const pair = await connectedPair(net);
    pair.serverEvents.onData = () => {
      throw new Error("mistake");
    };
    say(pair.client, "x");
    await pair.clientEvents.until(() => pair.clientEvents.ends + pair.clientEvents.closes.length > 0);
    assert.deepEqual(bugs, [new Error("mistake")]);
    await pair.end();
  });
});

describe("the end of a channel", () => {
  it("comes with the last bytes first, then FIN, then one onClose on each side", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    say(pair.server, "last words");
    pair.server.close();
    pair.server.close();
    await pair.clientEvents.until(() => pair.clientEvents.ends === 1);
    assert.equal(pair.clientEvents.text, "last words");
    pair.client.close();
    await pair.clientEvents.until(() => pair.clientEvents.closes.length > 0);
    await pair.serverEvents.until(() => pair.serverEvents.closes.length > 0);
    await pair.end();
    assert.deepEqual(pair.clientEvents.closes, [null]);
    assert.deepEqual(pair.serverEvents.closes, [null]);
  });

  it("leaves the other direction open after the peer's FIN", async () => {
    const { net } = standingNet();
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const server = createServer({ allowHalfOpen: true }, resolve).listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { channel, events } = dialled(net, loopback(server.address()));
    const peer = await promise;
    const heard: Buffer[] = [];
    peer.on("data", (chunk: Buffer) => heard.push(chunk));
    peer.end("no more from me");
    await events.until(() => events.ends === 1);
    say(channel, "but I have something");
    channel.close();
    await new Promise((done) => peer.once("end", done));
    assert.equal(Buffer.concat(heard).toString(), "but I have something");
    await events.until(() => events.closes.length === 1);
    server.close();
  });

  it("waits for the peer's FIN no longer than the linger time", async () => {
    const { net, clock } = standingNet();
    const pair = await connectedPair(net);
    pair.server.close(500);
    await pair.clientEvents.until(() => pair.clientEvents.ends === 1);
    say(pair.client, "unwanted");
    clock.advanceMs(400);
    assert.deepEqual(pair.serverEvents.closes, []);
    clock.advanceMs(200);
    await pair.serverEvents.until(() => pair.serverEvents.closes.length === 1);
    assert.deepEqual(pair.serverEvents.closes, [null]);
    assert.equal(pair.serverEvents.bytes, 0);
    await pair.end();
  });

  it("reads no more than a megabyte or so of a peer that goes on", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    pair.server.close();
    for (let i = 0; i < 64; i++) append(pair.client, Buffer.alloc(1_048_576));
    pair.client.flush();
    while (pair.server.bytesRead <= 1_048_576) await new Promise(setImmediate);
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    const { bytesRead } = pair.server;
    await pair.end();
    assert.ok(bytesRead < 2 * 1_048_576, `${bytesRead} bytes were read`);
  });

  it("by abort with reset is a reset for the peer", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    pair.server.abort("reset");
    await pair.clientEvents.until(() => pair.clientEvents.closes.length === 1);
    assert.deepEqual(pair.clientEvents.closes, [{ kind: "reset", text: "Connection reset by peer" }]);
    await pair.end();
    assert.deepEqual(pair.serverEvents.closes, [null]);
  });

  it("by abort stops all calls but onClose", async () => {
    const { net } = standingNet();
    const pair = await connectedPair(net);
    say(pair.client, "too late");
    pair.client.flush();
    pair.server.abort();
    pair.server.abort();
    await pair.serverEvents.until(() => pair.serverEvents.closes.length === 1);
    assert.equal(pair.serverEvents.bytes + pair.serverEvents.ends, 0);
    await pair.end();
    assert.equal(pair.serverEvents.closes.length, 1);
  });

  it("gives the peer time for the last bytes as long as it takes some of them", async () => {
    const { net, clock } = standingNet();
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const { channel, events } = dialled(net, loopback(server.address()));
    const peer = await accepted;
    await events.until(() => events.connects === 1);
    append(channel, Buffer.alloc(32 * 1024 * 1024));
    channel.flush();
    channel.close(1_000);
    const { socket } = channel as unknown as { socket: Socket };
    for (let round = 0; round < 3; round++) {
      const left = kernelBacklog(socket);
      // What the peer reads first was in the kernel already.
      while (kernelBacklog(socket) === left) if (peer.read() === null) await once(peer, "readable");
      clock.advanceMs(1_020);
      assert.deepEqual(events.closes, []);
    }
    clock.advanceMs(1_020);
    clock.advanceMs(1_020);
    await events.until(() => events.closes.length === 1);
    peer.destroy();
    server.close();
  });

  it("is told to the owner when the peer goes while much is queued", async () => {
    const { net } = standingNet();
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const { channel, events } = dialled(net, loopback(server.address()));
    const peer = await accepted;
    await events.until(() => events.connects === 1);
    append(channel, Buffer.alloc(32 * 1024 * 1024));
    channel.flush();
    peer.resetAndDestroy();
    await events.until(() => events.closes.length === 1);
    assert.equal(events.closes[0]?.kind, "reset");
    assert.equal(net.buffers.heldBytes, 0);
    server.close();
  });
});
