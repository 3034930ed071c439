// Memory of an idle accepted connection: resident memory of a process that holds many channels which each answered one message.
// node benchmarks/micro/idle.ts [connections]; the clients live in a process of their own and are bare sockets.
import { fork } from "node:child_process";
import { connect } from "node:net";
import { createNetContext } from "../../src/net/net-context.ts";
import { append, listening } from "../../test/support/net-peers.ts";

const connections = Number(process.argv[2] ?? 5_000);

if (process.env["IDLE_PORT"] === undefined) await measure();
else connectAll(Number(process.env["IDLE_PORT"]));

async function measure(): Promise<void> {
  const net = createNetContext({
    onBug(error): void {
      throw error;
    },
  });
  const answered = Promise.withResolvers<void>();
  let answers = 0;
  const door = await listening(net, (channel, events) => {
    events.onData = (bytes, start, end) => {
      append(channel, bytes.subarray(start, end));
      if (++answers === connections) answered.resolve();
    };
  });
  const before = settledBytes();
  const port = String(door.address.kind === "socket" && door.address.port);
  const child = fork(new URL(import.meta.url), [String(connections)], { env: { ...process.env, IDLE_PORT: port } });
  await answered.promise;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const after = settledBytes();
  const perConnection = (key: keyof typeof after): string =>
    ((after[key] - before[key]) / connections / 1024).toFixed(2);
  console.log(`${connections} idle connections, KiB each:`);
  console.log(`  resident ${perConnection("rss")}  JavaScript heap ${perConnection("heapUsed")}`);
  child.kill();
  door.close();
  process.exit(0);
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
    const socket = connect(port, "127.0.0.1", () => socket.write("hello"));
    socket.on("data", next);
    socket.on("error", () => process.exit(1));
  };
  for (let i = 0; i < 20; i++) next();
}
