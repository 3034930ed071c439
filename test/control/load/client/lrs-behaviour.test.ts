import assert from "node:assert/strict";
import fc from "fast-check";
import { beforeEach, describe, it } from "mocha";
import { LrsWorld } from "./lrs-world.ts";

const RETRIES = "info Load reporter stats stream/connection will retry in 5000 ms.";

let world: LrsWorld;

describe("the client of a load-report server", () => {
  beforeEach(begin);

  it("names the node, and says nothing more until it is asked", () => {
    world.open();
    world.serve("a", 5);
    world.pass(60_000);
    assert.deepEqual(world.seen(), ["node"]);
    assert.deepEqual(world.counts, { responses: 1 });
  });

  it("reports what came since it was asked, every interval, whatever its length", () => {
    world.open();
    world.serve("a", 5);
    world.ask({ clusters: ["a"], intervalMs: 2_500 });
    world.serve("a", 2);
    world.pass(2_500);
    world.pass(2_500);
    assert.deepEqual(world.seen(), ["node", "a 2 in 2500", "a 0 in 2500"]);
    assert.deepEqual(world.counts, { requests: 1, responses: 3 });
  });

  it("numbers its reports, and the greeting not", () => {
    world.open({ ask: { clusters: ["a"] } });
    world.pass(2_000);
    assert.deepEqual(
      world.sent.map(({ sequence }) => sequence),
      [0, 1, 2],
    );
  });

  it("replaces the set: who stays counts on, who is new starts at zero, who is gone is forgotten, and time begins anew", () => {
    world.open({ ask: { clusters: ["a"] } });
    world.serve("a", 1);
    world.serve("b", 1);
    world.pass(700);
    world.ask({ clusters: ["b", "a", "nobody"] });
    world.serve("b", 2);
    world.pass(1_000);
    assert.deepEqual(world.seen(), ["node", "b 2 in 1000, a 1 in 1700"]);
    world.ask({ clusters: ["b"] });
    world.serve("a", 9);
    world.pass(500);
    world.ask({ clusters: ["a"] });
    world.pass(1_000);
    assert.deepEqual(world.seen(), ["a 0 in 1000"]);
  });

  it("reports every cluster when it is asked for all, and counts on when it is asked for some of them", () => {
    world.open({ ask: { sendAll: true } });
    world.serve("b", 1);
    world.pass(1_000);
    world.serve("a", 1);
    world.pass(500);
    world.ask({ clusters: ["a"] });
    world.pass(1_000);
    world.ask({ sendAll: true });
    world.pass(1_000);
    assert.deepEqual(world.seen(), ["node", "a 0 in 1000, b 1 in 1000", "a 1 in 1500", "a 0 in 1000, b 0 in 1000"]);
  });

  it("opens another stream 5 s after one ended, for ever, and then goes on as it was asked", () => {
    world.open({ acknowledges: false, ask: { clusters: ["a"] } });
    world.tell({ type: "stream-ended", status: 0, text: "" });
    for (let i = 0; i < 3; i++) {
      world.pass(4_900);
      assert.equal(world.streams, 1 + i);
      world.pass(100);
      world.tell({ type: "stream-ended", status: 14, text: "no" });
    }
    world.serve("a", 3);
    world.pass(5_000);
    world.open();
    world.pass(1_000);
    assert.deepEqual(world.seen(), ["node", "a 3 in 20000", "a 0 in 1000"]);
    const failure = "warning StreamLoadStats gRPC config stream closed: 14, no";
    assert.deepEqual(world.lines, [RETRIES, failure, RETRIES, failure, RETRIES, failure, RETRIES]);
    assert.deepEqual(world.counts, { requests: 1, responses: 3, errors: 3, retries: 4 });
  });

  it("counts a stream that broke after a report: nobody knows whether it was taken, and it is not sent again", () => {
    world.open({ acknowledges: false, ask: { clusters: ["a"] } });
    world.serve("a", 1);
    world.pass(1_000);
    world.tell({ type: "stream-ended", status: 14, text: "" });
    world.pass(5_000);
    world.open();
    assert.deepEqual(world.seen(), ["node", "a 1 in 1000", "a 0 in 5000"]);
    assert.equal(world.counts["uncertain"], 1);
  });

  it("puts a report off while the server takes nothing, and loses no count by it", () => {
    world.open({ acknowledges: false, ask: { clusters: ["a"] } });
    world.serve("a", 1);
    world.pass(1_000);
    world.tell({ type: "backed-up" });
    world.serve("a", 2);
    world.pass(3_000);
    world.tell({ type: "writable" });
    world.pass(1_000);
    assert.deepEqual(world.seen(), ["node", "a 1 in 1000", "a 2 in 4000"]);
    assert.equal(world.counts["postponed"], 3);
  });
});

describe("the client of a server that acknowledges", () => {
  beforeEach(begin);

  it("sends one report at a time, and takes an unchanged response for the word that it arrived", () => {
    const ask = { clusters: ["a"] };
    world.open({ acknowledges: true, ask });
    world.serve("a", 1);
    world.pass(1_900);
    assert.deepEqual(world.seen(), ["node", "a 1 in 1000"]);
    world.serve("a", 2);
    world.pass(200);
    assert.deepEqual(world.seen(), []);
    world.ask(ask);
    world.pass(900);
    assert.deepEqual(world.seen(), ["a 2 in 2000"]);
  });

  it("takes a changed response for that and for a new set", () => {
    world.open({ acknowledges: true, ask: { clusters: ["a"] } });
    world.pass(1_000);
    world.ask({ clusters: ["b"] });
    world.serve("b", 1);
    world.pass(1_000);
    assert.deepEqual(world.seen(), ["node", "a 0 in 1000", "b 1 in 1000"]);
  });

  it("is sent the same report again, under its number, when the stream broke before", () => {
    const ask = { clusters: ["a"] };
    world.open({ acknowledges: true, ask });
    world.serve("a", 1);
    world.pass(1_000);
    world.serve("a", 2);
    world.tell({ type: "stream-ended", status: 14, text: "" });
    world.pass(5_000);
    world.open({ acknowledges: true, ask });
    assert.deepEqual(
      world.sent.map(({ sequence }) => sequence),
      [0, 1, 1],
    );
    world.ask(ask);
    world.pass(1_000);
    assert.deepEqual(world.seen(), ["node", "a 1 in 1000", "a 1 in 1000", "a 2 in 6000"]);
    assert.equal(world.counts["uncertain"], undefined);
    assert.equal(world.counts["resent"], 1);
  });

  it("is not waited for when another kind of server is in its place", () => {
    world.open({ acknowledges: true, ask: { clusters: ["a"] } });
    world.tell({ type: "stream-ended", status: 0, text: "" });
    world.pass(5_000);
    world.open();
    world.serve("a", 4);
    world.pass(4_000);
    assert.deepEqual(world.seen(), ["node", "a 0 in 5000", "a 4 in 4000"]);
  });

  it("loses its stream when it does not acknowledge, and is sent the report again", () => {
    world.open({ acknowledges: true, ask: { clusters: ["a"] } });
    world.pass(40_000);
    assert.equal(world.streams, 2);
    world.open({ acknowledges: true });
    assert.deepEqual(
      world.sent.map(({ sequence }) => sequence),
      [0, 1, 1],
    );
  });

  it("counts every request exactly once, however streams break (it drops a number that it has)", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 20, maxLength: 80, size: "max" }), (steps) => countsOnce(steps)),
      { numRuns: 40 },
    );
  });
});

describe("a node that ends", () => {
  beforeEach(begin);

  it("reports what it has counted since the last report, and then has no more to say", () => {
    world.open({ acknowledges: true, ask: { clusters: ["a"] } });
    world.serve("a", 3);
    world.pass(300);
    world.tell({ type: "stop" });
    assert.deepEqual(world.seen(), ["node", "a 3 in 300"]);
    assert.equal(world.hasEndedRequests, true);
    world.tell({ type: "stream-ended", status: 0, text: "" });
    assert.equal(world.isFinished, true);
  });

  it("does not wait for a server that does not end the stream, nor for one that is not there", () => {
    world.open();
    world.tell({ type: "stop" });
    world.pass(110);
    assert.equal(world.isFinished, true);
    const other = new LrsWorld("a");
    other.tell({ type: "stop" });
    assert.equal(other.isFinished, true);
  });
});

function begin(): void {
  world = new LrsWorld("a", "b");
  world.tell({ type: "start" });
}

/** Plays an acknowledging server that counts each number once, loses messages and acknowledgements, and ends streams. */
function countsOnce(steps: readonly number[]): void {
  const one = new LrsWorld("a");
  const ask = { clusters: ["a"], intervalMs: 1_000 };
  const counted = new Map<number, number>();
  let served = 0;
  const sum = (): number => [...counted.values()].reduce((total, count) => total + count, 0);
  const serve = (): void => {
    one.serve("a", 1 + (served % 3));
    served += 1 + (served % 3);
  };
  const hear = (): void => {
    const reports = one.sent.splice(0).filter(({ sequence }) => sequence > 0);
    for (const { sequence, clusters } of reports) counted.set(sequence, issuedIn(clusters));
  };
  const acknowledge = (): void => {
    hear();
    one.ask(ask);
  };
  const breakOff = (): void => {
    one.sent.splice(0); // they were on their way
    one.tell({ type: "stream-ended", status: 14, text: "" });
    one.pass(5_000);
    one.open({ acknowledges: true, ask });
  };
  const breakAfterHearing = (): void => {
    hear(); // the acknowledgement is what is lost
    breakOff();
  };
  const acts = [serve, () => one.pass(1_000), acknowledge, breakOff, breakAfterHearing];
  one.tell({ type: "start" });
  one.open({ acknowledges: true, ask });
  for (const step of steps) {
    acts[step]?.();
    assert.ok(sum() <= served);
  }
  acknowledge();
  one.pass(1_000);
  acknowledge();
  assert.equal(sum(), served);
}

function issuedIn(clusters: LrsWorld["sent"][number]["clusters"]): number {
  return clusters.flatMap(({ load }) => load.localities).reduce((sum, { issued }) => sum + issued, 0);
}
