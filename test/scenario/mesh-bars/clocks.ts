// Wall clocks an hour ahead and an hour behind, jumping while the nodes run: nothing changes, no age or lease is measured by them.
import { systemClock } from "../../../src/base/clock.ts";
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { FaultOrders } from "../../support/mesh-bars/fault-orders.ts";
import { MeshScene, T_MS, UNHEALTHY } from "../../support/mesh-bars/scene.ts";
import { waitMs } from "../../support/mesh-processes.ts";

export const CLOCKS: MeshBar = {
  name: "clocks",
  scenario: "two wall clocks jump by an hour, one forth, one back",
  figures: [
    { what: "nodes that an endpoint's probes come from, other than before", most: 0 },
    { what: "nodes lost or endpoints out by anybody's word", most: 0 },
    { what: "events with a time that is not off: the clocks did jump", most: 0 },
    { what: "ms until every node has an endpoint out that refuses then", most: UNHEALTHY * T_MS + 100, isTime: true },
  ],
  measure: () =>
    FaultOrders.during((orders) =>
      MeshScene.run({ environment: (index) => orders.environment(`n${index}`) }, (scene) => shiftClocks(scene, orders)),
    ),
};

async function shiftClocks(scene: MeshScene, orders: FaultOrders): Promise<number[]> {
  const { mesh, log, endpoint } = scene;
  const fromMs = systemClock.nowMs();
  const before = mesh.upstreams.map((upstream) => scene.probersOf(upstream));
  // The owners of the endpoint: who will tell of it.
  const [ahead = "", behind = ""] = scene.probersOf(endpoint);
  orders.give(ahead, `clock ${HOUR_MS}`);
  orders.give(behind, `clock -${HOUR_MS}`);
  await waitMs(8 * T_MS);
  const probers = mesh.upstreams.map(({ port }) => log.probersOf(port, fromMs));
  const others = probers.flatMap((names, i) => names.filter((name) => !before[i]?.includes(name)));
  const told = scene.events.filter(({ atMs, type }) => atMs >= fromMs && type !== "node.ready").length;
  const refusedMs = systemClock.nowMs();
  await endpoint.stop();
  const outMs = Math.max(...(await scene.seenOut(endpoint, true)));
  await scene.mustBecome(() => scene.healthEvents("unhealthy", refusedMs).length > 0, "an event tells of it");
  const right = scene.healthEvents("unhealthy", refusedMs).filter(({ offMs }) => Math.abs(offMs) < HOUR_MS / 2);
  return [others.length, told, right.length, outMs - refusedMs];
}

const HOUR_MS = 3_600_000;
