// The mesh thread: makes clock, wheel, bus and link, and starts the mesh actor. Nothing else.
import { randomBytes } from "node:crypto";
import { type MessagePort, workerData } from "node:worker_threads";
import { ThreadLink } from "../src/actor/thread-link.ts";
import { systemClock } from "../src/base/clock.ts";
import { DrivenWheel } from "../src/base/driven-wheel.ts";
import { systemRandom } from "../src/base/random.ts";
import { EmbeddedBus } from "../src/control/mesh/bus/embedded-bus.ts";
import { NatsBus } from "../src/control/mesh/bus/nats-bus.ts";
import { runMeshActor } from "../src/control/mesh/mesh-actor.ts";
import type { MeshOrder, MeshOutput } from "../src/messages/mesh.ts";
import { noticeBatch } from "../src/telemetry/notice-batch.ts";
import { type StatsNotice, StatsWriter } from "../src/telemetry/stats-memory.ts";

const { port, restored } = workerData as { readonly port: MessagePort; readonly restored: readonly StatsNotice[] };
const link = new ThreadLink<MeshOrder, MeshOutput>(port);
const wheel = new DrivenWheel(systemClock);
const random = systemRandom();

runMeshActor({
  clock: systemClock,
  wheel,
  random,
  stats: new StatsWriter(
    noticeBatch((notices) => link.send({ type: "stats-announced", notices })),
    restored,
  ),
  link,
  instance: randomBytes(16).toString("hex"),
  openBus({ broker, node }, onEvent) {
    const parts = { wheel, random, onEvent };
    if (broker.kind === "embedded") return new EmbeddedBus(parts, { port: broker.port, name: node });
    return new NatsBus(parts, { ...broker, name: node, serverName: null });
  },
  onStopped: () => wheel.stop(),
});
