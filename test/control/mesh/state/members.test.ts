import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MeshEffect } from "../../../../src/control/mesh/state/mesh-effects.ts";
import { ALL_RULES } from "../../../../src/control/mesh/state/mesh-state.ts";
import { beatsOf, OneNode, Peer } from "./one-node.ts";

function joined(...peers: Peer[]): OneNode {
  const node = new OneNode();
  node.join(1, peers);
  return node;
}

describe("a member", () => {
  it("is suspect after three missed beats, gone after five, and forgotten after a minute", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    const lives = [0, 3_000, 2_000, 54_000, 2_000].map((ms) => {
      node.advance(ms);
      return node.state.members.get("a")?.life;
    });
    assert.deepEqual(lives, ["live", "suspect", "gone", "gone", undefined]);
  });

  it("is gone at its own word, and no late beat brings it back", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    const late = peer.beat();
    const { node: name, instance, epoch } = peer;
    node.hear({ type: "left", node: name, instance, epoch });
    assert.equal(node.state.members.get("a")?.life, "gone");
    node.hear(late);
    assert.equal(node.state.members.get("a")?.life, "gone");
  });

  it("that starts again is taken at once under a greater epoch, and its old words are dropped", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    node.hear(peer.claims(1, "healthy"));
    assert.equal(node.state.members.get("a")?.entries.size, 1);
    const next = new Peer("a");
    next.instance = "b".repeat(32);
    next.epoch = 2;
    node.hear(next.beat());
    assert.equal(node.state.members.get("a")?.instance, next.instance);
    assert.equal(node.state.members.get("a")?.entries.size, 0);
    node.hear(peer.beat());
    assert.equal(node.state.members.get("a")?.instance, next.instance);
  });

  it("that starts again under no greater epoch is taken when the old one was silent for two beats", () => {
    const node = joined(new Peer("a"));
    const next = new Peer("a");
    next.instance = "b".repeat(32);
    node.advance(1_500);
    node.hear(next.beat());
    assert.notEqual(node.state.members.get("a")?.instance, next.instance);
    node.advance(600);
    node.hear(next.beat());
    assert.equal(node.state.members.get("a")?.instance, next.instance);
  });

  it("is not there for a word of a stranger: only a beat introduces", () => {
    const node = joined();
    node.hear(new Peer("a").claims(1, "healthy"));
    assert.equal(node.state.members.size, 0);
  });

  it("is one of 256 at most", () => {
    const node = joined();
    for (let i = 0; i < 300; i++) node.hear(new Peer(`node-${i}`).beat());
    assert.equal(node.state.members.size, 256);
    assert.ok(node.effects.some((effect) => effect.type === "count" && effect.counter === "over_limit"));
  });

  it("is told lost by the first of those who are left, and by nobody who hears no one", () => {
    const told = (effects: readonly MeshEffect[]): string[] =>
      effects.flatMap((effect) =>
        effect.type === "publish-node" && effect.event.what === "lost" ? [effect.event.node] : [],
      );
    assert.deepEqual(told(joined(new Peer("a")).advance(9_000)), ["a"]);
    const away = joined(new Peer("a"));
    away.tell({ type: "bus-changed", isUp: false });
    assert.deepEqual(told(away.advance(9_000)), []);
  });

  it("is told lost each time: a loss is news again when it was heard meanwhile, or forgotten", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    const losses = (): string[] => {
      const ids = node
        .advance(9_000)
        .flatMap((effect) => (effect.type === "publish-node" && effect.event.what === "lost" ? [effect.event.id] : []));
      for (const id of ids) node.tell({ type: "event-seen", id });
      return ids;
    };
    const [id = ""] = losses();
    assert.ok(node.state.seen.has(id));
    node.hear(peer.beat());
    assert.ok(!node.state.seen.has(id), "heard");
    assert.deepEqual(losses(), [id]);
    assert.ok(node.state.seen.has(id));
    node.advance(60_000);
    assert.ok(!node.state.seen.has(id), "forgotten");
  });
});

describe("a node that stood still", () => {
  it("does not hold it against the others, and waits longer for them", () => {
    const node = joined(new Peer("a"));
    node.nowMs += 60_000;
    node.tell({ type: "timer-fired", timer: "beat" });
    assert.equal(node.state.members.get("a")?.life, "live");
    node.advance(4_000);
    assert.equal(node.state.members.get("a")?.life, "live", "twice as long");
    node.advance(4_000);
    assert.equal(node.state.members.get("a")?.life, "suspect");
  });

  it("is as strict as before after a while", () => {
    const node = joined(new Peer("a"));
    node.nowMs += 2_000;
    node.tell({ type: "timer-fired", timer: "beat" });
    assert.equal(node.state.strain, 2);
    node.advance(11_000);
    assert.equal(node.state.strain, 1);
  });
});

describe("beats", () => {
  it("come once a second, and at once for a hello, one for many", () => {
    const node = joined();
    assert.equal(beatsOf(node.advance(10_000)).length, 10);
    const hellos = ["x", "y", "z"].flatMap((name) => {
      const { instance, epoch } = new Peer(name);
      return beatsOf(node.hear({ type: "hello", node: name, instance, epoch }));
    });
    assert.equal(hellos.length, 1);
    assert.deepEqual(hellos[0]?.epochs.map(({ node: name }) => name).includes("x"), true);
    assert.equal(beatsOf(node.advance(100)).length, 1, "one for those that came too soon after the first");
  });

  it("name sixteen epochs each, in turns, whoever asked first", () => {
    const node = joined();
    for (let i = 0; i < 40; i++) node.hear(new Peer(`node-${i}`).beat({ epochs: [] }));
    const named = beatsOf(node.advance(4_000)).flatMap(({ epochs }) => epochs);
    assert.ok(beatsOf(node.effects).every(({ epochs }) => epochs.length <= 16));
    assert.equal(new Set(named.map(({ node: name }) => name)).size, 40);
  });

  it("out of their order are not looked at", () => {
    const peer = new Peer("a");
    const node = joined(peer);
    const [first, second] = [peer.beat({ zone: "old" }), peer.beat({ zone: "new" })];
    node.hear(second);
    node.hear(first);
    assert.equal(node.state.members.get("a")?.zone, "new");
  });
});

describe("a node's name", () => {
  const rivalOf = (): Peer => {
    const rival = new Peer("me");
    rival.instance = "f".repeat(32);
    return rival;
  };

  it("is refused to the newcomer when another living process has it", () => {
    const node = new OneNode();
    node.tell({ type: "started" });
    node.tell({ type: "bus-changed", isUp: true });
    const rival = rivalOf();
    rival.sequence = 100;
    node.hear(rival.beat());
    const effects = node.hear(rival.beat());
    assert.ok(effects.some(({ type }) => type === "refuse-name"));
    assert.deepEqual(
      node.advance(3_000).filter(({ type }) => type === "publish"),
      [],
    );
  });

  it("is kept after one late beat of the process before this one", () => {
    const node = new OneNode();
    node.tell({ type: "started" });
    node.tell({ type: "bus-changed", isUp: true });
    const rival = rivalOf();
    rival.sequence = 100;
    node.hear(rival.beat());
    node.advance(5_000);
    assert.equal(node.state.mode, "serving");
  });

  it("is kept by the one that was there, whatever a newcomer says", () => {
    const node = joined();
    node.advance(5_000);
    const rival = rivalOf();
    for (let i = 0; i < 4; i++) node.hear(rival.beat());
    assert.equal(node.state.mode, "serving");
  });

  it("is told under an epoch above the greatest that was heard of it", () => {
    const node = new OneNode();
    node.tell({ type: "started" });
    node.tell({ type: "bus-changed", isUp: true });
    node.hear(new Peer("a").beat({ epochs: [{ node: "me", epoch: 41 }] }));
    node.advance(1_000);
    assert.equal(beatsOf(node.effects).at(-1)?.epoch, 42);
    const said = beatsOf(node.effects).length;
    node.hear(new Peer("b").beat({ epochs: [{ node: "me", epoch: 99 }] }));
    assert.equal(
      beatsOf(node.effects).length,
      said,
      "no beat for it: two of one name would answer each other for ever",
    );
    assert.equal(beatsOf(node.advance(1_000)).at(-1)?.epoch, 100);
  });
});

describe("the rules", () => {
  it("are all in force", () => {
    assert.deepEqual(new OneNode().state.options.rules, ALL_RULES);
    assert.ok(Object.values(ALL_RULES).every(Boolean));
  });
});
