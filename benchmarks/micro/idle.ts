// Memory of an idle accepted connection: resident memory of a process that holds many channels which each answered one message.
// node --expose-gc benchmarks/micro/idle.ts [connections] [tls]; the clients live in a process of their own.
import { fork } from "node:child_process";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Channel, ChannelHandler } from "../../src/net/channel.ts";
import { listen } from "../../src/net/listen.ts";
import { createNetContext } from "../../src/net/net-context.ts";
import { append, chainPlan, LOOPBACK, QUIET } from "../../test/support/net-peers.ts";
import { chains, tlsChains } from "../../test/support/tls-plans.ts";

const connections = Number(process.argv[2] ?? 5_000);
const secure = process.argv[3] === "tls";

async function measure(): Promise<void> {
  const net = createNetContext({
    onBug(error): void {
      throw error;
    },
  });
  const answered = Promise.withResolvers<void>();
  let answers = 0;
  const plan = secure ? tlsChains() : chains(chainPlan());
  const options = { address: LOOPBACK, backlog: 128, sharing: "exclusive", ticketKeys: null, events: QUIET } as const;
  const outcome = await listen(net, { ...options, chains: plan }, (channel) => {
    channel.handler = new Echo(channel, () => {
      if (++answers === connections) answered.resolve();
    });
  });
  if (outcome.kind === "fault") throw new Error(outcome.fault.text);
  const door = outcome.listening;
  const before = settledBytes();
  const port = String(door.address.kind === "socket" && door.address.port);
  const child = fork(new URL(import.meta.url), process.argv.slice(2), { env: { ...process.env, IDLE_PORT: port } });
  await answered.promise;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const after = settledBytes();
  const perConnection = (key: keyof typeof after): string =>
    ((after[key] - before[key]) / connections / 1024).toFixed(2);
  console.log(`${connections} idle ${secure ? "TLS " : ""}connections, KiB each:`);
  console.log(`  resident ${perConnection("rss")}  JavaScript heap ${perConnection("heapUsed")}`);
  child.kill();
  door.close();
  process.exit(0);
}

class Echo implements ChannelHandler {
  private readonly channel: Channel;
  private readonly answered: () => void;

  constructor(channel: Channel, answered: () => void) {
    this.channel = channel;
    this.answered = answered;
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    append(this.channel, bytes.subarray(start, end));
    this.answered();
  }

  onConnect(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onClose(): void {}
}

/** Memory after garbage was collected; --expose-gc is asked for by the first line of the output when it is missing. */
function settledBytes(): NodeJS.MemoryUsage {
  if (globalThis.gc === undefined) console.log("run with --expose-gc for a figure without garbage");
  for (let i = 0; i < 4; i++) globalThis.gc?.();
  return process.memoryUsage();
}

function connectAll(port: number): void {
  let made = 0;
  const next = (): void => {
    if (made++ === connections) return;
    const route = { port, host: "127.0.0.1", servername: "front.example", rejectUnauthorized: false };
    const socket = secure ? connectTls(route) : connect(route);
    socket.write("hello");
    socket.on("data", next);
    socket.on("error", () => process.exit(1));
  };
  for (let i = 0; i < 20; i++) next();
}

if (process.env["IDLE_PORT"] === undefined) await measure();
else connectAll(Number(process.env["IDLE_PORT"]));
