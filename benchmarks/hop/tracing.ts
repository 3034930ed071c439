// `npm run bench -- --tracing`: what tracing costs Starling: off, 1 % and 100 % of requests exported over OTLP to a real sink, in turn, CPU per
// request of the whole process with its telemetry thread.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OtlpSink } from "../../test/support/otlp-sink.ts";
import { load } from "./load.ts";
import { freePort } from "./machine.ts";
import { fill } from "./peers.ts";
import { portReady, startPinned, usageOf } from "./process.ts";
import { median } from "./report.ts";

const PROXY_CORE = "0";
const LOAD_CORE = "1";
const SHARES = [0, 1, 100] as const;
const BARS: Readonly<Record<number, number>> = { 1: 3, 100: 25 };

/** Prints each round and the medians of the extra cost in percent. */
export async function measureTracing(folder: string, upstream: number, rounds: number, seconds: number): Promise<void> {
  // The collector is in this process, and no other machine: it shares the load's core, not the proxy's.
  execFileSync("taskset", ["-a", "-c", "-p", LOAD_CORE, String(process.pid)]);
  const sink = await OtlpSink.start();
  const extra = new Map<number, number[]>();
  try {
    for (let round = 0; round < rounds; round++) {
      let plain = Number.NaN;
      for (const share of SHARES) {
        const micros = await costOf(folder, upstream, share, sink.httpPort, seconds);
        if (share === 0) plain = micros;
        else extra.set(share, [...(extra.get(share) ?? []), (micros / plain - 1) * 100]);
        console.log(
          `tracing #${round} ${share} %: ${micros.toFixed(2)} µs CPU a request, ${sink.spans.splice(0).length} spans`,
        );
      }
    }
  } finally {
    sink.stop();
  }
  for (const [share, all] of extra)
    console.log(`${share} % traced: ${median(all).toFixed(1)} % more CPU a request, bar ≤ ${BARS[share]} %`);
}

async function costOf(folder: string, upstream: number, share: number, sink: number, seconds: number): Promise<number> {
  const [listen, admin] = [await freePort(), await freePort()];
  const file = fill("front.yaml", folder, {
    LISTEN: listen,
    UPSTREAM: upstream,
    ADMIN: admin,
    TLS: "",
    UPSTREAM_PROTOCOL: "",
  });
  if (share > 0) writeFileSync(file, traced(readFileSync(file, "utf8"), share, sink));
  const command = [
    process.execPath,
    join(import.meta.dirname, "../../src/starling.mjs"),
    "-c",
    file,
    "--concurrency",
    "1",
    "-l",
    "error",
  ];
  const proxy = startPinned(PROXY_CORE, command, join(folder, "tracing.log"));
  try {
    await portReady(proxy, listen);
    const base = {
      url: `http://127.0.0.1:${listen}/`,
      protocol: "http1",
      connections: 64,
      streams: 1,
      core: LOAD_CORE,
      call: "",
    } as const;
    await load({ ...base, rate: 0, seconds: 2, warmUpSeconds: 0 });
    const before = usageOf(proxy.pid).cpuSeconds;
    const { succeeded } = await load({ ...base, rate: 0, seconds, warmUpSeconds: 0 });
    return ((usageOf(proxy.pid).cpuSeconds - before) * 1e6) / succeeded;
  } finally {
    await proxy.stop();
  }
}

function traced(yaml: string, share: number, sink: number): string {
  const config = {
    "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
    http_service: { http_uri: { uri: "http://c/v1/traces", cluster: "collector", timeout: "5s" } },
  };
  const provider = { name: "envoy.tracers.opentelemetry", typed_config: config };
  const endpoint = { endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: sink } } } };
  const load_assignment = { cluster_name: "collector", endpoints: [{ lb_endpoints: [endpoint] }] };
  const tracing = JSON.stringify({ provider, random_sampling: { value: share } });
  return yaml
    .replace("stat_prefix: ingress_http", `stat_prefix: ingress_http\n          tracing: ${tracing}`)
    .replace(
      "\n  clusters:\n",
      `\n  clusters:\n  - ${JSON.stringify({ name: "collector", type: "STATIC", load_assignment })}\n`,
    );
}
