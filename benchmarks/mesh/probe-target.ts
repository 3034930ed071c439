// The endpoints of the mesh benchmark: one process that answers probes on every loopback address, with one connection or many, and keeps
// when each address was probed. node benchmarks/mesh/probe-target.ts PORT CONTROL_PORT; a GET of the control port begins a new window
// and answers with what the last one saw.
import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import type { TargetWindow } from "./target-window.ts";

const port = Number(process.argv[2]);
const controlPort = Number(process.argv[3]);
const ANSWER = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK");
const lastMs = new Map<string, number>();
let gapsMs: number[] = [];
let connections = 0;
let begunMs = performance.now();

createServer({ noDelay: true }, (socket) => {
  connections++;
  const address = socket.localAddress ?? "";
  let rest = 0;
  socket.on("data", (bytes) => {
    // A probe has no body and no field that a blank line could hide in: its end is the only CRLFCRLF.
    rest = answered(socket, address, bytes, rest);
  });
  socket.on("error", () => socket.destroy());
}).listen(port, "0.0.0.0", 4096);

createHttpServer((_, response) => {
  const nowMs = performance.now();
  response.end(JSON.stringify(report(nowMs)));
  gapsMs = [];
  connections = 0;
  begunMs = nowMs;
}).listen(controlPort, "127.0.0.1");

process.on("SIGTERM", () => process.exit(0));

/** Answers each request that ends in these bytes; `matched`: how many bytes of the end came before. Answers how many match now. */
function answered(socket: Socket, address: string, bytes: Buffer, matched: number): number {
  let at = matched;
  for (const byte of bytes) {
    if (byte === END[at]) at++;
    else at = byte === END[0] ? 1 : 0;
    if (at < END.length) continue;
    at = 0;
    seen(address);
    socket.write(ANSWER);
  }
  return at;
}

function seen(address: string): void {
  const nowMs = performance.now();
  const before = lastMs.get(address);
  lastMs.set(address, nowMs);
  if (before !== undefined) gapsMs.push(nowMs - before);
}

function report(nowMs: number): TargetWindow {
  const sorted = Float64Array.from(gapsMs).sort();
  const silentMs = [...lastMs.values()].reduce((most, at) => Math.max(most, nowMs - at), 0);
  return {
    seconds: (nowMs - begunMs) / 1000,
    addresses: lastMs.size,
    probes: sorted.length,
    connections,
    gapMs: { p50: at(sorted, 0.5), p99: at(sorted, 0.99), max: sorted.at(-1) ?? 0 },
    gapsMs: [...histogram(sorted)],
    silentMs,
  };
}

/** How many gaps fall into each 50 ms. */
function histogram(sorted: Float64Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const gap of sorted) {
    const from = Math.floor(gap / 50) * 50;
    counts.set(from, (counts.get(from) ?? 0) + 1);
  }
  return counts;
}

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const END = Buffer.from("\r\n\r\n");
