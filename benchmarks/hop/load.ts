// Load from h2load, which speaks HTTP/1.1 and HTTP/2, cleartext and TLS; its figures read from its output.
import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What one run of load asks for. */
export interface LoadOptions {
  readonly url: string;
  readonly protocol: "http1" | "http2";
  readonly connections: number;
  /** Streams at once a connection; 1 for HTTP/1.1. */
  readonly streams: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Requests a second over all connections; 0: as fast as answers come. */
  readonly rate: number;
  readonly core: string;
  /** File whose bytes are posted as a gRPC call; empty: GET. */
  readonly call: string;
}

/** What came of it. Times in milliseconds. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Runs h2load; rejects when it cannot run at all. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const logFile = join(tmpdir(), `hop-${process.pid}-${Math.floor(performance.now() * 1000)}.tsv`);
  const args = [
    "-c",
    options.core,
    "h2load",
    ...(options.protocol === "http1" ? ["--h1"] : []),
    "-c",
    String(options.connections),
    "-m",
    String(options.streams),
    "-t",
    "1",
    "-D",
    String(options.seconds),
    ...(options.warmUpSeconds > 0 ? ["--warm-up-time", String(options.warmUpSeconds)] : []),
    ...(options.rate > 0 ? ["--rps", String(options.rate / options.connections)] : []),
    ...(options.rate > 0 ? ["--log-file", logFile] : []),
    ...(options.call === "" ? [] : ["-d", options.call, "-H", "content-type: application/grpc", "-H", "te: trailers"]),
    options.url,
  ];
  try {
    const { stdout } = await run("taskset", args, { maxBuffer: 1 << 24 });
    const statuses = /status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(stdout);
    const requests = /requests: (\d+) total, .* (\d+) failed, (\d+) errored, (\d+) timeout/.exec(stdout);
    if (statuses === null || requests === null) throw new Error(`h2load said:\n${stdout}`);
    const succeeded = Number(statuses[1]);
    const wrong = Number(statuses[2]) + Number(statuses[3]) + Number(statuses[4]);
    return {
      requestsPerSecond: succeeded / options.seconds,
      succeeded,
      failed: wrong + Number(requests[2]),
      ...(options.rate > 0 ? percentiles(logFile) : { p50Ms: Number.NaN, p99Ms: Number.NaN }),
    };
  } finally {
    rmSync(logFile, { force: true });
  }
}

// A line of the log: start in microseconds since 1970, status, microseconds taken.
function percentiles(logFile: string): { p50Ms: number; p99Ms: number } {
  const times = readFileSync(logFile, "latin1")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Number(line.slice(line.lastIndexOf("\t") + 1)));
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): number =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) / 1000;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
