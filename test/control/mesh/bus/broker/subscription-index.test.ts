import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type Indexed, SubscriptionIndex } from "../../../../../src/control/mesh/bus/broker/subscription-index.ts";
import { subjectMatches } from "../../../../../src/control/mesh/bus/subject.ts";

const token = fc.constantFrom("a", "b", "c", "d");
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const pattern = fc
  .tuple(fc.array(fc.oneof(token, fc.constant("*")), { maxLength: 4 }), fc.boolean())
  .map(([tokens, isOpen]) => [...tokens, ...(isOpen || tokens.length === 0 ? [">"] : [])].join("."));
const subscription = fc.record({ subject: pattern, queue: fc.constantFrom("", "", "g", "h") });

describe("the broker's index", () => {
  it("finds those that the rule of subjects says, whatever came and went", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), subscription }),
      fc.record({ kind: fc.constant("remove" as const), at: fc.nat(30) }),
      fc.record({ kind: fc.constant("ask" as const), subject }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const index = new SubscriptionIndex<Indexed>();
        const model: Indexed[] = [];
        const perform = {
          add: ({ subscription: one }: { subscription: Indexed }) => {
            model.push(one);
            index.add(one);
          },
          remove: ({ at }: { at: number }) => {
            for (const one of model.splice(at % Math.max(1, model.length), 1)) index.remove(one);
          },
          ask: ({ subject: asked }: { subject: string }) =>
            assert.deepEqual(found(index, asked), expected(model, asked)),
        };
        for (const one of steps) perform[one.kind](one as never);
        for (const one of model) index.remove(one);
        assert.ok(index.isEmpty);
      }),
      { numRuns: 500 },
    );
  });

  it("takes a wildcard in a message's subject for itself", () => {
    const index = new SubscriptionIndex<Indexed>();
    for (const one of ["a.b", "a.*", "a.>"]) index.add({ subject: one, queue: "" });
    assert.deepEqual(
      ["a.*", "a.>", "a", "", "a..b"].map((asked) => index.match(asked).plain.map((one) => one.subject)),
      [["a.>", "a.*"], ["a.>", "a.*"], [], [], ["a.>"]],
    );
  });

  it("remembers a limited number of answers", () => {
    const index = new SubscriptionIndex<Indexed>();
    index.add({ subject: ">", queue: "" });
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 100_000; i++) index.match(`${i}.${"x".repeat(1_000)}`);
    assert.ok(process.memoryUsage().heapUsed - before < 100_000_000);
  });
});

function found(index: SubscriptionIndex<Indexed>, asked: string): unknown {
  const { plain, groups } = index.match(asked);
  return [names(plain), groups.map((group) => [group[0]?.queue, names(group)]).sort()];
}

function expected(model: readonly Indexed[], asked: string): unknown {
  const concerned = model.filter((one) => subjectMatches(one.subject, asked));
  const queues = [...new Set(concerned.map(({ queue }) => queue))].filter((queue) => queue !== "");
  const of = (queue: string): string[] => names(concerned.filter((one) => one.queue === queue));
  return [of(""), queues.map((queue) => [queue, of(queue)]).sort()];
}

const names = (subscriptions: readonly Indexed[]): string[] => subscriptions.map((one) => one.subject).sort();
