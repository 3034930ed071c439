// Our verdict on each case of test/golden/compile-verdicts, and what we say. The full test asks Envoy for its own.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { verdictCases, verdictFrames } from "./verdict-cases.ts";

for (const frame of verdictFrames) {
  describe(`our plan of a ${frame}`, () => {
    for (const { verdict, title, words, text } of verdictCases(frame)) {
      const accepted = verdict === "accept" || verdict === "kinder";
      it(`is to ${accepted ? "take" : "refuse"} ${title}`, () => {
        const { plan, errors, warnings } = loadPlan({ file: "f", text });
        const said = (accepted ? warnings : errors).map(({ message }) => message);
        assert.equal(plan !== null, accepted, JSON.stringify(errors));
        assert.ok(words === "" || said.some((one) => one.includes(words)), `said: ${said.join("\n")}`);
        if (verdict === "stricter")
          assert.ok(
            said.some((one) => one.startsWith("not supported: ")),
            said.join("\n"),
          );
      });
    }
  });
}
