import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { Clock } from "../../../../src/base/clock.ts";
import { TimerWheel } from "../../../../src/base/timer-wheel.ts";
import { Turn } from "../../../../src/base/turn.ts";
import { Deadline, Deadlines } from "../../../../src/control/health/prober/deadlines.ts";

describe("a deadline", () => {
  let loop: Loop;
  let deadlines: Deadlines;
  let over: number[];
  let deadline: Deadline;

  beforeEach(() => {
    loop = new Loop();
    deadlines = new Deadlines(loop);
    over = [];
    deadline = new Deadline(deadlines, () => over.push(loop.nowMs()));
  });

  it("is over at its time on a thread that runs, after one more look at the sockets", () => {
    deadline.run(1_000);
    loop.runMs(1_030);
    assert.equal(over.length, 1);
    assert.ok((over[0] ?? 0) >= 1_000);
    assert.equal(deadlines.lostMs, 0);
  });

  it("lets an answer win that was in a socket when the time was over", () => {
    deadline.run(1_000);
    loop.onSockets = () => {
      if (loop.nowMs() >= 1_000) deadline.stop();
    };
    loop.runMs(2_000);
    assert.deepEqual(over, []);
  });

  it("is put off by the time for which its thread was stopped", () => {
    deadline.run(1_000);
    loop.runMs(400);
    loop.stallMs(2_000);
    loop.runMs(500);
    assert.deepEqual(over, []);
    loop.runMs(200);
    assert.equal(over.length, 1);
    assert.ok((over[0] ?? 0) >= 3_000);
  });

  it("is put off by every stop", () => {
    deadline.run(1_000);
    for (let i = 0; i < 10; i++) {
      loop.runMs(40);
      loop.stallMs(500);
    }
    assert.deepEqual(over, []);
    loop.runMs(700);
    assert.equal(over.length, 1);
  });

  it("is over some time on a thread that is starved for good", () => {
    deadline.run(1_000);
    for (let i = 0; i < 60; i++) {
      loop.runMs(10);
      loop.stallMs(90);
    }
    assert.deepEqual(over, []);
    for (let i = 0; i < 60; i++) {
      loop.runMs(10);
      loop.stallMs(90);
    }
    assert.equal(over.length, 1);
  });

  it("is not put off by a stop before it began, nor by the time in which no deadline ran", () => {
    deadline.run(100);
    loop.runMs(130);
    loop.stallMs(60_000);
    deadline.run(1_000);
    loop.runMs(1_030);
    assert.deepEqual([over.length, deadlines.lostMs], [2, 0]);
  });

  it("says how much was left", () => {
    deadline.run(1_000);
    loop.runMs(250);
    assert.equal(deadline.stop(), 750);
    deadline.run(1_000);
    loop.runMs(250);
    loop.stallMs(5_000);
    loop.wheel.advance();
    assert.ok(deadline.stop() > 700);
    assert.equal(deadline.stop(), 0);
  });

  it("counts from its last start", () => {
    deadline.run(1_000);
    loop.runMs(900);
    deadline.run(1_000);
    loop.runMs(900);
    assert.deepEqual(over, []);
    loop.runMs(130);
    assert.equal(over.length, 1);
  });

  it("leaves no timer behind", () => {
    deadline.run(1_000);
    loop.runMs(100);
    deadline.remove();
    assert.equal(loop.wheel.size, 0);
  });
});

/** An event loop in small: timers, then sockets, then the end of the turn, every ten milliseconds. */
class Loop implements Clock {
  readonly clock: Clock = this;
  readonly wheel: TimerWheel = new TimerWheel(this, 10);
  readonly turn: Turn = new Turn((run) => this.immediates.push(run));
  onSockets: () => void = () => {};
  private readonly immediates: (() => void)[] = [];
  private timeMs = 0;

  nowMs(): number {
    return this.timeMs;
  }

  wallMs(): number {
    return this.timeMs;
  }

  runMs(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.timeMs += 10;
      this.wheel.advance();
      this.onSockets();
      for (const run of this.immediates.splice(0)) run();
    }
  }

  /** The thread does not run. */
  stallMs(ms: number): void {
    this.timeMs += ms;
  }
}
