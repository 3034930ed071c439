import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { HandshakeBudget } from "../../../../src/control/health/prober/handshake-budget.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

describe("the budget of handshakes", () => {
  let clock: VirtualClock;
  let budget: HandshakeBudget;
  let turns: number[];

  beforeEach(() => {
    clock = new VirtualClock();
    budget = new HandshakeBudget({ clock, wheel: clock.wheel }, 100);
    turns = [];
  });

  const takers = (count: number): { onHandshakeTurn(): void }[] =>
    Array.from({ length: count }, (_, i) => ({ onHandshakeTurn: () => turns.push(i) }));

  it("gives the first ones their turn at once, and the others theirs in order, so many a second", () => {
    for (const taker of takers(1_000)) budget.ask(taker);
    assert.equal(turns.length, 10);
    clock.advanceMs(1_000);
    assert.ok(Math.abs(turns.length - 110) <= 3, `${turns.length} turns`);
    clock.advanceMs(4_000);
    assert.ok(Math.abs(turns.length - 510) <= 5, `${turns.length} turns`);
    assert.deepEqual(
      turns,
      turns.map((_, i) => i),
    );
  });

  it("saves no more than a tenth of a second's worth", () => {
    clock.advanceMs(60_000);
    for (const taker of takers(100)) budget.ask(taker);
    assert.equal(turns.length, 10);
  });

  it("passes over who left, and holds no timer for nobody", () => {
    const asking = takers(30);
    for (const taker of asking) budget.ask(taker);
    for (const taker of asking.slice(10, 29)) budget.leave(taker);
    clock.advanceMs(30);
    assert.deepEqual(turns.slice(10), [29]);
    for (const taker of takers(30)) budget.ask(taker);
    for (const taker of asking) budget.leave(taker);
    clock.advanceMs(1_000);
    assert.equal(clock.wheel.size, 0);
  });
});
