import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { fail, pass, type Standing } from "../../../src/control/health/standing.ts";

const UNHEARD: Standing = { isFailed: true, isHeard: false, passes: 0, failures: 0 };
const FAILED: Standing = { ...UNHEARD, isHeard: true };
const HEALTHY: Standing = { isFailed: false, isHeard: true, passes: 0, failures: 0 };

/** p: a pass; c: a failure that counts; r: a refusal. Under 2 passes and 3 failures; one letter of the answer for each. */
const ROWS: readonly { title: string; from: Standing; outcomes: string; transitions: string; endsFailed: boolean }[] = [
  { title: "the first pass makes healthy at once", from: UNHEARD, outcomes: "p", transitions: "C", endsFailed: false },
  {
    title: "after a first failure two passes are needed",
    from: UNHEARD,
    outcomes: "cpp",
    transitions: "upC",
    endsFailed: false,
  },
  { title: "a first refusal leaves it failed", from: UNHEARD, outcomes: "r", transitions: "u", endsFailed: true },
  { title: "two passes in a row heal", from: FAILED, outcomes: "pp", transitions: "pC", endsFailed: false },
  {
    title: "a failure between passes begins the count anew",
    from: FAILED,
    outcomes: "pcpp",
    transitions: "pupC",
    endsFailed: false,
  },
  {
    title: "a refusal between passes does so too",
    from: FAILED,
    outcomes: "prp",
    transitions: "pup",
    endsFailed: true,
  },
  {
    title: "passes of a healthy one change nothing",
    from: HEALTHY,
    outcomes: "pp",
    transitions: "uu",
    endsFailed: false,
  },
  { title: "a refusal fails at once", from: HEALTHY, outcomes: "r", transitions: "C", endsFailed: true },
  {
    title: "the third counted failure in a row fails",
    from: HEALTHY,
    outcomes: "ccc",
    transitions: "ppC",
    endsFailed: true,
  },
  {
    title: "a pass between failures begins the count anew",
    from: HEALTHY,
    outcomes: "ccpcc",
    transitions: "ppupp",
    endsFailed: false,
  },
  {
    title: "a refusal does not wait for the count",
    from: HEALTHY,
    outcomes: "cr",
    transitions: "pC",
    endsFailed: true,
  },
  {
    title: "failures of a failed one change nothing",
    from: FAILED,
    outcomes: "ccr",
    transitions: "uuu",
    endsFailed: true,
  },
];

describe("the standing of an endpoint with a check", () => {
  for (const { title, from, outcomes, transitions, endsFailed } of ROWS) {
    it(title, () => {
      const standing = { ...from };
      const made = [...outcomes].map((letter) => LETTERS[step(standing, letter, 2, 3)]).join("");
      assert.equal(made, transitions);
      assert.equal(standing.isFailed, endsFailed);
    });
  }

  it("follows its thresholds whatever comes", () => {
    const outcomes = fc.array(fc.constantFrom("p", "p", "c", "r"), { maxLength: 40 });
    const threshold = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(outcomes, threshold, threshold, (letters, passes, failures) => {
        const standing = { ...UNHEARD };
        for (const [index, letter] of letters.entries()) {
          const before = standing.isFailed;
          const transition = step(standing, letter, passes, failures);
          const isLast = (count: number, kinds: string): boolean =>
            index + 1 >= count && letters.slice(index + 1 - count, index + 1).every((one) => kinds.includes(one));
          assert.equal(transition === "changed", before !== standing.isFailed);
          assert.ok(!(isLast(passes, "p") && standing.isFailed), "enough passes in a row");
          assert.ok(!(isLast(failures, "cr") && !standing.isFailed), "enough failures in a row");
          assert.ok(!(letter === "r" && !standing.isFailed), "a refusal");
          assert.ok(!(before && !standing.isFailed && letter !== "p"), "healed by a failure");
          assert.ok(!(!before && standing.isFailed && letter === "p"), "failed by a pass");
        }
      }),
    );
  });
});

const LETTERS = { unchanged: "u", pending: "p", changed: "C" } as const;

function step(standing: Standing, letter: string, passes: number, failures: number): keyof typeof LETTERS {
  if (letter === "p") return pass(standing, passes);
  return fail(standing, failures, letter === "r" ? "refusal" : "counted");
}
