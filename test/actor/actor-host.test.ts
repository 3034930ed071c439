import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ActorHost } from "../../src/actor/actor-host.ts";
import type { Behaviour, TimerEffect, TimerFired } from "../../src/actor/behaviour.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

type Order = { readonly type: "say"; readonly text: string } | { readonly type: "wait"; readonly ms: number };
type Said = { readonly type: "said"; readonly text: string };

/** Says what it is told, and `rung` when its timer fires; a text of `echo` makes it say more. */
const parrot: Behaviour<{ heard: number }, Order | TimerFired, Said | TimerEffect> = {
  name: "parrot",
  laneOf: (message) => (message.type === "timer-fired" ? "supervision" : "work"),
  step(state, message, nowMs) {
    state.heard++;
    switch (message.type) {
      case "say":
        return [{ type: "said", text: `${message.text}@${nowMs}` }];
      case "wait":
        return message.ms < 0
          ? [{ type: "disarm-timer", timer: "bell" }]
          : [{ type: "arm-timer", timer: "bell", delayMs: message.ms }];
      case "timer-fired":
        return [{ type: "said", text: `${message.timer} rung` }];
    }
  },
};

function start() {
  const clock = new VirtualClock();
  const said: string[] = [];
  const host: ActorHost<{ heard: number }, Order, Said> = new ActorHost(
    parrot,
    { heard: 0 },
    {
      clock,
      wheel: clock.wheel,
      perform: (effect) => {
        said.push(effect.text);
        if (effect.text.startsWith("echo")) host.tell({ type: "say", text: "again" });
      },
    },
  );
  return { clock, said, host };
}

describe("an actor's host", () => {
  it("steps with the clock's time and performs the effects", () => {
    const { clock, said, host } = start();
    clock.advanceMs(50);
    host.tell({ type: "say", text: "hello" });
    assert.deepEqual(said, ["hello@50"]);
  });

  it("lets a message told during a step wait for its turn", () => {
    const { said, host } = start();
    host.tell({ type: "say", text: "echo" });
    assert.deepEqual(said, ["echo@0", "again@0"]);
    assert.equal(host.state.heard, 2);
  });

  it("fires an armed timer once, at the time it was last armed for", () => {
    const { clock, said, host } = start();
    host.tell({ type: "wait", ms: 100 });
    host.tell({ type: "wait", ms: 300 });
    clock.advanceMs(250);
    assert.deepEqual(said, []);
    clock.advanceMs(1000);
    assert.deepEqual(said, ["bell rung"]);
  });

  it("does not fire a disarmed timer", () => {
    const { clock, said, host } = start();
    host.tell({ type: "wait", ms: 100 });
    host.tell({ type: "wait", ms: -1 });
    clock.advanceMs(1000);
    assert.deepEqual(said, []);
  });

  it("tells no time after it was stopped", () => {
    const { clock, said, host } = start();
    host.tell({ type: "wait", ms: 100 });
    host.stop();
    clock.advanceMs(1000);
    assert.deepEqual(said, []);
    assert.equal(clock.wheel.size, 0);
  });
});
