import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { CheckOrder } from "../../../../src/messages/checking.ts";
import { entry, FACTS, OneNode, ordersOf, Peer, peersBefore, saidOf, targetOf } from "./one-node.ts";

function begun(effects: Parameters<typeof ordersOf>[0]): (CheckOrder & { type: "begin-checks" })[] {
  return ordersOf(effects).flatMap((order) => (order.type === "begin-checks" ? [order] : []));
}

describe("the ladder", () => {
  it("lets the first ranks begin at once, and says so before the first probe", () => {
    const node = new OneNode();
    node.join(1);
    assert.deepEqual(begun(node.effects), [{ type: "begin-checks", slot: 1, dueInMs: 0, standing: null }]);
    const [claim] = saidOf(node.effects).filter(({ type }) => type === "entry");
    assert.deepEqual(claim, entry(1, null, { cause: "started", transition: 0, ageMs: 1_048_576_000 }));
  });

  it("lets a later rank begin a timeout and 300 ms after one of them is gone, where the first would have gone on", () => {
    const peers = peersBefore(2);
    const node = new OneNode();
    node.join(1, peers);
    for (const peer of peers) node.hear(peer.claims(1, "healthy"));
    assert.deepEqual(begun(node.effects), []);
    const [first] = peers as [Peer, Peer];
    node.hear(first.say({ type: "released", group: FACTS.group, target: targetOf(1), ageMs: 100 }));
    assert.deepEqual(begun(node.advance(590, peers)), []);
    assert.equal(begun(node.advance(30, peers)).length, 1);
  });

  it("lets it begin when a claim comes to nothing", () => {
    const peers = peersBefore(2);
    const node = new OneNode();
    node.join(1, peers);
    const [first, second] = peers as [Peer, Peer];
    node.hear(first.claims(1, "healthy"));
    node.hear(second.claims(1, null));
    assert.deepEqual(begun(node.advance(2_800, peers)), [], "T, timeout and a second, and then the ladder");
    assert.equal(begun(node.advance(200, peers)).length, 1);
  });

  it("ends the checks when enough before it have begun, keeps what it saw until they have seen the endpoint, then releases it", () => {
    const peers = peersBefore(2);
    const node = new OneNode();
    node.join(1);
    node.probed(1, "healthy", { cause: "first" });
    const [first, second] = peers as [Peer, Peer];
    for (const peer of peers) node.hear(peer.beat());
    node.hear(first.claims(1, null));
    const effects = node.hear(second.claims(1, null));
    assert.deepEqual(ordersOf(effects), [{ type: "end-checks", slot: 1 }]);
    assert.deepEqual(
      saidOf(effects).map((change) => change.type === "entry" && change.hold),
      ["kept"],
    );
    node.hear(first.claims(1, "healthy"));
    assert.deepEqual(saidOf(node.advance(600, peers)), []);
    node.hear(second.claims(1, "healthy"));
    assert.deepEqual(saidOf(node.advance(490, peers)), []);
    assert.deepEqual(
      saidOf(node.advance(30, peers)).map(({ type }) => type),
      ["released"],
    );
  });

  it("lets a first probe that has begun end before it makes room", () => {
    const peers = peersBefore(2);
    const node = new OneNode();
    node.join(1);
    for (const peer of peers) node.hear(peer.beat());
    const [first, second] = peers as [Peer, Peer];
    node.hear(first.claims(1, null));
    assert.deepEqual(ordersOf(node.hear(second.claims(1, null))), []);
    const effects = node.probed(1, "healthy", { cause: "first" });
    assert.deepEqual(
      ordersOf(effects).map(({ type }) => type),
      ["set-standing", "end-checks"],
    );
    assert.deepEqual(
      saidOf(effects).map((change) => change.type === "entry" && [change.hold, change.standing]),
      [
        ["claim", "healthy"],
        ["kept", "healthy"],
      ],
    );
  });

  it("waits a timeout for it, and no longer", () => {
    const peers = peersBefore(2);
    const node = new OneNode();
    node.join(1);
    for (const peer of peers) node.hear(peer.beat());
    for (const peer of peers) node.hear(peer.claims(1, null));
    assert.deepEqual(ordersOf(node.advance(300, peers)), []);
    assert.deepEqual(ordersOf(node.advance(210, peers)), [{ type: "end-checks", slot: 1 }]);
  });

  it("takes a claim of which no probe was told for a probe, and moves when one is told", () => {
    const [peer] = peersBefore(1) as [Peer];
    const [last] = peersBefore(1, false) as [Peer];
    const node = new OneNode();
    node.tell({ type: "started" });
    node.tell({ type: "bus-changed", isUp: true });
    for (const one of [peer, last]) {
      node.hear(one.beat());
      node.hear(one.claims(1, null));
    }
    node.offer(1);
    const [order] = begun(node.advance(400, [peer, last]));
    assert.ok(Math.abs((order?.dueInMs ?? 0) - 700) <= 20, `${order?.dueInMs}: claimed 300 ms ago`);
    const moved = begun(node.hear(last.claims(1, "healthy", { hold: "kept", ageMs: 0 })));
    assert.deepEqual(moved, [{ type: "begin-checks", slot: 1, dueInMs: 1_000, standing: "healthy" }]);
  });

  it("goes on with the schedule of the one that makes room", () => {
    const [peer] = peersBefore(1) as [Peer];
    const [last] = peersBefore(1, false) as [Peer];
    const node = new OneNode();
    node.tell({ type: "started" });
    node.tell({ type: "bus-changed", isUp: true });
    node.hear(peer.beat());
    node.hear(last.beat());
    node.hear(peer.claims(1, "healthy", { ageMs: 900 }));
    node.hear(last.claims(1, "healthy", { ageMs: 200 }));
    node.offer(1);
    const [order] = begun(node.advance(400, [peer, last]));
    assert.equal(order?.standing, "healthy");
    assert.ok(Math.abs((order?.dueInMs ?? 0) - 500) <= 20, `${order?.dueInMs}: 200 ms old, 300 ms ago`);
  });

  it("goes on with the schedule of the last of two that both come after it: a probe between would be one too many", () => {
    const peers = peersBefore(2, false);
    const node = new OneNode();
    node.tell({ type: "started" });
    node.tell({ type: "bus-changed", isUp: true });
    for (const peer of peers) node.hear(peer.beat());
    for (const peer of peers) node.hear(peer.claims(1, "healthy", { ageMs: 200 }));
    node.offer(1);
    const [order] = begun(node.advance(400, peers));
    assert.equal(order?.standing, "healthy");
    assert.ok(Math.abs((order?.dueInMs ?? 0) - 500) <= 20, `${order?.dueInMs}: 200 ms old, 300 ms ago`);
  });

  it("spreads a crowd that begins at once: 500, and then 2,000 a second", () => {
    const node = new OneNode();
    node.join(2_000);
    const atOnce = begun(node.effects).length;
    assert.ok(atOnce >= 500 && atOnce < 800, `${atOnce}`);
    node.advance(500);
    assert.ok(begun(node.effects).length > atOnce + 900);
    node.advance(1_000);
    assert.equal(begun(node.effects).length, 2_000);
  });

  it("covers nothing any more when its own probes do not come, and again when they do", () => {
    const node = new OneNode();
    node.join(1);
    node.probed(1, "healthy", { cause: "first" });
    assert.deepEqual(saidOf(node.advance(3_200)), []);
    assert.deepEqual(
      saidOf(node.advance(200)).map(({ type }) => type),
      ["released"],
      "T, timeout and two seconds",
    );
    assert.deepEqual(begun(node.advance(5_000)), [], "the judge was told already");
    assert.deepEqual(
      saidOf(node.probed(1, "healthy")).map(({ type }) => type),
      ["entry"],
    );
  });

  it("does nothing with a judge that hangs, and says so in its beats", () => {
    const node = new OneNode();
    node.join(1);
    node.probed(1, "healthy", { cause: "first" });
    for (let i = 0; i < 400; i++) {
      node.nowMs += 10;
      node.tell({ type: "timer-fired", timer: "agenda" });
    }
    assert.equal(node.state.self.isSpeaking, false);
    assert.deepEqual(begun(node.tell({ type: "timer-fired", timer: "agenda" })), []);
  });

  it("checks nothing without the role while others have it, and everything when nobody has", () => {
    const peer = new Peer("a");
    const node = new OneNode({ roles: ["proxy"] });
    node.join(1, [peer]);
    node.advance(4_000, [peer]);
    assert.deepEqual(begun(node.effects), []);
    assert.equal(begun(node.advance(8_000)).length, 1);
  });

  it("checks an endpoint alone when nobody else has its group", () => {
    const peer = new Peer("a");
    const node = new OneNode();
    node.join(1, [peer], { ...FACTS, group: "00000000000000bb" });
    assert.equal(node.state.bySlot.get(1)?.rank, 0);
    assert.equal(begun(node.effects).length, 1);
  });

  it("ends the checks of an endpoint that leaves the set, and covers it no more", () => {
    const node = new OneNode();
    node.join(1);
    node.probed(1, "healthy", { cause: "first" });
    const effects = node.report({ type: "targets-removed", group: FACTS.group, slots: [1] });
    assert.deepEqual(ordersOf(effects), [{ type: "end-checks", slot: 1 }]);
    assert.deepEqual(
      saidOf(effects).map(({ type }) => type),
      ["released"],
    );
    const gone = node.report({ type: "group-removed", group: FACTS.group });
    assert.deepEqual(
      saidOf(gone).map(({ type }) => type),
      ["group-left"],
    );
  });
});

describe("without the bus", () => {
  it("a node checks everything after three seconds, spread over an interval, and hands over when it is back", () => {
    const peers = peersBefore(2);
    const node = new OneNode();
    node.join(1, peers);
    for (const peer of peers) node.hear(peer.claims(1, "healthy"));
    const { applied } = node.state.self;
    node.tell({ type: "bus-changed", isUp: false });
    assert.deepEqual(begun(node.advance(2_950)), []);
    const [order] = begun(node.advance(100));
    assert.equal(order?.standing, "healthy");
    assert.ok((order?.dueInMs ?? -1) >= 0 && (order?.dueInMs ?? 1_000) < 1_000);
    for (let again = 0; again < 2; again++) node.probed(1, "unhealthy");
    assert.equal(node.standing(1), "unhealthy", "what it sees counts for itself");
    node.tell({ type: "bus-changed", isUp: true });
    assert.equal(node.state.self.applied, applied, "and it has nothing to tell of it");
    for (const peer of peers) node.hear(peer.beat());
    assert.ok(ordersOf(node.effects).some(({ type }) => type === "end-checks"));
    assert.equal(node.standing(1), "healthy", "the others' word again");
  });
});
