import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { endpoint } from "../../support/cluster-plans.ts";
import { checkedCluster, httpCheck, numbered } from "../health/health-simulation.ts";
import { EdsWorld } from "./eds-world.ts";

const SAYS =
  "the xDS client 'edge-1' at 127.0.0.1:5 asks for the endpoints of all clusters, which it will not get: it must name them";

let world: EdsWorld;

describe("a client that asks for the endpoints of all clusters", () => {
  beforeEach(() => {
    world = new EdsWorld();
    world.plan([checkedCluster("a", [httpCheck()]), [numbered(endpoint(1), 1)]]);
  });

  for (const dialect of ["sotw", "delta"] as const) {
    for (const [how, names] of [
      ["by *", ["*", "a"]],
      ["by a first request without a name", []],
    ] as const) {
      it(`${how} is told so in the log once (${dialect}), and gets what it names`, () => {
        const client = world.open(dialect);
        client.want(names, { node: "edge-1" });
        client.want(["*", "a"]);
        assert.equal(world.count("requests_wildcard"), 2);
        assert.deepEqual(world.logs, [SAYS]);
        assert.deepEqual(
          client.seen().flatMap(({ clusters }) => Object.keys(clusters)),
          ["a"],
        );
        assert.deepEqual(world.ended, []);
      });
    }
  }

  it("by * is told on a delta stream that there is no such cluster", () => {
    const client = world.open("delta");
    client.want(["*"]);
    assert.deepEqual(client.seen(), [{ clusters: {}, removed: ["*"] }]);
  });

  it("is none that stops asking for any", () => {
    const client = world.open("sotw");
    client.want(["a"]);
    client.want([]);
    assert.equal(world.count("requests_wildcard"), 0);
  });
});
