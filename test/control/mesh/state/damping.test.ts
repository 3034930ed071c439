import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { damped, noDamping } from "../../../../src/control/mesh/state/damping.ts";
import type { MeshEffect } from "../../../../src/control/mesh/state/mesh-effects.ts";
import { FACTS, OneNode, ordersOf, Peer } from "./one-node.ts";

describe("flap damping", () => {
  it("asks for twice the passes after four transitions in a window, up to eight times, and for less after each quiet one", () => {
    const damping = noDamping(0);
    const probe = (nowMs: number, passed: boolean) =>
      damped(damping, FACTS, { passed, standing: passed ? "healthy" : "unhealthy" }, nowMs);
    let nowMs = 0;
    const passesToRecover = (): number => {
      nowMs += 10;
      probe(nowMs, false);
      for (let passes = 1; passes < 100; passes++) {
        nowMs += 10;
        if (probe(nowMs, true) === "healthy") return passes;
      }
      return Number.POSITIVE_INFINITY;
    };
    probe(0, true);
    assert.deepEqual(Array.from({ length: 8 }, passesToRecover), [2, 2, 4, 4, 8, 8, 16, 16]);
    nowMs += 16_000;
    assert.equal(passesToRecover(), 8);
  });

  it("is off unless told", () => {
    for (const [flapDamping, standing] of [
      [false, "healthy"],
      [true, "unhealthy"],
    ] as const) {
      const node = new OneNode({ flapDamping });
      node.join(1);
      node.probed(1, "healthy", { cause: "first" });
      for (let flap = 0; flap < 3; flap++) {
        node.probed(1, "unhealthy");
        for (let pass = 0; pass < 2; pass++) node.probed(1, "healthy");
      }
      assert.equal(node.standing(1), standing);
    }
  });

  /** `me` probes an endpoint that needs four passes by now, and so does a peer that sees it well. */
  function damping(): { readonly node: OneNode; readonly peer: Peer } {
    const peer = new Peer("a");
    const node = new OneNode({ flapDamping: true });
    node.join(1, [peer]);
    node.hear(peer.claims(1, "healthy"));
    node.probed(1, "healthy", { cause: "first" });
    for (let flap = 0; flap < 2; flap++) {
      node.probed(1, "unhealthy");
      for (let pass = 0; pass < 2; pass++) node.probed(1, "healthy");
    }
    assert.equal(node.state.bySlot.get(1)?.damping?.factor, 2);
    return { node, peer };
  }

  const confirm = (node: OneNode, heard: readonly MeshEffect[], standing: "healthy" | "unhealthy"): void => {
    const [ask] = ordersOf(heard).flatMap((order) => (order.type === "check-once" ? [order.ask] : []));
    assert.ok(ask !== undefined);
    node.probed(1, standing, { cause: "confirm", ask, nextInMs: 0, changed: true });
  };

  it("counts passes anew when a probe for another's transition fails", () => {
    const { node, peer } = damping();
    for (let pass = 0; pass < 5; pass++) node.probed(1, "healthy");
    confirm(node, node.hear(peer.claims(1, "unhealthy", { cause: "scheduled", transition: 9 })), "unhealthy");
    assert.equal(node.standing(1), "unhealthy");
    for (let pass = 0; pass < 3; pass++) node.probed(1, "healthy");
    assert.equal(node.standing(1), "unhealthy", "three passes");
    node.probed(1, "healthy");
    assert.equal(node.standing(1), "healthy", "four passes");
  });

  it("does not take back what a probe for another's recovery has said", () => {
    const { node, peer } = damping();
    node.probed(1, "unhealthy");
    node.hear(peer.claims(1, "unhealthy", { cause: "scheduled", transition: 9 }));
    for (let pass = 0; pass < 2; pass++) node.probed(1, "healthy");
    assert.equal(node.standing(1), "unhealthy", "held out");
    node.advance(1_000, [peer]);
    confirm(node, node.hear(peer.claims(1, "healthy", { cause: "scheduled", transition: 11 })), "healthy");
    assert.equal(node.standing(1), "healthy");
    node.probed(1, "healthy");
    assert.equal(node.standing(1), "healthy");
  });
});
