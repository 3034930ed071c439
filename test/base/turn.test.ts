import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Turn, type TurnTask } from "../../src/base/turn.ts";

describe("the turn list", () => {
  it("is deferred once a turn and runs every task in order", () => {
    const deferred: (() => void)[] = [];
    const turn = new Turn((run) => deferred.push(run));
    const ran: string[] = [];
    for (const name of ["a", "b", "c"]) turn.add(task(() => ran.push(name)));
    assert.equal(deferred.length, 1);
    deferred.pop()?.();
    assert.deepEqual(ran, ["a", "b", "c"]);
    assert.equal(deferred.length, 0);
  });

  it("leaves what a task adds to the next turn, also when it adds itself", () => {
    const deferred: (() => void)[] = [];
    const turn = new Turn((run) => deferred.push(run));
    let runs = 0;
    const again = task(() => {
      runs++;
      turn.add(again);
    });
    turn.add(again);
    for (let i = 1; i <= 3; i++) {
      deferred.shift()?.();
      assert.equal(runs, i);
      assert.equal(deferred.length, 1);
    }
  });

  it("runs by itself at the end of the turn", async () => {
    const turn = new Turn();
    const { promise, resolve } = Promise.withResolvers<void>();
    turn.add(task(resolve));
    await promise;
  });
});

function task(runTurn: () => void): TurnTask {
  return { runTurn };
}
