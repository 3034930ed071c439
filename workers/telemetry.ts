// The telemetry thread: makes clock, sockets and link, and starts the actor that exports spans. Nothing else.
import { type MessagePort, workerData } from "node:worker_threads";
import { ThreadLink } from "../src/actor/thread-link.ts";
import { systemClock } from "../src/base/clock.ts";
import { DrivenWheel } from "../src/base/driven-wheel.ts";
import { traceEnvironment } from "../src/control/tracing/environment.ts";
import { runTelemetryActor } from "../src/control/tracing/telemetry-actor.ts";
import type { TracingOrder, TracingOutput } from "../src/messages/tracing.ts";
import { createNetContext } from "../src/net/net-context.ts";
import { noticeBatch } from "../src/telemetry/notice-batch.ts";
import { type StatsNotice, StatsWriter } from "../src/telemetry/stats-memory.ts";

const { port, restored } = workerData as { readonly port: MessagePort; readonly restored: readonly StatsNotice[] };
const link = new ThreadLink<TracingOrder, TracingOutput>(port);
const wheel = new DrivenWheel(systemClock, 10);
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
  environment: traceEnvironment((name) => process.env[name]),
  onStopped: () => wheel.stop(),
});
