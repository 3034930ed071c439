import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MeshEffect } from "../../../../src/control/mesh/state/mesh-effects.ts";
import type { Change } from "../../../../src/control/mesh/wire/messages.ts";
import type { CheckOrder } from "../../../../src/messages/checking.ts";
import { entry, FACTS, OneNode, ordersOf, Peer, peersBefore, saidOf, targetOf } from "./one-node.ts";

type Once = CheckOrder & { readonly type: "check-once" };

function onces(effects: readonly MeshEffect[]): Once[] {
  return ordersOf(effects).flatMap((order) => (order.type === "check-once" ? [order] : []));
}

function answers(effects: readonly MeshEffect[]): Change[] {
  return saidOf(effects).filter(({ type }) => type === "answer");
}

/** `me` and a peer, both of whom probe the endpoint and have seen it well. */
function owners(slots: number = 1): { readonly node: OneNode; readonly peer: Peer } {
  const peer = new Peer("a");
  const node = new OneNode();
  node.join(slots, [peer]);
  for (let slot = 1; slot <= slots; slot++) {
    node.hear(peer.claims(slot, "healthy"));
    node.probed(slot, "healthy", { cause: "first" });
  }
  return { node, peer };
}

const answer = (transition: number, isConfirmed: boolean, slot: number = 1): Change => {
  const place = { group: FACTS.group, target: targetOf(slot) };
  return { type: "answer", ...place, observer: "me", transition, isConfirmed };
};

describe("a transition that another owner found", () => {
  it("is looked at by one probe out of turn, and answered", () => {
    const { node, peer } = owners();
    const found = peer.claims(1, "unhealthy", { cause: "scheduled", transition: 9 });
    const [once] = onces(node.hear(found));
    assert.equal(once?.cause, "confirm");
    const effects = node.probed(1, "unhealthy", { cause: "confirm", ask: once?.ask ?? 0, nextInMs: 0 });
    const [seen, said] = saidOf(effects);
    assert.ok(seen?.type === "entry" && seen.cause === "confirm" && seen.standing === "unhealthy");
    assert.deepEqual(said, { ...answer(9, true), observer: "a" });
    assert.equal(node.state.bySlot.get(1)?.meshStanding, "unhealthy");
  });

  it("is contradicted by a probe that passes", () => {
    const { node, peer } = owners();
    const [once] = onces(node.hear(peer.claims(1, "unhealthy", { cause: "scheduled", transition: 9 })));
    const effects = node.probed(1, "healthy", { cause: "confirm", ask: once?.ask ?? 0, nextInMs: 0 });
    assert.deepEqual(answers(effects), [{ ...answer(9, false), observer: "a" }]);
    assert.equal(node.standing(1), "healthy");
  });

  it("is only answered by an owner that knows it already", () => {
    const { node, peer } = owners();
    node.probed(1, "unhealthy");
    const effects = node.hear(peer.claims(1, "unhealthy", { cause: "scheduled", transition: 9 }));
    assert.deepEqual(onces(effects), []);
    assert.deepEqual(answers(effects), [{ ...answer(9, true), observer: "a" }]);
  });

  it("is not looked at when it was a first result, or another's confirmation", () => {
    const { node, peer } = owners();
    assert.deepEqual(onces(node.hear(peer.claims(1, "unhealthy", { cause: "first" }))), []);
    assert.deepEqual(onces(node.hear(peer.claims(1, "healthy", { cause: "confirm" }))), []);
  });

  it("is looked at once a second at most", () => {
    const { node, peer } = owners();
    const [once] = onces(node.hear(peer.claims(1, "unhealthy", { cause: "scheduled" })));
    node.probed(1, "healthy", { cause: "confirm", ask: once?.ask ?? 0, nextInMs: 0 });
    node.hear(peer.claims(1, "healthy", { cause: "scheduled" }));
    assert.deepEqual(onces(node.hear(peer.claims(1, "unhealthy", { cause: "scheduled" }))), []);
    assert.deepEqual(onces(node.advance(980, [peer])), []);
    assert.equal(onces(node.advance(40, [peer])).length, 1);
  });

  it("is not looked at any more when its observer has changed its mind meanwhile", () => {
    const { node, peer } = owners();
    const [once] = onces(node.hear(peer.claims(1, "unhealthy", { cause: "scheduled" })));
    node.probed(1, "healthy", { cause: "confirm", ask: once?.ask ?? 0, nextInMs: 0 });
    node.hear(peer.claims(1, "healthy", { cause: "confirm" }));
    node.hear(peer.claims(1, "unhealthy", { cause: "scheduled" }));
    node.hear(peer.claims(1, "healthy", { cause: "confirm" }));
    assert.deepEqual(onces(node.advance(2_000, [peer])), []);
  });
});

describe("a transition that no other owner answers", () => {
  const later = (): { readonly node: OneNode; readonly peers: Peer[] } => {
    const peers = peersBefore(2);
    const node = new OneNode();
    node.join(1, peers);
    for (const peer of peers) node.hear(peer.claims(1, "healthy"));
    return { node, peers };
  };

  it("is looked at by the next rank after a timeout and 200 ms, which holds what it saw", () => {
    const { node, peers } = later();
    const [first] = peers as [Peer];
    assert.deepEqual(onces(node.hear(first.claims(1, "unhealthy", { cause: "scheduled", transition: 9 }))), []);
    assert.deepEqual(onces(node.advance(480, peers)), []);
    const [once] = onces(node.advance(40, peers));
    const effects = node.probed(1, "unhealthy", { cause: "confirm", ask: once?.ask ?? 0, nextInMs: 0 });
    assert.deepEqual(saidOf(effects)[0], entry(1, "unhealthy", { hold: "confirm", cause: "confirm" }));
    assert.equal(node.standing(1), "unhealthy");
  });

  it("is left alone when the owner answers in time", () => {
    const { node, peers } = later();
    const [first, second] = peers as [Peer, Peer];
    node.hear(first.claims(1, "unhealthy", { cause: "scheduled", transition: 9 }));
    node.hear(second.say({ ...answer(9, true), observer: first.node } as Change));
    assert.deepEqual(onces(node.advance(2_000, peers)), []);
  });

  it("is held until both owners see the same, or for T, a timeout and five seconds", () => {
    for (const [agrees, ms] of [
      [true, 10],
      [false, 6_310],
    ] as const) {
      const { node, peers } = later();
      const [first, second] = peers as [Peer, Peer];
      node.hear(first.claims(1, "unhealthy", { cause: "scheduled", transition: 9 }));
      const [once] = onces(node.advance(520, peers));
      node.probed(1, "unhealthy", { cause: "confirm", ask: once?.ask ?? 0, nextInMs: 0 });
      if (agrees) node.hear(second.claims(1, "unhealthy", { cause: "confirm" }));
      else assert.deepEqual(saidOf(node.advance(6_280, peers)), []);
      node.advance(ms - 6_280, peers);
      node.advance(20, peers);
      assert.equal(node.state.bySlot.get(1)?.own, null);
    }
  });
});

describe("doubt", () => {
  it("is sent once a second at most, never of an endpoint that is out already, and makes its owner look", () => {
    const { node } = owners();
    const doubted = { type: "doubted", slot: 1, evidence: "connect" } as const;
    const effects = node.report(doubted);
    assert.deepEqual(
      saidOf(effects).map(({ type }) => type),
      ["doubt"],
    );
    assert.equal(onces(effects)[0]?.cause, "doubt");
    assert.deepEqual(saidOf(node.report(doubted)), []);
    node.advance(1_010);
    assert.equal(saidOf(node.report(doubted)).length, 1);
    node.probed(1, "unhealthy");
    node.advance(1_010);
    assert.deepEqual(saidOf(node.report(doubted)), []);
  });

  it("of a peer makes an owner look, and a probe that fails counts as one", () => {
    const { node, peer } = owners();
    const [once] = onces(
      node.hear(peer.say({ type: "doubt", group: FACTS.group, target: targetOf(1), evidence: "reset" })),
    );
    const effects = node.probed(1, "unhealthy", { cause: "doubt", ask: once?.ask ?? 0, nextInMs: 0 });
    const [seen] = saidOf(effects);
    assert.ok(seen?.type === "entry" && seen.cause === "doubt" && seen.standing === "unhealthy");
  });

  it("of a peer is not heard for ten intervals after three in vain", () => {
    const { node, peer } = owners();
    let looked = 0;
    const doubtFor = (ms: number): void => {
      for (let at = 0; at < ms; at += 1_100) {
        const doubt: Change = { type: "doubt", group: FACTS.group, target: targetOf(1), evidence: "reset" };
        const found = onces([...node.hear(peer.say(doubt)), ...node.advance(50, [peer])]);
        looked += found.length;
        for (const { ask } of found) node.probed(1, "healthy", { cause: "doubt", ask, nextInMs: 0 });
        node.advance(1_050, [peer]);
        node.probed(1, "healthy");
      }
    };
    doubtFor(9_000);
    assert.equal(looked, 3);
    for (let again = 0; again < 4; again++) {
      node.advance(1_000, [peer]);
      node.probed(1, "healthy");
    }
    doubtFor(1_000);
    assert.equal(looked, 4);
  });
});

describe("a node that is contradicted", () => {
  /** So many endpoints that it sees fail, and its peer does not. */
  function contradicted(slots: number): { readonly node: OneNode; readonly peer: Peer } {
    const pair = owners(slots);
    for (let slot = 1; slot <= slots; slot++) {
      const [seen] = saidOf(pair.node.probed(slot, "unhealthy"));
      const transition = seen?.type === "entry" ? seen.transition : 0;
      pair.node.hear(pair.peer.say(answer(transition, false, slot)));
      pair.node.advance(50, [pair.peer]);
    }
    for (let again = 0; again < 2; again++)
      for (let slot = 1; slot <= slots; slot++) pair.node.probed(slot, "unhealthy");
    return pair;
  }

  it("of three endpoints resigns: it takes them back, says so, and goes on for itself", () => {
    const { node } = contradicted(3);
    assert.equal(node.state.self.isResigned, true);
    assert.deepEqual(
      saidOf(node.effects)
        .slice(-3)
        .map(({ type }) => type),
      ["released", "released", "released"],
    );
    assert.ok(
      [1, 2, 3].every((slot) => node.standing(slot) === "healthy"),
      "the mesh is believed",
    );
    assert.match(node.state.reason, /distrusts its own network/);
    assert.ok(node.state.isReady, "it serves on");
    const beats = node.effects.flatMap((effect) =>
      effect.type === "publish" && effect.message.type === "beat" ? [effect.message] : [],
    );
    assert.equal(beats.at(-1)?.isResigned, true);
  });

  it("of two does not", () => {
    assert.equal(contradicted(2).node.state.self.isResigned, false);
  });

  it("tells that it alone sees it so, and when it does not any more", () => {
    const { node, peer } = owners();
    const [seen] = saidOf(node.probed(1, "unhealthy"));
    const effects = node.hear(peer.say(answer(seen?.type === "entry" ? seen.transition : 0, false)));
    const told = (of: readonly MeshEffect[]): string[] =>
      of.flatMap((effect) => (effect.type === "publish-health" ? [`${effect.event.scope} ${effect.event.to}`] : []));
    assert.deepEqual(told(effects), ["node unhealthy"]);
    assert.deepEqual(told(node.probed(1, "healthy")), ["node healthy"]);
  });

  it("is in force again when nobody else is left who checks: what it probes would be covered by nobody", () => {
    for (const goes of [{ phase: "leaving" }, { judgeAgeMs: 4_000 }, { isResigned: true }] as const) {
      const { node, peer } = contradicted(3);
      node.hear(peer.beat());
      assert.equal(node.state.self.isResigned, true);
      const effects = node.hear(peer.beat(goes));
      assert.equal(node.state.self.isResigned, false);
      assert.equal(ordersOf(effects).filter(({ type }) => type === "begin-checks").length, 3);
    }
  });

  it("checks for all again what nobody else has probed for two seconds", () => {
    const { node, peer } = contradicted(3);
    node.hear(peer.say({ type: "released", group: FACTS.group, target: targetOf(1), ageMs: 0 }));
    node.advance(1_900, [peer]);
    assert.equal(node.state.privates.size, 3);
    const effects = node.advance(1_200, [peer]);
    assert.deepEqual([node.state.privates.size, node.state.self.isResigned], [2, true]);
    assert.equal(ordersOf(effects).filter(({ type }) => type === "begin-checks").length, 1);
  });

  it("returns when its own probes have agreed with the mesh for four intervals, and for eight the next time", () => {
    const { node, peer } = contradicted(3);
    const agree = (ms: number): void => {
      for (let at = 0; at < ms; at += 1_000) {
        node.advance(1_000, [peer]);
        for (const slot of [1, 2, 3]) node.probed(slot, "healthy");
      }
    };
    agree(2_000);
    node.probed(1, "unhealthy");
    agree(3_000);
    assert.equal(node.state.self.isResigned, true);
    agree(2_000);
    assert.equal(node.state.self.isResigned, false);
    assert.equal(node.state.privates.size, 0);
  });
});
