// Every file under test/golden/envoy loads; every file under test/golden/diagnostics says exactly what stands beside it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { formatDiagnostic } from "../../../src/config/load/format-diagnostic.ts";
import { loadConfigText } from "../../../src/config/load/load-config.ts";

const golden = join(import.meta.dirname, "../../golden");

describe("golden configuration files", () => {
  for (const name of readdirSync(join(golden, "envoy"))) {
    it(`${name} loads without an error`, () => {
      const text = readFileSync(join(golden, "envoy", name), "utf8");
      const loaded = loadConfigText(text, { file: name });
      assert.deepEqual(loaded.errors.map(formatDiagnostic), []);
      assert.equal(loaded.message?.type, "envoy.config.bootstrap.v3.Bootstrap");
    });
  }
});

describe("golden diagnostics", () => {
  for (const name of readdirSync(join(golden, "diagnostics")).filter((one) => /\.(yaml|json)$/.test(one))) {
    it(`${name} gives the diagnostics that stand beside it`, () => {
      const text = readFileSync(join(golden, "diagnostics", name), "utf8");
      const beside = join(golden, "diagnostics", name.replace(/\.(yaml|json)$/, ".txt"));
      const loaded = loadConfigText(text, { file: name, format: name.endsWith(".json") ? "json" : "yaml" });
      const said = [
        ...loaded.errors.map((one) => `error ${formatDiagnostic(one)}\n`),
        ...loaded.warnings.map((one) => `warning ${formatDiagnostic(one)}\n`),
      ].join("");
      // UPDATE_GOLDEN=1 writes what is said now, to be read before it is committed.
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(beside, said);
      assert.equal(said, readFileSync(beside, "utf8"));
    });
  }
});
