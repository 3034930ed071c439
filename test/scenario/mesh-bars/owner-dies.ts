// An owner is killed, and an endpoint that it checks with it: the others find out, and it does not come back as long as it is dead.
import { systemClock } from "../../../src/base/clock.ts";
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { MeshScene, T_MS, TIMEOUT_MS, UNHEALTHY } from "../../support/mesh-bars/scene.ts";

export const OWNER_DIES: MeshBar = {
  name: "owner-dies",
  scenario: "an owner dies with its endpoint",
  figures: [
    { what: "ms until every other node has it out", most: UNHEALTHY * T_MS + 3 * (TIMEOUT_MS + 200), isTime: true },
    { what: "nodes that had it in again within 15 s", most: 0 },
  ],
  measure: () =>
    MeshScene.run({}, async (scene) => {
      const { endpoint } = scene;
      const [owner = ""] = scene.probersOf(endpoint);
      const others = scene.nodes.filter(({ name }) => name !== owner);
      const fromMs = systemClock.nowMs();
      scene.node(owner).signal("SIGKILL");
      await endpoint.stop();
      const outMs = Math.max(...(await scene.seenOut(endpoint, true, others)));
      const reverted = new Set<string>();
      await scene.msUntil(async () => {
        for (const node of others) if (!(await node.hasOut(endpoint))) reverted.add(node.name);
        return systemClock.nowMs() > outMs + 15_000;
      });
      return [outMs - fromMs, reverted.size];
    }),
};
