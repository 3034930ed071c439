import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MeshEffect } from "../../../../src/control/mesh/state/mesh-effects.ts";
import { AGE_MAX_MS, type MeshMessage } from "../../../../src/control/mesh/wire/messages.ts";
import type { CheckOrder } from "../../../../src/messages/checking.ts";
import { FACTS, OneNode, ordersOf, Peer, peersBefore, saidOf } from "./one-node.ts";

function begun(effects: readonly MeshEffect[]): (CheckOrder & { type: "begin-checks" })[] {
  return ordersOf(effects).flatMap((order) => (order.type === "begin-checks" ? [order] : []));
}

/** A node that starts, with a bus. */
function starting(): OneNode {
  const node = new OneNode();
  node.tell({ type: "started" });
  node.tell({ type: "bus-changed", isUp: true });
  return node;
}

describe("a node among others that start", () => {
  it("joins no sooner than somebody who speaks has been met", () => {
    const peer = new Peer("a");
    const node = starting();
    node.hear(peer.claims(1, "healthy"));
    node.advance(900);
    assert.equal(node.state.mode, "joining");
    node.hear(peer.beat());
    node.advance(310);
    assert.equal(node.state.mode, "serving");
  });

  it("waits for no stranger longer than a second", () => {
    const node = starting();
    node.hear(new Peer("a").claims(1, "healthy"));
    node.advance(1_010);
    assert.equal(node.state.mode, "serving");
  });

  it("joins no sooner than 300 ms after it has heard its own hello", () => {
    const node = new OneNode();
    node.hasEcho = false;
    node.tell({ type: "started" });
    const [hello] = node.tell({ type: "bus-changed", isUp: true });
    node.advance(600);
    assert.ok(hello?.type === "publish");
    node.hear(hello.message);
    node.advance(280);
    assert.equal(node.state.mode, "joining");
    node.advance(30);
    assert.equal(node.state.mode, "serving");
  });

  it("has a second from when the bus is there", () => {
    const node = new OneNode();
    node.tell({ type: "started" });
    node.advance(800);
    node.tell({ type: "bus-changed", isUp: true });
    node.hear(new Peer("a").claims(1, "healthy"));
    node.advance(900);
    assert.equal(node.state.mode, "joining");
    node.advance(110);
    assert.equal(node.state.mode, "serving");
  });

  it("begins nothing while a peer's judge has said nothing yet, T and a timeout at most", () => {
    const peer = new Peer("a");
    peer.more = { judgeAgeMs: AGE_MAX_MS };
    const node = new OneNode();
    node.join(1, [peer]);
    assert.deepEqual(begun(node.advance(1_200, [peer])), []);
    assert.equal(begun(node.advance(200, [peer])).length, 1);
  });

  it("begins nothing while a peer has more to say than has come", () => {
    const peer = new Peer("a");
    const node = starting();
    node.offer(1);
    peer.claims(2, "healthy");
    const missed = peer.claims(3, "healthy");
    node.hear(peer.beat());
    assert.deepEqual(begun(node.advance(1_200, [peer])), []);
    const [ask] = node.effects.flatMap((effect) => (effect.type === "request" ? [effect] : []));
    assert.equal(ask?.to, "a");
    assert.equal(missed.type, "changes");
  });

  it("leaves a group that it gets to those who tell of it within 300 ms", () => {
    const peers = peersBefore(2);
    const node = starting();
    for (const peer of peers) node.hear(unknowing(peer));
    node.advance(400);
    node.offer(1);
    assert.deepEqual(begun(node.advance(200)), []);
    for (const peer of peers)
      node.hear({ ...peer.say({ type: "group", group: FACTS.group, hasTraffic: false }), first: 1 } as MeshMessage);
    assert.deepEqual(begun(node.advance(200)), []);
  });

  it("begins the checks of a group that nobody else has after 300 ms", () => {
    const node = starting();
    node.hear(unknowing(new Peer("a")));
    node.advance(400);
    node.offer(1);
    assert.deepEqual(begun(node.advance(280)), []);
    assert.equal(begun(node.advance(40)).length, 1);
  });

  it("begins at once where nobody else is", () => {
    const node = starting();
    node.advance(400);
    node.offer(1);
    assert.equal(begun(node.effects).length, 1);
  });
});

describe("a node that stood still", () => {
  it("looks at what the others have said before it begins what was due", () => {
    const peers = peersBefore(2);
    const node = new OneNode();
    node.join(1, peers);
    const [first, second] = peers as [Peer, Peer];
    node.hear(first.claims(1, "healthy"));
    node.nowMs += 900;
    assert.deepEqual(
      begun(node.tell({ type: "timer-fired", timer: "agenda" })),
      [],
      "its turn on the ladder was long ago",
    );
    node.nowMs += 10;
    node.hear(second.claims(1, "healthy"));
    assert.deepEqual(begun(node.advance(100, peers)), []);
  });
});

describe("a judge that tells again of what it has", () => {
  it("is given the same orders again, and nobody hears of it", () => {
    const node = new OneNode();
    node.join(1);
    node.probed(1, "healthy", { cause: "first" });
    node.effects.length = 0;
    node.advance(300);
    node.offer(1, FACTS, "healthy");
    assert.deepEqual(ordersOf(node.effects), [
      { type: "begin-checks", slot: 1, dueInMs: 700, standing: "healthy" },
      { type: "set-standing", slot: 1, standing: "healthy" },
    ]);
    assert.deepEqual(saidOf(node.effects), []);
  });
});

/** Its first beat, before its judge told of a group. */
function unknowing(peer: Peer): ReturnType<Peer["beat"]> {
  return peer.beat({ number: 0, digest: "0".repeat(16), changes: [] });
}
