// The discovery thread: makes clock, wheel, resolver and link, and starts the DNS discovery actor. Nothing else.
import { type MessagePort, workerData } from "node:worker_threads";
import { ThreadLink } from "../src/actor/thread-link.ts";
import { systemClock } from "../src/base/clock.ts";
import { DrivenWheel } from "../src/base/driven-wheel.ts";
import { systemRandom } from "../src/base/random.ts";
import { runDnsActor } from "../src/control/discovery/dns-actor.ts";
import type { DiscoveryOrder, DiscoveryOutput } from "../src/messages/discovery.ts";
import { NameResolver } from "../src/net/resolve.ts";
import { noticeBatch } from "../src/telemetry/notice-batch.ts";
import { type StatsNotice, StatsWriter } from "../src/telemetry/stats-memory.ts";

const { port, restored } = workerData as { readonly port: MessagePort; readonly restored: readonly StatsNotice[] };
const link = new ThreadLink<DiscoveryOrder, DiscoveryOutput>(port);
const wheel = new DrivenWheel(systemClock, 20);
const names = new NameResolver();

runDnsActor({
  clock: systemClock,
  wheel,
  random: systemRandom(),
  stats: new StatsWriter(
    noticeBatch((notices) => link.send({ type: "stats-announced", notices })),
    restored,
  ),
  link,
  lookUp: (host, family, resolvers) => names.lookUp(host, family, resolvers).outcome,
  onStopped: () => wheel.stop(),
});
