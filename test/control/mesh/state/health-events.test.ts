import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MeshEffect } from "../../../../src/control/mesh/state/mesh-effects.ts";
import { OneNode } from "./one-node.ts";

function told(effects: readonly MeshEffect[]): string[] {
  return effects.flatMap((effect) =>
    effect.type === "publish-health" ? [`${effect.event.from} -> ${effect.event.to}: ${effect.event.reason}`] : [],
  );
}

describe("events of a verdict", () => {
  it("give the reason that the probes heard when it falls, and none of it when it rises", () => {
    const node = new OneNode();
    node.join(1);
    node.probed(1, "healthy", { cause: "first", changed: true });
    const from = node.effects.length;
    node.probed(1, "unhealthy", { changed: true });
    node.probed(1, "healthy", { changed: true });
    assert.deepEqual(told(node.effects.slice(from)), ["healthy -> unhealthy: it said no", "unhealthy -> healthy: "]);
  });
});
