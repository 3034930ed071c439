// The health-check thread: makes clock, sockets, prober and link, and starts the health actor. Nothing else.
import { type MessagePort, workerData } from "node:worker_threads";
import { ThreadLink } from "../src/actor/thread-link.ts";
import { systemClock } from "../src/base/clock.ts";
import { DrivenWheel } from "../src/base/driven-wheel.ts";
import { networkName } from "../src/base/machine.ts";
import { systemRandom } from "../src/base/random.ts";
import { runHealthActor } from "../src/control/health/health-actor.ts";
import { connectionsKeptMax } from "../src/control/health/prober/descriptors.ts";
import { createProber } from "../src/control/health/prober/prober.ts";
import type { HealthOrder, HealthOutput } from "../src/messages/health.ts";
import type { LogLevel } from "../src/messages/log.ts";
import { createNetContext } from "../src/net/net-context.ts";
import { type NodeMemory, nodeTables } from "../src/telemetry/node-memory.ts";
import { noticeBatch } from "../src/telemetry/notice-batch.ts";
import { type StatsNotice, StatsWriter } from "../src/telemetry/stats-memory.ts";

const { port, restored, memory } = workerData as {
  readonly port: MessagePort;
  readonly restored: readonly StatsNotice[];
  readonly memory: NodeMemory;
};
const link = new ThreadLink<HealthOrder, HealthOutput>(port);
const log = (level: LogLevel, text: string): void =>
  link.send({ type: "log-written", line: { level, component: "health_checker", text } });
const wheel = new DrivenWheel(systemClock);
const net = createNetContext({
  wheel,
  onBug: (error) => log("error", `bug in the health checks: ${String((error as Error).stack ?? error)}`),
});

runHealthActor({
  clock: systemClock,
  wheel,
  random: systemRandom(),
  stats: new StatsWriter(
    noticeBatch((notices) => link.send({ type: "stats-announced", notices })),
    restored,
  ),
  // What it writes there is per slot or row, not per worker.
  tables: nodeTables(memory, 0),
  network: networkName(),
  prober: createProber(net, {
    connectionsKeptMax: connectionsKeptMax(),
    onConnectionsNotKept: (probes) =>
      log("warning", `${probes} endpoints are checked: too many to keep a connection to each open between checks`),
  }),
  link,
  onStopped: () => wheel.stop(),
});
