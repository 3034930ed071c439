// An endpoint refuses connections: when every node has it out, and how far they are apart.
import { systemClock } from "../../../src/base/clock.ts";
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { MeshScene, T_MS, UNHEALTHY } from "../../support/mesh-bars/scene.ts";

export const REFUSES: MeshBar = {
  name: "refuses",
  scenario: "endpoint refuses",
  figures: [
    { what: "ms until every node has it out", most: UNHEALTHY * T_MS + 100, isTime: true },
    { what: "ms from the first node to the last", most: 100, isTime: true },
    { what: "events too many or too few: one tells it", most: 0 },
  ],
  measure: () =>
    MeshScene.run({}, async (scene) => {
      const { endpoint, nodes } = scene;
      let seenMs: number[] = [];
      let fromMs = 0;
      await scene.underLoad(async () => {
        fromMs = systemClock.nowMs();
        await endpoint.stop();
        seenMs = await scene.seenOut(endpoint, true);
        await scene.msUntil(() => systemClock.nowMs() > Math.max(...seenMs) + LATE_EVENT_MS);
      }, nodes);
      const [firstMs, lastMs] = [Math.min(...seenMs), Math.max(...seenMs)];
      return [lastMs - fromMs, lastMs - firstMs, Math.abs(scene.healthEvents("unhealthy", fromMs).length - 1)];
    }),
};

/** The second owner tells an event by then when the first did not. */
const LATE_EVENT_MS = 3_000;
