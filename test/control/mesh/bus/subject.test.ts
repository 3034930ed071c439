import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { isPublishSubject, isSubscribeSubject, subjectMatches } from "../../../../src/control/mesh/bus/subject.ts";

describe("a subject", () => {
  it("is published to without wildcards, and subscribed to with them as whole tokens", () => {
    const rows: readonly (readonly [subject: string, publish: boolean, subscribe: boolean])[] = [
      ["a", true, true],
      ["mesh.m.events.health.a-b_c", true, true],
      ["a*.>b", true, true],
      ["*", false, true],
      [">", false, true],
      ["a.*.b", false, true],
      ["a.>", false, true],
      ["a.>.b", false, false],
      ["", false, false],
      [".", false, false],
      ["a.", false, false],
      ["a..b", false, false],
      ["a b", false, false],
      ["a\tb", false, false],
      ["a\n", false, false],
      ["a\u007f", false, false],
      ["é", true, true],
      ["x".repeat(1_024), true, true],
      ["x".repeat(1_025), false, false],
      [Array.from({ length: 32 }, () => "x").join("."), true, true],
      [Array.from({ length: 33 }, () => "x").join("."), false, false],
    ];
    for (const [subject, publish, subscribe] of rows) {
      assert.deepEqual([isPublishSubject(subject), isSubscribeSubject(subject)], [publish, subscribe], subject);
    }
  });

  it("falls under a pattern token by token", () => {
    const rows: readonly (readonly [pattern: string, subject: string, matches: boolean])[] = [
      ["a.b", "a.b", true],
      ["a.b", "a.c", false],
      ["a", "a.b", false],
      ["a.b", "a", false],
      ["a.*", "a.b", true],
      ["a.*", "a", false],
      ["a.*", "a.b.c", false],
      ["*.b", "a.b", true],
      ["a.>", "a.b.c", true],
      ["a.>", "a", false],
      [">", "a", true],
    ];
    for (const [pattern, subject, matches] of rows)
      assert.equal(subjectMatches(pattern, subject), matches, `${pattern} ${subject}`);
  });
});
