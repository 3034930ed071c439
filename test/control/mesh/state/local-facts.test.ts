import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { HealthEvent, MeshEffect } from "../../../../src/control/mesh/state/mesh-effects.ts";
import { FACTS, OneNode, ordersOf, Peer, peersBefore, saidOf } from "./one-node.ts";

describe("x-envoy-immediate-health-check-fail", () => {
  const ends = (effects: readonly MeshEffect[]): number =>
    ordersOf(effects).filter(({ type }) => type === "end-immediate-failure").length;

  it("ends after as many own passes as recovery needs", () => {
    const node = new OneNode();
    node.join(1);
    node.probed(1, "healthy", { cause: "first" });
    node.report({ type: "failed-immediately", slot: 1 });
    assert.equal(ends(node.probed(1, "healthy")), 0);
    assert.equal(ends(node.probed(1, "unhealthy")), 0);
    assert.equal(ends(node.probed(1, "healthy")), 0);
    assert.equal(ends(node.probed(1, "healthy")), 1);
  });

  it("ends on a node that does not probe it when others have seen it well for that long", () => {
    const peer = new Peer("a");
    const node = new OneNode({ roles: ["proxy"] });
    node.join(1, [peer]);
    node.hear(peer.claims(1, "healthy"));
    node.report({ type: "failed-immediately", slot: 1 });
    assert.equal(ends(node.advance(2_280, [peer])), 0);
    assert.equal(ends(node.advance(40, [peer])), 1);
  });

  it("goes on while the mesh has the endpoint out", () => {
    const peer = new Peer("a");
    const node = new OneNode({ roles: ["proxy"] });
    node.join(1, [peer]);
    node.hear(peer.claims(1, "unhealthy"));
    node.report({ type: "failed-immediately", slot: 1 });
    assert.equal(ends(node.advance(10_000, [peer])), 0);
    node.hear(peer.claims(1, "healthy"));
    assert.equal(ends(node.advance(2_500, [peer])), 1);
  });
});

describe("an ejection by outlier detection", () => {
  const ended = (effects: readonly MeshEffect[]): number =>
    ordersOf(effects).filter(({ type }) => type === "end-ejection").length;
  const ejection = (isEjected: boolean) =>
    ({
      type: "ejection-changed",
      slot: 1,
      cluster: "backend",
      address: "192.0.2.1:80",
      isEjected,
      kind: "CONSECUTIVE_5XX",
      ejections: 1,
    }) as const;

  it("ends on a node that does not probe the endpoint when a check of an owner must have passed", () => {
    const peer = new Peer("a");
    const node = new OneNode({ roles: ["proxy"] });
    node.join(1, [peer]);
    node.hear(peer.claims(1, "healthy"));
    node.report(ejection(true));
    assert.equal(ended(node.advance(1_280, [peer])), 0);
    assert.equal(ended(node.advance(40, [peer])), 1, "an interval and a timeout");
    assert.equal(ended(node.advance(5_000, [peer])), 0);
  });

  it("does not while the mesh has the endpoint out, nobody covers it, or it is in again already", () => {
    const peer = new Peer("a");
    const node = new OneNode({ roles: ["proxy"] });
    node.join(1, [peer]);
    node.report(ejection(true));
    assert.equal(ended(node.advance(3_000, [peer])), 0, "nobody");
    node.hear(peer.claims(1, "unhealthy"));
    assert.equal(ended(node.advance(3_000, [peer])), 0, "out");
    node.hear(peer.claims(1, "healthy"));
    node.report(ejection(false));
    assert.equal(ended(node.advance(3_000, [peer])), 0, "in");
  });

  it("is the judge's own matter on a node that probes the endpoint", () => {
    const node = new OneNode();
    node.join(1);
    node.probed(1, "healthy", { cause: "first" });
    node.report(ejection(true));
    assert.equal(ended(node.advance(3_000)), 0);
  });
});

describe("traffic in a cluster", () => {
  const quiet = { ...FACTS, noTrafficIntervalMs: 60_000 };

  it("of any live node ends the long interval everywhere, and its end brings it back", () => {
    const peer = new Peer("a");
    const node = new OneNode();
    node.join(1, [peer], quiet);
    const group = node.state.groups.get(FACTS.group);
    assert.equal(group?.intervalMs, 60_000);
    const effects = node.hear(peer.say({ type: "group", group: FACTS.group, hasTraffic: true }));
    assert.deepEqual(ordersOf(effects), [{ type: "set-traffic", row: 3, hasTraffic: true }]);
    assert.equal(group?.intervalMs, 1_000);
    assert.deepEqual(
      ordersOf(node.advance(6_000)).filter(({ type }) => type === "set-traffic"),
      [{ type: "set-traffic", row: 3, hasTraffic: false }],
    );
  });

  it("of this node is told to the others once", () => {
    const node = new OneNode();
    node.join(1, [], quiet);
    const said = [1, 2].flatMap(() => saidOf(node.report({ type: "traffic-seen", row: 3 })));
    assert.deepEqual(said, [{ type: "group", group: FACTS.group, hasTraffic: true }]);
  });
});

describe("readiness", () => {
  it("waits for the first checks of a node alone", () => {
    const node = new OneNode();
    node.join(2);
    assert.deepEqual([node.state.isReady, node.state.reason], [false, "waiting for the first checks"]);
    node.probed(1, "healthy", { cause: "first" });
    assert.equal(node.state.isReady, false);
    node.probed(2, "unhealthy", { cause: "first" });
    assert.deepEqual([node.state.isReady, node.state.reason], [true, ""]);
  });

  it("comes with peers' verdicts as soon as the node has joined", () => {
    const peer = new Peer("a");
    const node = new OneNode();
    node.tell({ type: "started" });
    node.tell({ type: "bus-changed", isUp: true });
    node.hear(peer.beat());
    node.hear(peer.claims(1, "healthy"));
    node.offer(1);
    assert.deepEqual([node.state.isReady, node.state.reason], [false, "joining the mesh"]);
    node.advance(310, [peer]);
    assert.equal(node.state.isReady, true);
  });

  it("does not wait for an endpoint that never answers, nor for a judge that says nothing", () => {
    const node = new OneNode();
    node.join(1);
    node.advance(1_310);
    assert.equal(node.state.isReady, true, "T and a timeout");
    const mute = new OneNode();
    mute.tell({ type: "started" });
    for (let ms = 0; ms < 3_200; ms += 10) {
      mute.nowMs += 10;
      mute.tell({ type: "timer-fired", timer: "agenda" });
    }
    assert.equal(mute.state.isReady, true);
  });

  it("comes after a second of joining when the bus is silent, with a reason when it stays so", () => {
    const node = new OneNode();
    node.tell({ type: "started" });
    node.offer(1);
    node.advance(990);
    assert.equal(node.state.mode, "joining");
    node.advance(20);
    assert.equal(node.state.mode, "serving");
    node.probed(1, "healthy", { cause: "first" });
    node.advance(2_500);
    assert.match(node.state.reason, /without the mesh's broker/);
    node.tell({ type: "bus-changed", isUp: true });
    assert.equal(node.state.reason, "");
  });
});

describe("leaving", () => {
  it("takes no time for a node alone, and is its last word", () => {
    const node = new OneNode();
    node.join(1);
    const effects = node.tell({ type: "stop" });
    const said = effects.flatMap((effect) => (effect.type === "publish" ? [effect.message.type] : []));
    assert.equal(said.at(-1), "left");
    assert.equal(effects.at(-1)?.type, "stopped");
    assert.deepEqual(node.advance(5_000), []);
  });

  it("is answered by a node that never came, too", () => {
    assert.deepEqual(new OneNode().tell({ type: "stop" }), [{ type: "stopped" }]);
  });

  it("waits until others have seen what it probes, a few seconds at most", () => {
    for (const takesOver of [true, false]) {
      const peer = new Peer("a");
      const node = new OneNode();
      node.join(1, [peer]);
      node.probed(1, "healthy", { cause: "first" });
      node.tell({ type: "stop" });
      if (takesOver) node.hear(peer.claims(1, "healthy"));
      const stopped = node.advance(600, [peer]).some(({ type }) => type === "stopped");
      assert.equal(stopped, takesOver);
      node.advance(2_000, [peer]);
      assert.ok(node.effects.some(({ type }) => type === "stopped"));
    }
  });
});

describe("an event", () => {
  /** `me` and a peer own an endpoint; both see it fail. What `me` told, and what it tells later. */
  function bothSeeItFail(isFirst: boolean): { readonly node: OneNode; readonly peer: Peer; told(): HealthEvent[] } {
    const [peer] = peersBefore(1, !isFirst) as [Peer];
    const node = new OneNode();
    node.join(1, [peer]);
    node.hear(peer.claims(1, "healthy"));
    node.probed(1, "healthy", { cause: "first" });
    node.hear(peer.claims(1, "unhealthy", { cause: "scheduled", transition: 9 }));
    node.probed(1, "unhealthy");
    const told = (): HealthEvent[] =>
      node.effects.flatMap((effect) => (effect.type === "publish-health" ? [effect.event] : []));
    return { node, peer, told };
  }

  it("is told by the first owner at once", () => {
    const [event] = bothSeeItFail(true).told();
    assert.deepEqual(
      [event?.from, event?.to, event?.scope, event?.observers.includes("me")],
      ["healthy", "unhealthy", "mesh", true],
    );
  });

  it("is told by the second when nobody has within two seconds", () => {
    const { node, peer, told } = bothSeeItFail(false);
    assert.deepEqual(told(), []);
    node.advance(1_900, [peer]);
    assert.deepEqual(told(), []);
    node.advance(200, [peer]);
    assert.equal(told().length, 1);
  });

  it("is not told again by the second when it has heard it", () => {
    const first = bothSeeItFail(false);
    first.node.advance(2_100, [first.peer]);
    const { node, peer, told } = bothSeeItFail(false);
    node.tell({ type: "event-seen", id: first.told()[0]?.id ?? "" });
    node.advance(3_000, [peer]);
    assert.deepEqual(told(), []);
  });
});
