import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { World } from "./world.ts";

describe("two nodes of a simulated mesh", () => {
  it("share four endpoints, agree, and see one fail and recover", () => {
    const world = new World({ seed: 1, endpoints: 4 });
    world.start("a");
    world.start("b");
    world.runMs(4_000);
    for (const endpoint of world.endpoints) {
      assert.deepEqual(world.views(endpoint), ["healthy", "healthy"]);
      assert.deepEqual(world.proberNames(endpoint), ["a", "b"]);
    }
    const [first] = world.endpoints;
    assert.ok(first !== undefined);
    first.turn("refusing", world.time.nowMs);
    world.runMs(2_300);
    assert.deepEqual(world.views(first), ["unhealthy", "unhealthy"]);
    first.turn("well", world.time.nowMs);
    world.runMs(2_300);
    assert.deepEqual(world.views(first), ["healthy", "healthy"]);
  });
});
