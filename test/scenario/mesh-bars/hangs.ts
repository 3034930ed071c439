// An endpoint takes probes and never answers: when every node has it out.
import { systemClock } from "../../../src/base/clock.ts";
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { MeshScene, T_MS, TIMEOUT_MS, UNHEALTHY } from "../../support/mesh-bars/scene.ts";

export const HANGS: MeshBar = {
  name: "hangs",
  scenario: "endpoint hangs",
  figures: [
    { what: "ms until every node has it out", most: UNHEALTHY * (T_MS + TIMEOUT_MS) + TIMEOUT_MS + 200, isTime: true },
    { what: "requests that failed (it answers those)", most: 0 },
  ],
  measure: () =>
    MeshScene.run({}, async (scene) => {
      let tookMs = 0;
      const failed = await scene.underLoad(async () => {
        const fromMs = systemClock.nowMs();
        scene.endpoint.answer = "hold";
        tookMs = Math.max(...(await scene.seenOut(scene.endpoint, true))) - fromMs;
      });
      return [tookMs, failed];
    }),
};
