import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { runtimeLines } from "../../../../src/control/mesh/view/mesh-text.ts";
import { meshView } from "../../../../src/control/mesh/view/mesh-view.ts";
import type { MeshRuntimeView } from "../../../../src/messages/mesh-runtime.ts";
import { World } from "../../../simulation/mesh/world.ts";
import { RuntimeFlock } from "../runtime/runtime-flock.ts";

function linesOf(runtime: MeshRuntimeView | null): string[] {
  const world = new World({ seed: 3, endpoints: 1 });
  world.start("a");
  const node = world.nodes.get("a");
  assert.ok(node !== undefined);
  return runtimeLines(meshView(node.state, node.clockMs(), { cluster: "", endpointsMax: 1 }, runtime));
}

describe("the mesh's runtime in words", () => {
  it("has each key with its value, last writer and version, and what moves with its driver and why it waits", async () => {
    const flock = new RuntimeFlock(1);
    assert.match(
      String(await flock.change({ key: "free", value: "words", writer: "bob\u001b[2J" }).catch(String)),
      /beyond its limits/,
    );
    await flock.change({ key: "free", value: "words", writer: "bob" });
    const guards = [{ cluster: "", rule: "cluster_error_rate<5%" }];
    await flock.change({ value: "50", writer: "alice", rampMs: 10_000, steps: 10, guards });
    flock.traffic(4_000, 0, 0);
    const [head, names, free, canary, ...more] = linesOf(flock.nodes[0]?.host.view() ?? null);
    assert.equal(head, "runtime of the mesh: 2 keys, version 2, 1 moving");
    assert.match(names ?? "", /^KEY +VALUE +STATE +VERSION +WRITER +CHANGED +DRIVER +MORE$/);
    assert.match(free ?? "", /^free +words +done +1 +bob +2026-\S+Z +- +-$/);
    assert.match(
      canary ?? "",
      /^routing\.canary +5 +running +2 +alice +2026-\S+Z +n0 +step 1 of 10 to 50; v2: fewer than 20 answers \(cluster_error_rate<5%\); v2: cluster_error_rate<5%$/,
    );
    assert.deepEqual(more, []);
  });

  it("says of a node without the layer that it ignores it", () => {
    assert.deepEqual(linesOf(null), [
      "runtime: this node's configuration has no runtime_layer, what the mesh says is ignored",
    ]);
  });
});
