import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { meshView } from "../../../../src/control/mesh/view/mesh-view.ts";
import type { MeshView, MeshViewAsk } from "../../../../src/messages/mesh-view.ts";
import { World } from "../../../simulation/mesh/world.ts";

/** What a node of a world sees. */
function viewOf(world: World, name: string, ask: Partial<MeshViewAsk> = {}): MeshView {
  const node = world.nodes.get(name);
  assert.ok(node !== undefined);
  return meshView(node.state, node.clockMs(), { cluster: "", endpointsMax: 1_000, ...ask });
}

/** Three nodes, ten endpoints, four seconds after the start. */
function flock(): World {
  const world = new World({ seed: 3, endpoints: 10 });
  for (const name of ["c", "a", "b"]) world.start(name);
  world.runMs(4_000);
  return world;
}

describe("a node's view of its mesh", () => {
  it("has every member with its last beat, itself first", () => {
    const view = viewOf(flock(), "b");
    assert.deepEqual(
      view.members.map(({ node, life, phase, isCovering, isComplete }) => [node, life, phase, isCovering, isComplete]),
      [
        ["b", "self", "serving", true, true],
        ["a", "live", "serving", true, true],
        ["c", "live", "serving", true, true],
      ],
    );
    const [self, peer] = view.members;
    assert.equal(self?.beatAgeMs, null);
    assert.ok(peer !== undefined && peer.beatAgeMs !== null && peer.beatAgeMs <= 1_010);
    assert.deepEqual([view.phase, view.isReady, view.reason, view.isBusUp], ["serving", true, "", true]);
  });

  it("has two owners for each endpoint, who probe it, the same on every node", () => {
    const world = flock();
    const [seen, other] = ["a", "c"].map((name) => viewOf(world, name).groups[0]);
    assert.ok(seen !== undefined && other !== undefined);
    assert.deepEqual([...seen.candidates].sort(), ["a", "b", "c"]);
    for (const [index, endpoint] of seen.endpoints.entries()) {
      assert.equal(endpoint.owners.length, 2);
      assert.deepEqual([...endpoint.probers].sort(), [...endpoint.owners].sort());
      assert.deepEqual(endpoint.owners, other.endpoints[index]?.owners);
      assert.deepEqual(
        endpoint.observations.map(({ standing, counts, hold }) => [standing, counts, hold]),
        [
          ["healthy", true, "claim"],
          ["healthy", true, "claim"],
        ],
      );
    }
    const probed = seen.endpoints.filter(({ probers }) => probers.includes("a"));
    assert.equal(seen.probedHere, probed.length);
  });

  it("shows who says that an endpoint is down, and when it was last probed", () => {
    const world = flock();
    world.endpoints[0]?.turn("refusing", world.time.nowMs);
    world.runMs(3_000);
    for (const name of ["a", "b", "c"]) {
      const group = viewOf(world, name).groups[0];
      assert.deepEqual(group?.standings, { healthy: 9, degraded: 0, unhealthy: 1, unknown: 0 });
      const [endpoint] = group?.endpoints ?? [];
      assert.deepEqual([endpoint?.standing, endpoint?.meshStanding], ["unhealthy", "unhealthy"]);
      for (const { standing, ageMs } of endpoint?.observations ?? []) {
        assert.equal(standing, "unhealthy");
        assert.ok(ageMs !== null && ageMs <= 3_000);
      }
    }
  });

  it("says why an endpoint is down, on a node that probes it, and no more when it is well", () => {
    const world = flock();
    const [first] = world.endpoints;
    assert.ok(first !== undefined);
    const prober = world.proberNames(first)[0] ?? "";
    const said = (): string | undefined => viewOf(world, prober).groups[0]?.endpoints[0]?.reason;
    first.turn("refusing", world.time.nowMs);
    world.runMs(3_000);
    assert.equal(said(), "simulated");
    first.turn("well", world.time.nowMs);
    world.runMs(3_000);
    assert.equal(said(), "");
    const recovered = world.events.filter(({ event }) => event.to === "healthy").map(({ event }) => event.reason);
    assert.equal(recovered.includes("simulated"), false);
  });

  it("shows who went: silent, gone, or left, and what is missing of whom", () => {
    const world = flock();
    world.crash("a");
    world.nodes.get("c")?.tell({ type: "stop" });
    world.runMs(4_000);
    const lives = (): (readonly [string, string])[] => viewOf(world, "b").members.map(({ node, life }) => [node, life]);
    assert.deepEqual(lives(), [
      ["b", "self"],
      ["a", "suspect"],
      ["c", "left"],
    ]);
    world.runMs(3_000);
    assert.deepEqual(lives()[1], ["a", "gone"]);
    assert.deepEqual(viewOf(world, "b").groups[0]?.candidates, ["b"]);
  });

  it("leaves out endpoints beyond a number, and clusters that were not asked for, and counts them", () => {
    const world = flock();
    const few = viewOf(world, "a", { endpointsMax: 3 });
    assert.deepEqual([few.groups[0]?.endpoints.length, few.endpointsLeftOut], [3, 7]);
    assert.equal(few.groups[0]?.standings.healthy, 10);
    assert.deepEqual(viewOf(world, "a", { cluster: "other" }).groups, []);
    assert.equal(viewOf(world, "a", { cluster: "backend" }).groups.length, 1);
  });

  it("is plain data", () => {
    const view = viewOf(flock(), "a");
    assert.deepEqual(JSON.parse(JSON.stringify(view)), view);
  });
});
