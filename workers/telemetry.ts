// The telemetry thread: makes clock, sockets and link, and starts the actor that exports what workers hand over. Nothing else.
import { type MessagePort, workerData } from "node:worker_threads";
import { ThreadLink } from "../src/actor/thread-link.ts";
import { systemClock } from "../src/base/clock.ts";
import { DrivenWheel } from "../src/base/driven-wheel.ts";
import { telemetryEnvironment } from "../src/control/tracing/environment.ts";
import { runTelemetryActor } from "../src/control/tracing/telemetry-actor.ts";
import type { TracingOrder, TracingOutput } from "../src/messages/tracing.ts";
import { createNetContext } from "../src/net/net-context.ts";
import { StatsDirectory } from "../src/supervisor/stats-directory.ts";
import { STATS_SCHEMAS } from "../src/supervisor/stats-schemas.ts";
import { noticeBatch } from "../src/telemetry/notice-batch.ts";
import { type StatsNotice, StatsWriter } from "../src/telemetry/stats-memory.ts";

/** Nothing here is due to the millisecond, and each tick takes the core from whoever serves. */
const TICK_MS = 50;
const { port, restored } = workerData as { readonly port: MessagePort; readonly restored: readonly StatsNotice[] };
const link = new ThreadLink<TracingOrder, TracingOutput>(port);
const wheel = new DrivenWheel(systemClock, TICK_MS);
const onBug = (error: unknown): void => {
  const text = `bug in the export of spans: ${String((error as Error).stack ?? error)}`;
  link.send({ type: "log-written", line: { level: "error", component: "tracing", text } });
};

runTelemetryActor({
  net: createNetContext({ wheel, onBug }),
  stats: new StatsWriter(
    noticeBatch((notices) => link.send({ type: "stats-announced", notices })),
    restored,
  ),
  link,
  counters: new StatsDirectory(STATS_SCHEMAS),
  environment: telemetryEnvironment((name) => process.env[name]),
  onStopped: () => wheel.stop(),
});
