import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { entry, FACTS, OneNode, ordersOf, Peer, peersBefore, saidOf } from "./one-node.ts";

/** A node without role health beside peers that check: it only listens. */
function onlooker(...peers: Peer[]): OneNode {
  const node = new OneNode({ roles: ["proxy"] });
  node.join(1, peers);
  for (const peer of peers) node.hear(peer.claims(1, "healthy"));
  assert.equal(node.standing(1), "healthy");
  return node;
}

const trio = (): [Peer, Peer, Peer] => [new Peer("a"), new Peer("b"), new Peer("c")];

describe("a verdict", () => {
  it("is unhealthy when two observers say so, and healthy when one of them does not any more", () => {
    const [a, b] = trio();
    const node = onlooker(a, b);
    node.hear(a.claims(1, "unhealthy", { cause: "scheduled" }));
    assert.equal(node.standing(1), "healthy", "one against one");
    const orders = ordersOf(node.hear(b.claims(1, "unhealthy", { cause: "confirm" })));
    assert.deepEqual(orders, [{ type: "set-standing", slot: 1, standing: "unhealthy" }]);
    node.hear(b.claims(1, "healthy", { cause: "scheduled" }));
    assert.equal(node.standing(1), "healthy");
  });

  it("is degraded when one says so and none that it is unhealthy twice", () => {
    const [a, b] = trio();
    const node = onlooker(a, b);
    node.hear(a.claims(1, "degraded"));
    assert.equal(node.standing(1), "degraded");
  });

  it("does not come from one observer while another has covered the endpoint of late", () => {
    const [a, b] = trio();
    const node = onlooker(a, b);
    node.hear(b.say({ type: "released", group: FACTS.group, target: entry(1, null).target, ageMs: 0 }));
    node.hear(a.claims(1, "unhealthy", { cause: "scheduled" }));
    node.advance(1_500, [a, b]);
    assert.equal(node.standing(1), "healthy");
    node.advance(200, [a, b]);
    assert.equal(node.standing(1), "unhealthy", "T and two timeouts after the second was last seen to cover it");
  });

  it("does not come from one observer while another has claimed the endpoint, and its first word may be lost on the way", () => {
    const [a, b, c] = trio();
    const node = onlooker(a, b, c);
    for (const peer of [b, c])
      node.hear(peer.say({ type: "released", group: FACTS.group, target: entry(1, null).target, ageMs: 0 }));
    node.hear(a.claims(1, "unhealthy", { cause: "scheduled" }));
    node.advance(1_000, [a, b, c]);
    node.hear(c.claims(1, null));
    node.advance(2_200, [a, b, c]);
    assert.equal(node.standing(1), "healthy", "its claim is good for T, a timeout and a second");
    node.hear(c.say({ type: "released", group: FACTS.group, target: entry(1, null).target, ageMs: 0 }));
    assert.equal(node.standing(1), "unhealthy", "it came to nothing");
    node.hear(c.claims(1, null));
    assert.equal(node.standing(1), "unhealthy");
  });

  it("is put off by a claim once, not by one after another", () => {
    const [a, b, c] = trio();
    const node = onlooker(a, b, c);
    for (const peer of [b, c])
      node.hear(peer.say({ type: "released", group: FACTS.group, target: entry(1, null).target, ageMs: 0 }));
    node.hear(a.claims(1, "unhealthy", { cause: "scheduled" }));
    node.advance(1_500, [a, b, c]);
    node.hear(b.claims(1, null));
    node.advance(200, [a, b, c]);
    node.hear(c.claims(1, null));
    node.advance(2_000, [a, b, c]);
    assert.equal(node.standing(1), "healthy");
    node.advance(200, [a, b, c]);
    assert.equal(node.standing(1), "unhealthy", "the claim of b has lapsed, that of c came too late");
  });

  it("comes from one observer at once where nobody else could look", () => {
    const [a] = trio();
    const node = onlooker(a);
    node.hear(a.claims(1, "unhealthy", { cause: "scheduled" }));
    assert.equal(node.standing(1), "unhealthy");
  });

  it("does not come from one observer while a peer that lives was not heard out, ten seconds at most", () => {
    const [a, b] = trio();
    const node = onlooker(a);
    b.claims(1, "healthy"); // lost, and so is every answer
    node.hear(b.beat());
    node.hear(a.claims(1, "unhealthy", { cause: "scheduled" }));
    node.advance(9_000, [a, b]);
    assert.equal(node.standing(1), "healthy");
    node.advance(1_200, [a, b]);
    assert.equal(node.standing(1), "unhealthy");
  });

  it("does not come from one observer while another that said better may only not be heard: T and two timeouts after five beats", () => {
    const [a, b, c] = trio();
    const node = onlooker(a, b, c);
    node.hear(c.say({ type: "released", group: FACTS.group, target: entry(1, null).target, ageMs: 0 }));
    node.hear(a.claims(1, "unhealthy", { cause: "scheduled" }));
    node.advance(600, [a, b, c]);
    node.advance(6_700, [a, c]);
    assert.equal(node.standing(1), "healthy");
    node.advance(200, [a, c]);
    assert.equal(node.standing(1), "unhealthy");
  });

  it("comes from one observer sooner when the other says itself that its judge hangs", () => {
    const [a, b, c] = trio();
    const node = onlooker(a, b, c);
    node.hear(c.say({ type: "released", group: FACTS.group, target: entry(1, null).target, ageMs: 0 }));
    node.hear(a.claims(1, "unhealthy", { cause: "scheduled" }));
    b.more = { judgeAgeMs: 4_000 };
    node.hear(b.beat());
    node.advance(1_500, [a, b, c]);
    assert.equal(node.standing(1), "healthy");
    node.advance(200, [a, b, c]);
    assert.equal(node.standing(1), "unhealthy");
  });

  it("does not come from the first observer that is heard again after the bus was gone, while others may be about to be", () => {
    for (const awayMs of [7_000, 20_000]) {
      const [a, b] = trio();
      const node = onlooker(a, b);
      node.tell({ type: "bus-changed", isUp: false });
      node.advance(awayMs);
      node.tell({ type: "bus-changed", isUp: true });
      node.hear(a.beat());
      node.hear(a.claims(1, "unhealthy", { cause: "scheduled" }));
      node.advance(1_500, [a]);
      assert.equal(node.standing(1), "healthy");
      node.advance(200, [a]);
      assert.equal(node.standing(1), "unhealthy", "T and two timeouts after it is back");
    }
  });

  it("of a newcomer is what a single observer says, when it has heard out all peers", () => {
    const [a, b] = trio();
    const node = new OneNode({ roles: ["proxy"] });
    node.join(1, [a, b]);
    b.claims(1, "healthy");
    node.hear(b.claims(1, "healthy"));
    node.hear(a.claims(1, "unhealthy"));
    assert.equal(node.standing(1), null, "something of b is missing");
    node.advance(1_300, [a]);
    assert.equal(node.standing(1), "unhealthy", "T and a timeout are long enough");
  });

  it("that is only a single word is not what a newcomer begins to probe with", () => {
    const [a] = peersBefore(1, false) as [Peer];
    const [b] = peersBefore(1) as [Peer];
    const node = new OneNode();
    node.tell({ type: "started" });
    node.tell({ type: "bus-changed", isUp: true });
    node.hear(a.beat());
    node.hear(b.beat());
    node.hear(a.claims(1, "unhealthy"));
    node.offer(1);
    const orders = ordersOf(node.advance(400, [a, b]));
    assert.deepEqual(orders.slice(-2), [
      { type: "set-standing", slot: 1, standing: "unhealthy" },
      { type: "begin-checks", slot: 1, dueInMs: 0, standing: null },
    ]);
    node.probed(1, "healthy", { cause: "first" });
    assert.equal(node.state.bySlot.get(1)?.meshStanding, "healthy");
  });

  it("does not count what is not covered: a silent observer, one whose judge hangs, one that has released", () => {
    const ends: ((node: OneNode, a: Peer, b: Peer) => void)[] = [
      (node, a) => node.advance(3_500, [a]),
      (node, _a, b) => node.hear(b.beat({ judgeAgeMs: 4_000 })),
      (node, _a, b) =>
        node.hear(b.say({ type: "released", group: FACTS.group, target: entry(1, null).target, ageMs: 0 })),
    ];
    for (const end of ends) {
      const [a, b] = trio();
      const node = onlooker(a, b);
      node.hear(a.claims(1, "unhealthy", { cause: "scheduled" }));
      node.hear(b.claims(1, "unhealthy", { cause: "confirm" }));
      end(node, a, b);
      node.hear(a.claims(1, "healthy", { cause: "scheduled" }));
      assert.equal(node.standing(1), "healthy");
    }
  });

  it("counts what is kept for a successor only as long as too few successors have seen the endpoint", () => {
    const [a, b, c] = trio();
    const node = onlooker(a, b);
    node.hear(a.claims(1, "unhealthy", { hold: "kept" }));
    node.hear(b.claims(1, "unhealthy", { hold: "kept" }));
    assert.equal(node.standing(1), "unhealthy");
    node.hear(c.beat());
    const d = new Peer("d");
    node.hear(d.beat());
    node.hear(c.claims(1, "healthy"));
    assert.equal(node.standing(1), "unhealthy");
    node.hear(d.claims(1, "healthy"));
    assert.equal(node.standing(1), "healthy");
  });

  it("of an owner is its own, as soon as it has seen the endpoint", () => {
    const node = new OneNode();
    const [a] = trio();
    node.join(1, [a]);
    node.hear(a.claims(1, "healthy"));
    node.probed(1, "healthy", { cause: "first" });
    const effects = node.probed(1, "unhealthy");
    assert.deepEqual(ordersOf(effects), [{ type: "set-standing", slot: 1, standing: "unhealthy" }]);
    assert.equal(node.state.bySlot.get(1)?.meshStanding, "healthy", "others still trust the other one");
    assert.equal(saidOf(effects)[0]?.type, "entry");
  });

  it("stays when nobody covers the endpoint any more", () => {
    const [a, b] = trio();
    const node = onlooker(a, b);
    node.advance(70_000);
    assert.equal(node.standing(1), "healthy");
  });

  it("is told to the judge again for an endpoint that came in the slot of another", () => {
    const [a, b] = trio();
    const node = onlooker(a, b);
    node.report({ type: "targets-removed", group: FACTS.group, slots: [1] });
    const target = { slot: 1, target: entry(1, null).target, address: "192.0.2.1:80", standing: "healthy" } as const;
    const effects = node.report({ type: "targets-added", group: FACTS.group, targets: [target] });
    assert.deepEqual(ordersOf(effects), [{ type: "set-standing", slot: 1, standing: "healthy" }]);
  });
});
