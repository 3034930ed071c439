// What the listeners of a worker stand on in tests and benchmarks: whoever makes one brings time and upstreams; nothing that is made here
// tells anybody of anything.
import { runtimeView } from "../../src/dataplane/routing/runtime-view.ts";
import type { WorkerServices } from "../../src/dataplane/worker-services.ts";
import { createHttp2UseMemory, Http2Use } from "../../src/telemetry/http2-use.ts";
import { LineBatches } from "../../src/telemetry/line-batches.ts";
import { createModuleWatchMemory, ModuleWatch } from "../../src/telemetry/module-watch.ts";
import { createCountMemory, NodeCounts } from "../../src/telemetry/node-counts.ts";
import { SpanBatches } from "../../src/telemetry/span-batches.ts";

/** What has to be brought. */
type Brought = "clock" | "wheel" | "random" | "stats" | "upstreams" | "accessLogs" | "onBug";

/** The services of worker 0 of one; anything may be another than here. */
export function quietServices(parts: Pick<WorkerServices, Brought> & Partial<WorkerServices>): WorkerServices {
  const { stats, wheel } = parts;
  return {
    spans: new SpanBatches(wheel, stats, () => {}),
    records: new LineBatches(wheel, () => {}),
    runtime: runtimeView({}),
    workerName: "worker_0",
    hostname: "box",
    localAddress: "192.0.2.2",
    rateBuckets: new Map(),
    sharedOffsetMs: 0,
    counts: new NodeCounts(createCountMemory(1), 1, 0),
    http2Use: new Http2Use(createHttp2UseMemory(1), 1, 0),
    modules: new ModuleWatch(createModuleWatchMemory(1), 0),
    memoryBytesMax: 256 * 1024 * 1024,
    log: () => {},
    ...parts,
  };
}
