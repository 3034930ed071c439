// Two nats-servers of a cluster, two nodes on one and three on the other, and the way between them breaks under load: each side checks for
// itself, and when it heals all are of one mind, an endpoint that failed meanwhile included.
import { systemClock } from "../../../src/base/clock.ts";
import { freePort } from "../../support/live-proxy.ts";
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { Relay, type RelayState } from "../../support/mesh-bars/relay.ts";
import { MeshScene, T_MS } from "../../support/mesh-bars/scene.ts";
import { waitMs } from "../../support/mesh-processes.ts";
import { NatsServer } from "../../support/nats-server.ts";

/** A partition by connections that end, or that carry nothing until it heals. */
export function partition(how: Exclude<RelayState, "open">): MeshBar {
  return {
    name: `partition-${how}`,
    scenario: `partition of two and three nodes (the way is ${how}), and it heals`,
    figures: [
      { what: "requests that failed", most: 0 },
      { what: "scheduled probes an endpoint sees per T meanwhile", most: 2 * 2 },
      { what: "nodes that have an endpoint in which failed meanwhile", most: 0 },
      {
        what: "ms from the healing until all are of one mind and two probe each endpoint",
        most: 2 * T_MS,
        isTime: true,
      },
    ],
    measure: () => divide(how),
  };
}

async function divide(how: RelayState): Promise<number[]> {
  const [first, second] = [await freePort(), await freePort()];
  const relay = await Relay.start(first);
  const other = new NatsServer(clusterOf(second, [relay.port]));
  try {
    await other.start();
    const brokerConfig = clusterOf(first, []);
    const options = { brokerConfig, brokerPort: (index: number) => (index < 2 ? null : other.port) };
    return await MeshScene.run(options, (scene) => breakAndHeal(scene, relay, how));
  } finally {
    await relay.stop();
    await other.remove();
  }
}

async function breakAndHeal(scene: MeshScene, relay: Relay, how: RelayState): Promise<number[]> {
  const { mesh, log, nodes, endpoint } = scene;
  let mindedMs = 0;
  let stillIn = 0;
  let perT = 0;
  const failed = await scene.underLoad(async () => {
    relay.turn(how);
    await scene.untilShared(4);
    const fromMs = systemClock.nowMs();
    endpoint.answer = 503;
    await waitMs(WATCH_MS);
    perT = Math.max(...mesh.upstreams.slice(1).map(({ port }) => log.perT(port, fromMs, T_MS)));
    stillIn = nodes.length - (await mesh.outOn(endpoint));
    relay.turn("open");
    await scene.mustBecome(() => relay.isUsed, "the servers find each other");
    const isOver = async (): Promise<boolean> => {
      const views = await Promise.all(nodes.map((node) => scene.endpointViews(node)));
      const areShared = views.every((view) => view.every(({ probers }) => probers.length === 2));
      return areShared && (await scene.areOfOneMind());
    };
    mindedMs = await scene.msUntil(isOver);
  });
  return [failed, perT, stillIn, mindedMs];
}

/** Servers tell nobody of each other: there is no other way than these routes. */
function clusterOf(port: number, routes: readonly number[]): string {
  const urls = routes.map((route) => `nats-route://127.0.0.1:${route}`).join(", ");
  return `cluster: { name: c, listen: "127.0.0.1:${port}", no_advertise: true, routes: [${urls}] }`;
}

const WATCH_MS = 10_000;
