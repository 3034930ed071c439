import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { writeReport } from "../../../../src/control/load/client/wire.ts";
import { merging } from "../../../../src/control/load/merge/merge-behaviour.ts";
import type {
  LoadReply,
  LoadRequest,
  MergeEffect,
  MergeMessage,
} from "../../../../src/control/load/merge/merge-messages.ts";
import { emptyMergeState, type MergeState } from "../../../../src/control/load/merge/merge-state.ts";
import type { ClusterLoad } from "../../../../src/messages/load.ts";
import { cluster, endpoint, locality } from "./loads.ts";

const NODE = { id: "m", cluster: "c", region: "", zone: "", subZone: "", metadata: {} };
const INSTANCE = "1".repeat(32);
const OTHER = "2".repeat(32);
const SUBSCRIBED = { type: "subscribed", clusters: ["c"], intervalMs: 1_000, hasEndpoints: true } as const;

/** One node whose counters hold one more success at each take. */
class OneNode {
  readonly state: MergeState = emptyMergeState({ node: "a", instance: INSTANCE });
  readonly effects: MergeEffect[] = [];
  takes = 0;
  nowMs = 0;

  tell(...messages: readonly MergeMessage[]): void {
    for (const message of messages) {
      for (const effect of merging.step(this.state, message, this.nowMs)) {
        this.effects.push(effect);
        if (effect.type === "take") this.tell({ type: "taken", loads: this.take() });
      }
    }
  }

  /** What it did since it was asked last, timers aside. */
  did(): MergeEffect[] {
    return this.effects.splice(0).filter(({ type }) => type !== "arm-timer" && type !== "disarm-timer");
  }

  /** The request that it made last. */
  asked(): { readonly ask: number; readonly request: LoadRequest } {
    const all = this.did().flatMap((effect) => (effect.type === "ask-reporter" ? [effect] : []));
    const last = all.at(-1);
    assert.ok(last !== undefined);
    return last;
  }

  /** The reporter `b` answers what it was asked last. */
  answer(more: Partial<LoadReply>): void {
    const { ask } = this.asked();
    const reply = { node: "b", instance: OTHER, isReporter: true, accepted: 0, settled: 0, page: null, ...more };
    this.tell({ type: "answered", ask, reply });
  }

  private take(): ClusterLoad[] {
    this.takes++;
    return [cluster("c", [locality("z", [endpoint(80, [1, 0, 1, 0])])])];
  }
}

const PAGE = { sendsAll: false, intervalMs: 1_000, hasEndpoints: true, from: 0 };

/** A node that gives its counts to `b`, which has not taken its first batch yet. */
function giver(): OneNode {
  const node = new OneNode();
  node.tell({ type: "reporter-named", node: "b" });
  node.answer({ page: { ...PAGE, id: "00000000000000a1", total: 2, names: ["c"] } });
  node.answer({ page: { ...PAGE, id: "00000000000000a1", from: 1, total: 2, names: ["d"] } });
  node.tell({ type: "timer-fired", timer: "hand" });
  return node;
}

/** A batch of another node. */
function requestOf(sequence: number, more: Partial<LoadRequest> = {}): LoadRequest {
  const clusters = [cluster("c", [locality("z", [endpoint(81, [2, 0, 2, 1])])])];
  const batch = { sequence, isFirst: true, clusters };
  const floor = sequence;
  return { node: "b", instance: OTHER, floor, batch, mayRepeat: false, knows: "", gathers: "", from: 0, ...more };
}

/** A node that reports. */
function leader(): OneNode {
  const node = new OneNode();
  node.tell({ type: "reporter-named", node: "a" }, SUBSCRIBED);
  node.did();
  return node;
}

function replies(node: OneNode): LoadReply[] {
  return node.did().flatMap((effect) => (effect.type === "answer" ? [effect.reply] : []));
}

describe("a node that gives its counts away", () => {
  it("follows what the reporter was asked for, page by page", () => {
    const { state } = giver();
    assert.deepEqual(state.subscription?.clusters, ["c", "d"]);
  });

  it("takes no more counts before those it has are reported: a silent server costs no more than one report", () => {
    const node = giver();
    node.answer({ accepted: 1 });
    for (let second = 1; second <= 600; second++) {
      node.nowMs = second * 1_000;
      node.tell({ type: "timer-fired", timer: "hand" });
      node.answer({ accepted: 1 });
    }
    assert.equal(node.takes, 1);
    assert.equal(node.state.queue.length, 1);
    node.tell({ type: "noted", note: { instance: INSTANCE, settled: 1 } });
    node.nowMs += 1_000;
    node.tell({ type: "timer-fired", timer: "hand" });
    assert.equal(node.takes, 2);
  });

  it("gives the same batch to the next reporter, and says that it may be a repeat", () => {
    const node = giver();
    const { request } = node.asked();
    assert.deepEqual([request.batch?.sequence, request.mayRepeat], [1, false]);
    node.tell({ type: "reporter-named", node: "x" });
    const { ask } = node.asked();
    const reply = { node: "x", instance: "3".repeat(32), isReporter: true, accepted: 0, settled: 0, page: null };
    node.tell({ type: "answered", ask, reply });
    const again = node.asked().request;
    assert.deepEqual([again.batch, again.mayRepeat], [request.batch, true]);
  });

  it("forgets nothing at the word of one who is no reporter, nor of a number that it never gave", () => {
    const node = giver();
    node.answer({ isReporter: false, accepted: 9, settled: 9 });
    node.tell({ type: "noted", note: { instance: INSTANCE, settled: 9 } });
    node.tell({ type: "noted", note: { instance: OTHER, settled: 1 } });
    assert.equal(node.state.queue.length, 1);
  });

  it("gives its last counts away before it ends", () => {
    const node = giver();
    node.answer({ accepted: 1 });
    node.tell({ type: "stop" });
    assert.equal(node.takes, 2);
    node.answer({ accepted: 2, settled: 2 });
    assert.deepEqual(node.did().at(-1), { type: "stopped", left: 0 });
  });

  it("ends when its time is over, and says how much nobody has", () => {
    const node = giver();
    node.tell({ type: "stop" }, { type: "timer-fired", timer: "stop" });
    assert.deepEqual(node.did().at(-1), { type: "stopped", left: 2 });
  });
});

describe("the reporter", () => {
  it("adds the batches of nodes to its own, and tells them when they are in the server's hands", () => {
    const node = leader();
    node.tell({ type: "asked", ask: 1, request: requestOf(1) }, { type: "report-due" });
    const [report] = node.did().flatMap((effect) => (effect.type === "report" ? [effect.report] : []));
    assert.deepEqual(report?.clusters, [
      cluster("c", [locality("z", [endpoint(80, [1, 0, 1, 0]), endpoint(81, [2, 0, 2, 1])])]),
    ]);
    assert.deepEqual(report?.nodes.map(({ node: name, sequence }) => [name, sequence]).sort(), [
      ["a", 1],
      ["b", 1],
    ]);
    node.tell({ type: "report-settled" });
    assert.deepEqual(node.did(), [{ type: "note", to: "b", note: { instance: OTHER, settled: 1 } }]);
  });

  it("takes a batch once, and none before the one before it", () => {
    const node = leader();
    for (const [ask, sequence] of [1, 1, 3].entries()) {
      node.tell({ type: "asked", ask, request: requestOf(sequence, { floor: 1 }) });
    }
    assert.deepEqual(
      replies(node).map(({ accepted }) => accepted),
      [1, 1, 1],
    );
  });

  it("reports again what did not go", () => {
    const node = leader();
    node.tell({ type: "asked", ask: 1, request: requestOf(1) });
    node.tell({ type: "report-due" }, { type: "report-returned" });
    node.did();
    node.tell({ type: "report-due" });
    const [report] = node.did().flatMap((effect) => (effect.type === "report" ? [effect.report] : []));
    assert.equal(report?.nodes.length, 2);
  });

  it("holds no more than it may: what is too much stays with its nodes", () => {
    const node = leader();
    for (let sequence = 1; sequence <= 300; sequence++) {
      node.tell({ type: "asked", ask: sequence, request: requestOf(sequence, { floor: 1 }) });
    }
    assert.equal(replies(node).at(-1)?.accepted, 128);
  });

  it("sends no more at once than a gRPC server takes, and the rest with the next report", () => {
    const node = leader();
    const endpoints = Array.from({ length: 600 }, (_, port) => endpoint(port, [2 ** 30, 1, 2 ** 30, 1]));
    for (let sequence = 1; sequence <= 100; sequence++) {
      const batch = { sequence, isFirst: sequence === 1, clusters: [cluster("c", [locality("z", endpoints)])] };
      node.tell({ type: "asked", ask: sequence, request: requestOf(sequence, { floor: 1, batch }) });
    }
    const sizes: number[] = [];
    for (let i = 0; i < 4; i++) {
      node.did();
      node.tell({ type: "report-due" });
      const [report] = node.did().flatMap((effect) => (effect.type === "report" ? [effect.report] : []));
      assert.ok(report !== undefined);
      const clusters = report.clusters.map((load) => ({ load, intervalMs: 1_000 }));
      const reporter = { node: NODE, version: "1.0.0", instance: INSTANCE };
      const bytes = writeReport(reporter, { sequence: 1, clusters, shares: report.nodes });
      assert.ok(bytes.length < 4 * 1_024 * 1_024, `${bytes.length} bytes`);
      sizes.push(report.nodes.filter(({ node: name }) => name === "b").length);
      node.tell({ type: "report-settled" });
    }
    assert.ok((sizes[0] ?? 0) > 30, `${sizes}`);
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      100,
    );
  });

  it("leaves out what the server does not ask for any more", () => {
    const node = leader();
    node.tell(
      { type: "asked", ask: 1, request: requestOf(1) },
      { ...SUBSCRIBED, clusters: ["d"] },
      { type: "report-due" },
    );
    const [report] = node.did().flatMap((effect) => (effect.type === "report" ? [effect.report] : []));
    assert.deepEqual(report, { clusters: [], nodes: [], mayRepeat: false });
  });

  it("waits after it stood still, until its nodes have said what is reported meanwhile", () => {
    const node = leader();
    node.tell({ type: "asked", ask: 1, request: requestOf(1) });
    node.nowMs = 10_000;
    node.tell({ type: "report-due" });
    assert.deepEqual(node.did().at(-1)?.type, "answer");
    node.tell({ type: "asked", ask: 2, request: requestOf(3, { floor: 2, batch: null }) });
    node.nowMs = 11_600;
    node.tell({ type: "report-due" });
    const [report] = node.did().flatMap((effect) => (effect.type === "report" ? [effect.report] : []));
    assert.deepEqual(
      report?.nodes.map(({ node: name }) => name),
      ["a"],
    );
  });

  it("gives what it holds to the next one, in the names of its nodes", () => {
    const node = leader();
    node.tell({ type: "asked", ask: 1, request: requestOf(4) }, { type: "reporter-named", node: "x" });
    const relayed = node.did().flatMap((effect) => (effect.type === "ask-reporter" ? [effect.request] : []));
    assert.deepEqual(
      relayed.map(({ node: name, floor, batch, mayRepeat }) => [name, floor, batch?.sequence, mayRepeat]),
      [
        ["a", 1, undefined, false],
        ["b", 4, 4, true],
      ],
    );
  });
});
