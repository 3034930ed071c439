// The EDS thread: makes clock, tables and link, and starts the actor that serves endpoints to other proxies. Nothing else.
import { type MessagePort, workerData } from "node:worker_threads";
import { ThreadLink } from "../src/actor/thread-link.ts";
import { systemClock } from "../src/base/clock.ts";
import { DrivenWheel } from "../src/base/driven-wheel.ts";
import { runEdsActor } from "../src/control/eds/eds-actor.ts";
import type { EdsOrder, EdsOutput } from "../src/messages/eds.ts";
import { type NodeMemory, nodeTables } from "../src/telemetry/node-memory.ts";
import { noticeBatch } from "../src/telemetry/notice-batch.ts";
import { type StatsNotice, StatsWriter } from "../src/telemetry/stats-memory.ts";

const { port, restored, memory } = workerData as {
  readonly port: MessagePort;
  readonly restored: readonly StatsNotice[];
  readonly memory: NodeMemory;
};
const link = new ThreadLink<EdsOrder, EdsOutput>(port);
// A timer fires up to two ticks after its time: flags are looked at every 10 ms.
const wheel = new DrivenWheel(systemClock, 5);

runEdsActor({
  clock: systemClock,
  wheel,
  stats: new StatsWriter(
    noticeBatch((notices) => link.send({ type: "stats-announced", notices })),
    restored,
  ),
  health: nodeTables(memory, 0).health,
  link,
  onStopped: () => wheel.stop(),
});
