// A node stands still (SIGSTOP) under load on the others, and goes on: nobody is thought ill of, and others check its endpoints meanwhile.
import { systemClock } from "../../../src/base/clock.ts";
import type { BarFigure, MeshBar } from "../../support/mesh-bars/bar.ts";
import { MeshScene, T_MS } from "../../support/mesh-bars/scene.ts";

/** Stopped for so long. */
export function stopped(forMs: number): MeshBar {
  return {
    name: `stopped-${forMs / 1_000}s`,
    scenario: `a node stands still for ${forMs / 1_000} s`,
    figures: [
      { what: "endpoints out, or told to be", most: 0 },
      { what: "requests to other nodes that failed", most: 0 },
      { what: "ms that an endpoint waited for a probe", most: Math.max(3 * T_MS, 5_000), isTime: true },
      // A stop that ends before the node counts as gone need not move anything.
      ...(forMs < GONE_MS ? [] : [COVERED]),
    ],
    measure: () => MeshScene.run({ endpoints: 6 }, (scene) => stopOne(scene, forMs)),
  };
}

async function stopOne(scene: MeshScene, forMs: number): Promise<number[]> {
  const { mesh, log, nodes } = scene;
  const name = scene.probersOf(scene.endpoint)[0] ?? "";
  const node = scene.node(name);
  const others = nodes.filter((one) => one !== node);
  const fromMs = systemClock.nowMs();
  let coveredMs = 0;
  let out = 0;
  const look = async (): Promise<void> => {
    const counts = await Promise.all(others.map(async (one) => (await scene.endpointViews(one)).filter(isOut).length));
    out = Math.max(out, ...counts);
  };
  const failed = await scene.underLoad(async () => {
    node.signal("SIGSTOP");
    const isCovered = (): boolean =>
      mesh.upstreams.every(({ port }) => log.probersOf(port, fromMs).filter((one) => one !== name).length > 1);
    await scene.msUntil(async () => {
      await look();
      if (coveredMs === 0 && isCovered()) coveredMs = systemClock.nowMs();
      return systemClock.nowMs() > fromMs + forMs;
    });
    node.signal("SIGCONT");
    await scene.msUntil(async () => {
      await look();
      return systemClock.nowMs() > fromMs + forMs + AFTER_MS;
    });
  }, others);
  const ownOut = (await scene.endpointViews(node)).filter(isOut).length;
  const told = scene.healthEvents("unhealthy", fromMs).length;
  const waits = mesh.upstreams.map(({ port }) => log.longestWaitMs(port, fromMs, systemClock.nowMs()));
  const tookMs = coveredMs === 0 ? Number.POSITIVE_INFINITY : coveredMs - fromMs;
  return [Math.max(out, ownOut) + told, failed, Math.max(...waits), ...(forMs < GONE_MS ? [] : [tookMs])];
}

function isOut({ standing }: { readonly standing: string }): boolean {
  return standing === "unhealthy";
}

/** After five missed beats. */
const GONE_MS = 5_000;
const COVERED: BarFigure = { what: "ms until two others probe each", most: GONE_MS + T_MS, isTime: true };
/** Time for what is wrongly concluded afterwards. */
const AFTER_MS = 8_000;
