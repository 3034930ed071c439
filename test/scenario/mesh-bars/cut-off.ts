// The way from one node to the endpoints is broken (its probes get no answer) while its mesh works: it alone resigns, and comes back.
import { systemClock } from "../../../src/base/clock.ts";
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { MeshScene, T_MS } from "../../support/mesh-bars/scene.ts";

export const CUT_OFF: MeshBar = {
  name: "cut-off",
  scenario: "one node's way to the endpoints is broken",
  figures: [
    { what: "ejections told for the whole mesh", most: 0 },
    { what: "endpoints that others had out", most: 0 },
    { what: "nodes too many or too few that resigned: it alone", most: 0 },
    { what: "ms from the repair until it trusts itself again", most: 8 * T_MS, isTime: true },
  ],
  measure: () => MeshScene.run({ endpoints: 20 }, cutOneOff),
};

async function cutOneOff(scene: MeshScene): Promise<number[]> {
  const { cutOff, nodes } = scene;
  const [name = ""] = scene.probersOf(scene.endpoint);
  const node = scene.node(name);
  const others = nodes.filter((one) => one !== node);
  const fromMs = systemClock.nowMs();
  const resigned = new Set<string>();
  let out = 0;
  const look = async (): Promise<boolean> => {
    const views = await Promise.all(nodes.map((one) => scene.view(one)));
    for (const { members } of views) for (const one of members) if (one.isResigned) resigned.add(one.node);
    const standings = views
      .filter((view) => view.node !== name)
      .flatMap(({ groups }) => groups.map((one) => one.standings));
    out = Math.max(out, ...standings.map(({ unhealthy }) => unhealthy));
    return views.some((view) => view.node === name && view.members[0]?.isResigned === true);
  };
  cutOff.add(name);
  const isResigned = await scene.msUntil(look);
  const seenMs = systemClock.nowMs();
  await scene.msUntil(async () => (await look()) && systemClock.nowMs() > seenMs + 5 * T_MS);
  cutOff.clear();
  const backMs = await scene.msUntil(async () => !(await look()));
  await scene.untilShared();
  const told = scene.healthEvents("unhealthy", fromMs).filter(({ data }) => data["scope"] === "mesh").length;
  const wrong =
    others.filter((one) => resigned.has(one.name)).length + (isResigned === Number.POSITIVE_INFINITY ? 1 : 0);
  return [told, out, wrong, backMs];
}
