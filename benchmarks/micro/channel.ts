// CPU time of channels: small messages echoed on many connections, and large bodies relayed from one socket to another.
// node benchmarks/micro/channel.ts [seconds] [rounds]; the load lives in a worker thread, and only this thread's time is counted.
import { connect, createServer, type Socket } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { AddressPlan } from "../../src/config/plan/address.ts";
import type { Channel } from "../../src/net/channel.ts";
import { createNetContext, type NetContext } from "../../src/net/net-context.ts";
import { ReadLeases } from "../../src/net/read-leases.ts";
import { dialled, listening, loopback } from "../../test/support/net-peers.ts";

interface Load {
  readonly port: number;
  readonly connections: number;
  readonly messageBytes: number;
  readonly answerBytes: number;
}

const BODY_BYTES = 1_048_576;

if (isMainThread) await main();
else if (workerData === null) origin();
else load(workerData as Load);

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 2);
  const rounds = Number(process.argv[3] ?? 1);
  for (let round = 0; round < rounds; round++) {
    for (const mode of ["turn", "now"]) for (const connections of [1, 64]) await echo(seconds, mode, connections);
    for (const kib of [0, 64, 128, 256, 512]) await relay(seconds, kib);
  }
}

/** Echo of 100 bytes; `now` flushes in the read callback, `turn` at the end of the turn. */
async function echo(seconds: number, mode: string, connections: number): Promise<void> {
  const net = context(new ReadLeases());
  let messages = 0;
  const door = await listening(net, (channel, events) => {
    events.onData = (bytes, start, end) => {
      messages++;
      channel.out.reserve(end - start);
      channel.out.bytes.set(bytes.subarray(start, end), channel.out.end);
      channel.out.end += end - start;
      if (mode === "now") channel.flush();
      else channel.scheduleFlush();
    };
  });
  const figure = await measured(
    seconds,
    door.address,
    { connections, messageBytes: 100, answerBytes: 100 },
    () => messages,
  );
  console.log(`echo 100 B, ${connections} connections, flush ${mode}: ${figure}`);
  door.close();
}

/** A request of 100 bytes starts a body of 1 MiB that a plain socket sends and this thread relays. */
async function relay(seconds: number, leaseKib: number): Promise<void> {
  const net = context(new ReadLeases(leaseKib === 0 ? 0 : 32, leaseKib * 1_024));
  const origin = new Worker(new URL(import.meta.url), { workerData: null });
  const port = await new Promise<number>((resolve) => origin.once("message", resolve));
  let bodies = 0;
  const pairs: { readonly upstream: Channel; readonly channel: Channel }[] = [];
  const door = await listening(net, (channel, events) => {
    const upstream: Channel = dialled(net, loopback({ port, address: "", family: "" })).channel;
    pairs.push({ upstream, channel });
    let bytesLeft = BODY_BYTES;
    upstream.handler = {
      onConnect(): void {},
      onData(bytes, start, end): void {
        channel.writeThrough(bytes, start, end);
        if (channel.queuedBytes() > 131_072) upstream.pauseReading();
        bytesLeft -= end - start;
        if (bytesLeft > 0) return;
        bytesLeft = BODY_BYTES;
        bodies++;
      },
      onEnd(): void {},
      onDrain(): void {},
      onClose(): void {},
    };
    events.onDrain = () => upstream.resumeReading();
    events.onData = (bytes, start, end) => upstream.writeThrough(bytes, start, end);
    events.onClose = () => upstream.abort();
  });
  const shape = { connections: 8, messageBytes: 100, answerBytes: BODY_BYTES };
  const figure = await measured(seconds, door.address, shape, () => bodies);
  const per = (count: (pair: (typeof pairs)[number]) => number): string =>
    (pairs.reduce((sum, pair) => sum + count(pair), 0) / bodies).toFixed(1);
  const calls = `${per((pair) => pair.upstream.readCalls)} reads, ${per((pair) => pair.channel.writeCalls)} writes`;
  console.log(`relay 1 MiB, 8 connections, private buffers of ${leaseKib} KiB: ${figure}, ${calls}`);
  await origin.terminate();
  door.close();
}

async function measured(
  seconds: number,
  address: AddressPlan,
  shape: Omit<Load, "port">,
  count: () => number,
): Promise<string> {
  const port = address.kind === "socket" ? address.port : 0;
  const worker = new Worker(new URL(import.meta.url), { workerData: { ...shape, port } });
  await new Promise((resolve) => setTimeout(resolve, 700));
  const before = { cpu: process.threadCpuUsage(), count: count(), at: performance.now() };
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const cpu = process.threadCpuUsage(before.cpu);
  const done = count() - before.count;
  const ms = performance.now() - before.at;
  await worker.terminate();
  const each = ((cpu.user + cpu.system) / done).toFixed(2);
  return `${each} µs each (user ${(cpu.user / done).toFixed(2)}), ${Math.round((done * 1000) / ms)}/s`;
}

function load({ port, connections, messageBytes, answerBytes }: Load): void {
  const message = Buffer.alloc(messageBytes, 1);
  for (let i = 0; i < connections; i++) {
    let left = answerBytes;
    const socket: Socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(262_144),
        callback(n): boolean {
          left -= n;
          if (left === 0) {
            left = answerBytes;
            socket.write(message);
          }
          return true;
        },
      },
    });
    socket.on("connect", () => socket.write(message));
    socket.on("error", () => {});
  }
}

/** Answers every message with a body. */
function origin(): void {
  const body = Buffer.alloc(BODY_BYTES, 2);
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", () => socket.write(body));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1", () => {
    const bound = server.address();
    parentPort?.postMessage(typeof bound === "object" ? bound?.port : 0);
  });
}

function context(reads: ReadLeases): NetContext {
  return createNetContext({
    reads,
    onBug(error): void {
      throw error;
    },
  });
}
