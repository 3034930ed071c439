// When exporters send what they have, and when again what failed. Spans follow the runtime's keys, which are Envoy's.
import { type RuntimeView, runtimeInteger } from "../../config/plan/runtime.ts";
import { ZIPKIN } from "../../telemetry/trace-stats.ts";
import type { QueueEnvironment } from "./environment.ts";
import type { ExportPace } from "./exporters.ts";

/** A full batch at once, others after a while. */
export function steadyPace({ batchMax, delayMs }: Pick<QueueEnvironment, "batchMax" | "delayMs">): ExportPace {
  return {
    enough: () => batchMax,
    delayMs: () => delayMs,
    pausesMs: AGAIN_MS,
    onTime: () => {},
    timeoutMs: (planMs) => planMs,
  };
}

/** The same, unless the runtime says otherwise. */
export function otelPace({ batchMax, delayMs }: QueueEnvironment, runtime: RuntimeView): ExportPace {
  return {
    ...steadyPace({ batchMax, delayMs }),
    enough: () => Math.max(1, runtimeInteger(runtime, "tracing.opentelemetry.min_flush_spans", batchMax)),
    delayMs: () => runtimeInteger(runtime, "tracing.opentelemetry.flush_interval_ms", delayMs),
  };
}

/** With Envoy's defaults; as there nothing is tried again. `stats`: ZIPKIN block. */
export function zipkinPace(runtime: RuntimeView, stats: Float64Array): ExportPace {
  return {
    enough: () => Math.max(1, runtimeInteger(runtime, "tracing.zipkin.min_flush_spans", 5)),
    delayMs: () => runtimeInteger(runtime, "tracing.zipkin.flush_interval_ms", 5_000),
    pausesMs: [],
    timeoutMs: (planMs) =>
      runtimeInteger(runtime, "tracing.zipkin.request_timeout", planMs) || Number.POSITIVE_INFINITY,
    onTime: () => {
      stats[ZIPKIN.at.timer_flushed] = (stats[ZIPKIN.at.timer_flushed] as number) + 1;
    },
  };
}

/** Before the second try, the third, the fourth. */
const AGAIN_MS = [1_000, 2_000, 4_000];
