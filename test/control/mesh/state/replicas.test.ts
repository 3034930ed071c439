import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MeshEffect } from "../../../../src/control/mesh/state/mesh-effects.ts";
import type { Change, SyncPage } from "../../../../src/control/mesh/wire/messages.ts";
import { beatsOf, entry, FACTS, OneNode, Peer, saidOf, targetOf } from "./one-node.ts";

function joined(peer: Peer): OneNode {
  const node = new OneNode();
  node.join(1, [peer]);
  return node;
}

function requestsOf(effects: readonly MeshEffect[]): (MeshEffect & { type: "request" })[] {
  return effects.flatMap((effect) => (effect.type === "request" ? [effect] : []));
}

function entriesOf(node: OneNode): number {
  return node.state.members.get("a")?.entries.size ?? 0;
}

/** A page of a peer that has these items. */
function page(peer: Peer, items: readonly Change[], more: Partial<SyncPage> = {}): SyncPage {
  const { node, instance, epoch } = peer;
  const { number, digest } = peer.beat();
  return { type: "sync-page", node, instance, epoch, number, digest, from: 0, total: items.length, items, ...more };
}

const GROUP: Change = { type: "group", group: FACTS.group, hasTraffic: false };

describe("a peer's log", () => {
  it("is applied in the order of its numbers, whatever the order of messages", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    const [claim, seen, released] = [
      peer.claims(1, null),
      peer.claims(1, "healthy"),
      peer.say({ type: "released", group: FACTS.group, target: targetOf(1), ageMs: 0 }),
    ];
    node.hear(released);
    node.hear(seen);
    assert.equal(entriesOf(node), 0);
    node.hear(claim);
    assert.equal(entriesOf(node), 0, "claimed, seen and released");
    assert.equal(node.state.members.get("a")?.applied, 4);
    assert.deepEqual(requestsOf(node.advance(200)), []);
  });

  it("may come twice", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    const claim = peer.claims(1, "healthy");
    node.hear(claim);
    node.hear(peer.say({ type: "released", group: FACTS.group, target: targetOf(1), ageMs: 0 }));
    node.hear(claim);
    assert.equal(entriesOf(node), 0);
  });

  it("is filled from the beat that repeats it", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    peer.claims(1, "healthy");
    node.hear(peer.beat({ changes: [entry(1, "healthy", { transition: 2 })] }));
    assert.equal(entriesOf(node), 1);
  });

  it("is asked for whole when a gap stays open for 60 ms", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    peer.claims(1, "healthy");
    node.hear(peer.claims(2, "healthy"));
    assert.deepEqual(requestsOf(node.advance(50)), []);
    const [request] = requestsOf(node.advance(20));
    assert.equal(request?.to, "a");
    const items = [GROUP, entry(1, "healthy", { transition: 2 }), entry(2, "healthy", { transition: 3 })];
    node.tell({ type: "answered", ask: request?.ask ?? 0, message: page(peer, items) });
    assert.equal(entriesOf(node), 2);
    assert.deepEqual(requestsOf(node.advance(2_000, [peer])), [], "once is enough");
  });

  it("is asked for whole when its digest is another, and what was held is replaced", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    node.hear(peer.claims(1, "healthy"));
    node.hear(peer.beat({ digest: "00000000deadbeef" }));
    const [request] = requestsOf(node.advance(100));
    peer.say({ type: "released", group: FACTS.group, target: targetOf(1), ageMs: 0 });
    node.tell({ type: "answered", ask: request?.ask ?? 0, message: page(peer, [GROUP]) });
    assert.equal(entriesOf(node), 0);
  });

  it("goes on while pages come: what is said meanwhile counts after them", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    peer.claims(1, "healthy");
    node.hear(peer.claims(2, "healthy"));
    const [request] = requestsOf(node.advance(100));
    const items = [GROUP, entry(1, "healthy", { transition: 2 }), entry(2, "healthy", { transition: 3 })];
    const answer = page(peer, items);
    node.hear(peer.say({ type: "released", group: FACTS.group, target: targetOf(2), ageMs: 0 }));
    node.tell({ type: "answered", ask: request?.ask ?? 0, message: answer });
    assert.equal(entriesOf(node), 1);
  });

  it("is asked for page by page, and from the start when the snapshot is another", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    peer.claims(1, "healthy");
    node.hear(peer.claims(2, "healthy"));
    const [first] = requestsOf(node.advance(100));
    const items = [GROUP, entry(1, "healthy", { transition: 2 }), entry(2, "healthy", { transition: 3 })];
    const [second] = requestsOf(
      node.tell({ type: "answered", ask: first?.ask ?? 0, message: page(peer, items.slice(0, 2), { total: 3 }) }),
    );
    assert.deepEqual([second?.message.number, second?.message.from], [3, 2]);
    node.tell({ type: "answered", ask: second?.ask ?? 0, message: page(peer, items) });
    assert.equal(entriesOf(node), 2);
  });

  it("is asked for again, ever more seldom, when no answer comes or a false one", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    node.hear(peer.beat({ number: 9 }));
    let asked = 0;
    for (let ms = 0; ms < 20_000; ms += 10) {
      for (const { ask } of requestsOf(node.advance(10))) {
        asked++;
        node.tell({ type: "answered", ask, message: asked % 2 === 0 ? null : page(new Peer("b"), []) });
      }
    }
    assert.ok(asked >= 5 && asked <= 8, `${asked}`);
  });
});

describe("a node's own log", () => {
  it("is repeated in beats for three seconds, its newest 64 changes", () => {
    const node = new OneNode();
    node.join(100, [], { ...FACTS, intervalMs: 60_000, noTrafficIntervalMs: 60_000 });
    node.advance(600);
    const [last] = beatsOf(node.effects).slice(-1);
    assert.equal(last?.changes.length, 64);
    assert.equal(last?.number, 101, "the group, and a claim of each");
    assert.deepEqual(beatsOf(node.advance(4_000)).at(-1)?.changes, []);
  });

  it("goes out in messages of a thousand changes, each with its first number", () => {
    const node = new OneNode();
    node.join(450);
    const sent = node.effects.flatMap((effect) =>
      effect.type === "publish" && effect.message.type === "changes" ? [effect.message] : [],
    );
    assert.ok(sent.every(({ changes }) => changes.length <= 1_000));
    assert.equal(saidOf(node.effects).length, 451);
    let next = 1;
    for (const { first, changes } of sent) {
      assert.equal(first, next);
      next += changes.length;
    }
  });

  it("is given in pages of one snapshot, with the digest of its beat", () => {
    const node = new OneNode();
    node.join(450);
    const asker = { node: "a", instance: "a".repeat(32), epoch: 1 };
    const ask = (number: number, from: number): SyncPage | undefined =>
      node
        .tell({ type: "asked", ask: 7, message: { type: "sync-request", ...asker, number, from } })
        .flatMap((effect) => (effect.type === "answer" ? [effect.message] : []))[0];
    const whole = ask(0, 0);
    assert.equal(whole?.total, 451);
    assert.equal(whole?.items.length, 451);
    const rest = ask(whole?.number ?? 0, 450);
    assert.deepEqual([rest?.from, rest?.items.length], [450, 1]);
    assert.equal(whole?.digest, beatsOf(node.advance(1_000)).at(-1)?.digest);
    node.probed(1, "healthy", { cause: "first" });
    assert.equal(ask(12_345, 100)?.from, 0, "an unknown snapshot begins anew");
  });

  it("is not sent while the bus is away, and keeps its numbers", () => {
    const node = new OneNode();
    node.join(1);
    const { applied } = node.state.self;
    node.tell({ type: "bus-changed", isUp: false });
    assert.deepEqual(saidOf(node.probed(1, "healthy", { cause: "first" })), []);
    assert.equal(node.state.self.applied, applied + 1);
  });
});
