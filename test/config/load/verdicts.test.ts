// Our verdict on each case of test/golden/verdicts. The full test asks Envoy for its own.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { formatDiagnostic } from "../../../src/config/load/format-diagnostic.ts";
import { loadConfigText } from "../../../src/config/load/load-config.ts";
import { verdictCases, verdictFiles } from "./verdict-cases.ts";

for (const file of verdictFiles) {
  describe(`our verdict on a ${file}`, () => {
    for (const { verdict, title, text } of verdictCases(file)) {
      const accepted = verdict === "accept" || verdict === "kinder";
      it(`is to ${accepted ? "accept" : "refuse"} ${title}`, () => {
        const { message, errors } = loadConfigText(text, { file: "f" });
        assert.equal(message !== null, accepted, errors.map(formatDiagnostic).join("\n"));
      });
    }
  });
}
