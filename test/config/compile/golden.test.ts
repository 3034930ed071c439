// Every file under test/golden/plan gives the plan, and says what, that stands beside it.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { formatDiagnostic } from "../../../src/config/load/format-diagnostic.ts";
import { planText } from "./plan-text.ts";

const FOLDER = join(import.meta.dirname, "../../golden/plan");

describe("golden plans", () => {
  for (const name of readdirSync(FOLDER).filter((one) => one.endsWith(".yaml"))) {
    it(`${name} gives what stands beside it`, () => {
      let uuids = 0;
      const { plan, errors, warnings } = loadPlan(
        { file: name, text: readFileSync(join(FOLDER, name), "utf8") },
        {
          compat: name.startsWith("compat-envoy") ? "envoy" : "starling",
          uuid: () => `uuid-${++uuids}`,
          environment: (variable) => (variable === "GREETING" ? "hello" : undefined),
          readFile: (path) => new Error(`no such file: ${path}`),
        },
      );
      const said = [
        ...errors.map((one) => `error ${formatDiagnostic(one)}\n`),
        ...warnings.filter(lasting).map((one) => `warning ${formatDiagnostic(one)}\n`),
      ].join("");
      compare(name.replace(".yaml", ".txt"), said);
      compare(name.replace(".yaml", ".plan.json"), plan === null ? "" : planText(plan));
    });
  }
});

/** What is pending is pending.test.ts's: here it would change with every reader that is written. */
function lasting({ message }: { readonly message: string }): boolean {
  return !message.endsWith(" is not acted on yet");
}

/** UPDATE_GOLDEN=1 writes what is there now, to be read before it is committed. An empty text has no file. */
function compare(file: string, text: string): void {
  const path = join(FOLDER, file);
  if (process.env["UPDATE_GOLDEN"] === "1" && text !== "") writeFileSync(path, text);
  assert.equal(text, existsSync(path) ? readFileSync(path, "utf8") : "");
}
