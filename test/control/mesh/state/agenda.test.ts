import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Agenda, type Due, notDue } from "../../../../src/control/mesh/state/agenda.ts";

type Item = Due & { readonly name: number };

const item = (name: number): Item => ({ name, ...notDue() });

function takeAll(agenda: Agenda<Item>, nowMs: number): number[] {
  const names: number[] = [];
  for (let next = agenda.take(nowMs); next !== null; next = agenda.take(nowMs)) names.push(next.name);
  return names;
}

describe("the agenda", () => {
  it("gives what is due, in the order of its times, each once", () => {
    const agenda = new Agenda<Item>();
    for (const [name, dueMs] of [5, 3, 9, 1].entries()) agenda.put(item(name), dueMs);
    assert.equal(agenda.nextMs, 1);
    assert.deepEqual(takeAll(agenda, 5), [3, 1, 0]);
    assert.deepEqual(takeAll(agenda, 8), []);
    assert.deepEqual(takeAll(agenda, 9), [2]);
    assert.equal(agenda.nextMs, Number.POSITIVE_INFINITY);
  });

  it("keeps to the last time that was given, earlier or later", () => {
    const agenda = new Agenda<Item>();
    const [one, other] = [item(1), item(2)];
    agenda.put(one, 10);
    agenda.put(other, 10);
    agenda.put(one, 50);
    agenda.put(other, 5);
    assert.deepEqual(takeAll(agenda, 10), [2]);
    assert.deepEqual(takeAll(agenda, 49), []);
    assert.deepEqual(takeAll(agenda, 50), [1]);
  });

  it("forgets what is due no more", () => {
    const agenda = new Agenda<Item>();
    const one = item(1);
    agenda.put(one, 10);
    agenda.put(one, Number.POSITIVE_INFINITY);
    assert.deepEqual(takeAll(agenda, 1_000), []);
    agenda.put(one, 2_000);
    assert.deepEqual(takeAll(agenda, 2_000), [1]);
  });

  it("does so whatever is put when", () => {
    const moves = fc.array(fc.tuple(fc.nat(19), fc.nat(100)), { maxLength: 200 });
    fc.assert(
      fc.property(moves, fc.nat(100), (puts, nowMs) => {
        const agenda = new Agenda<Item>();
        const items = [...Array(20).keys()].map(item);
        for (const [name, dueMs] of puts) agenda.put(items[name] as Item, dueMs);
        const due = [...new Map(puts)].filter(([, dueMs]) => dueMs <= nowMs).map(([name]) => name);
        assert.deepEqual(takeAll(agenda, nowMs).sort(), due.sort());
      }),
    );
  });
});
