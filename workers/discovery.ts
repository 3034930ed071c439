// The discovery thread: makes clock, wheel, resolver and link, and starts the DNS discovery actor. Nothing else.
import { type MessagePort, workerData } from "node:worker_threads";
import { ThreadLink } from "../src/actor/thread-link.ts";
import { systemClock } from "../src/base/clock.ts";
import { DrivenWheel } from "../src/base/driven-wheel.ts";
import { systemRandom } from "../src/base/random.ts";
import { runDnsActor } from "../src/control/discovery/dns-actor.ts";
import type { DiscoveryOrder, DiscoveryOutput } from "../src/messages/discovery.ts";
import { lookUp } from "../src/net/look-up.ts";
import { noticeBatch } from "../src/telemetry/notice-batch.ts";
import { type StatsNotice, StatsWriter } from "../src/telemetry/stats-memory.ts";

const { port, restored } = workerData as { readonly port: MessagePort; readonly restored: readonly StatsNotice[] };
const link = new ThreadLink<DiscoveryOrder, DiscoveryOutput>(port);
const wheel = new DrivenWheel(systemClock, 20);

runDnsActor({
  clock: systemClock,
  wheel,
  random: systemRandom(),
  stats: new StatsWriter(
    noticeBatch((notices) => link.send({ type: "stats-announced", notices })),
    restored,
  ),
  link,
  lookUp,
  onStopped: () => wheel.stop(),
});
