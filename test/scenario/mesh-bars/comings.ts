// A node joins under load, leaves gracefully, comes back under its name, and is killed and started again at once.
import { systemClock } from "../../../src/base/clock.ts";
import type { BarFigure, MeshBar } from "../../support/mesh-bars/bar.ts";
import { MeshScene, T_MS } from "../../support/mesh-bars/scene.ts";
import { waitMs } from "../../support/mesh-processes.ts";

const WAITED: BarFigure = { what: "", most: 1.5 * T_MS, isTime: true };
const BACK: BarFigure = { what: "", most: 2 * T_MS, isTime: true };

export const COMINGS: MeshBar = {
  name: "comings",
  scenario: "a node joins, leaves, and restarts under its name",
  figures: [
    { what: "requests to others that failed", most: 0 },
    { what: "join: ms until it serves beyond those of a node without a mesh", most: 1_000, isTime: true },
    { what: "join: endpoints that it then has otherwise than its peers", most: 0 },
    { ...WAITED, what: "join: ms that an endpoint waited for a probe (T, and a gap of T/2)" },
    { ...BACK, what: "join: ms until two nodes probe each endpoint" },
    { ...WAITED, what: "leave: ms that an endpoint waited for a probe" },
    { ...BACK, what: "leave: ms until two others probe each endpoint" },
    { ...BACK, what: "killed and started again: ms from its joining until two probe each" },
  ],
  measure: () => MeshScene.run({ nodes: 4, endpoints: 12 }, comeAndGo),
};

async function comeAndGo(scene: MeshScene): Promise<number[]> {
  const { endpoint } = scene;
  endpoint.answer = 503;
  await scene.seenOut(endpoint, true);
  const figures: number[] = [];
  const failed = await scene.underLoad(async () => {
    const aloneMs = await msToServe(scene, false);
    await scene.leave("n4");
    const joins = systemClock.nowMs();
    figures.push((await msToServe(scene, true)) - aloneMs, await differences(scene));
    const joined = await settle(scene, joins, () => heard(scene, "node.joined", joins));
    figures.push(joined.waitedMs, joined.tookMs);
    const leaves = systemClock.nowMs();
    await scene.leave("n4");
    const left = await settle(scene, leaves, () => leaves);
    figures.push(left.waitedMs, left.tookMs);
    await scene.join(4);
    await scene.untilShared();
    scene.node("n4").signal("SIGKILL");
    await scene.leave("n4");
    const returns = systemClock.nowMs();
    await scene.join(4);
    figures.push((await settle(scene, returns, () => heard(scene, "node.joined", returns))).tookMs);
  }, [...scene.nodes]);
  return [failed, ...figures];
}

async function msToServe(scene: MeshScene, isMesh: boolean): Promise<number> {
  const fromMs = systemClock.nowMs();
  await scene.join(4, isMesh);
  return systemClock.nowMs() - fromMs;
}

/** Endpoints that the newcomer has otherwise than the first node. */
async function differences(scene: MeshScene): Promise<number> {
  const [mine, theirs] = await Promise.all(["n4", "n0"].map((name) => scene.endpointViews(scene.node(name))));
  const expected = new Map(theirs?.map(({ address, standing }) => [address, standing]));
  return [...expected].filter(
    ([address, standing]) => mine?.find((one) => one.address === address)?.standing !== standing,
  ).length;
}

interface Settled {
  /** The longest that an endpoint waited for a probe from anybody. */
  readonly waitedMs: number;
  readonly tookMs: number;
}

/** What happened to the endpoints' probes from a moment on; `since`: when its time began, asked when all is over and heard. */
async function settle({ mesh, log }: MeshScene, fromMs: number, since: () => number): Promise<Settled> {
  await waitMs(8 * T_MS);
  const sinceMs = since();
  const toMs = systemClock.nowMs();
  const ports = mesh.upstreams.map(({ port }) => port);
  const settledMs = ports.map((port) => log.settledMs(port, sinceMs, toMs - 3 * T_MS));
  const probers = ports.map((port) => log.probersOf(port, toMs - 3 * T_MS).length);
  return {
    waitedMs: Math.max(...ports.map((port) => log.longestWaitMs(port, fromMs, toMs))),
    tookMs: probers.every((count) => count === 2) ? Math.max(...settledMs) - sinceMs : Number.POSITIVE_INFINITY,
  };
}

function heard(scene: MeshScene, type: string, fromMs: number): number {
  return scene.events.find((event) => event.atMs >= fromMs && event.type === type)?.atMs ?? Number.NaN;
}
