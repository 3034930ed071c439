// The load-report thread: makes clock, sockets, tables and link, and starts the actor that reports load. Nothing else.
import { randomBytes } from "node:crypto";
import { type MessagePort, workerData } from "node:worker_threads";
import { ThreadLink } from "../src/actor/thread-link.ts";
import { systemClock } from "../src/base/clock.ts";
import { DrivenWheel } from "../src/base/driven-wheel.ts";
import { runLoadActor } from "../src/control/load/load-actor.ts";
import type { LoadOrder, LoadOutput } from "../src/messages/load.ts";
import { createNetContext } from "../src/net/net-context.ts";
import { type NodeMemory, nodeTables } from "../src/telemetry/node-memory.ts";
import { noticeBatch } from "../src/telemetry/notice-batch.ts";
import { type StatsNotice, StatsWriter } from "../src/telemetry/stats-memory.ts";

const { port, restored, memory } = workerData as {
  readonly port: MessagePort;
  readonly restored: readonly StatsNotice[];
  readonly memory: NodeMemory;
};
const link = new ThreadLink<LoadOrder, LoadOutput>(port);
// A report leaves up to two ticks after its time, as close to it as Envoy's.
const wheel = new DrivenWheel(systemClock, 5);
const onBug = (error: unknown): void => {
  const text = `bug in the load reports: ${String((error as Error).stack ?? error)}`;
  link.send({ type: "log-written", line: { level: "error", component: "upstream", text } });
};

runLoadActor({
  net: createNetContext({ wheel, onBug }),
  stats: new StatsWriter(
    noticeBatch((notices) => link.send({ type: "stats-announced", notices })),
    restored,
  ),
  health: nodeTables(memory, 0).health,
  link,
  instance: randomBytes(16).toString("hex"),
  onStopped: () => wheel.stop(),
});
