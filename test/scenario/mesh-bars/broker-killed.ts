// NATS is killed under load: no request fails, every node notices, checks everything itself, and shares again when it is back.
import { systemClock } from "../../../src/base/clock.ts";
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { MeshScene, T_MS } from "../../support/mesh-bars/scene.ts";
import type { MeshProcess } from "../../support/mesh-processes.ts";

/** Without NATS for so long a node treats itself as alone. */
const ALONE_MS = 3_000;

export const BROKER_KILLED: MeshBar = {
  name: "broker-killed",
  scenario: "NATS killed",
  figures: [
    { what: "requests that failed", most: 0 },
    { what: "ms until every node has noticed", most: ALONE_MS, isTime: true },
    { what: "ms from then until every node has probed everything", most: 2 * T_MS, isTime: true },
    { what: "nodes that probe an endpoint when it is back", most: 2 },
  ],
  measure: () =>
    MeshScene.run({}, async (scene) => {
      const { broker, log, mesh, nodes } = scene;
      const noticedMs: number[] = [];
      let killedMs = 0;
      let probedMs = 0;
      let probers = Number.POSITIVE_INFINITY;
      const failed = await scene.underLoad(async () => {
        killedMs = systemClock.nowMs();
        await broker.stop();
        const notice = async (node: MeshProcess): Promise<void> => {
          await scene.mustBecome(async () => !(await scene.view(node)).isBusUp, `${node.name} notices`);
          noticedMs.push(systemClock.nowMs());
        };
        await Promise.all(nodes.map(notice));
        const isProbedByAll = (): boolean =>
          mesh.upstreams.every(({ port }) => log.probersOf(port, killedMs + ALONE_MS).length === nodes.length);
        await scene.mustBecome(isProbedByAll, "every node probes everything");
        probedMs = systemClock.nowMs();
        await broker.start();
        await scene.untilShared();
        probers = Math.max(...mesh.upstreams.map((upstream) => scene.probersOf(upstream).length));
      });
      const aloneMs = Math.max(killedMs + ALONE_MS, ...noticedMs);
      return [failed, Math.max(...noticedMs) - killedMs, probedMs - aloneMs, probers];
    }),
};
