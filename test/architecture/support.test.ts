// The support table is what the code does, and what is acted on may only grow.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "mocha";
import { configPages } from "../support/schema/config-pages.ts";
import { probeSupport, type SupportProbe } from "../support/schema/support-probe.ts";
import { actedOn, supportPage } from "../support/schema/support-table.ts";

const page = join(import.meta.dirname, "../../config/SUPPORT.md");
const ratchet = join(import.meta.dirname, "support-ratchet.json");

describe("the support table", () => {
  let probe: SupportProbe;

  before(function () {
    this.timeout(120_000); // thousands of files
    probe = probeSupport();
  });

  it("acts on every field that it acted on before", () => {
    const now = actedOn(probe);
    const kept = JSON.parse(readFileSync(ratchet, "utf8")) as Record<string, string[]>;
    const lost = Object.entries(kept).flatMap(([type, names]) =>
      names.filter((name) => now[type]?.includes(name) !== true).map((name) => `${type}.${name}`),
    );
    assert.deepEqual(lost, []);
    if (process.env["UPDATE_SUPPORT"] === "1") writeFileSync(ratchet, `${JSON.stringify(now, null, 2)}\n`);
    assert.deepEqual(JSON.parse(readFileSync(ratchet, "utf8")), now, "new fields: UPDATE_SUPPORT=1 writes them down");
  });

  it("stands in config/SUPPORT.md as the code has it", () => {
    const made = supportPage(probe);
    if (process.env["UPDATE_SUPPORT"] === "1") writeFileSync(page, made);
    assert.equal(readFileSync(page, "utf8"), made, "UPDATE_SUPPORT=1 writes it anew");
  });

  it("stands field by field in docs/reference/configuration as the code has it", () => {
    const folder = join(import.meta.dirname, "../../docs/reference/configuration");
    const made = configPages(probe);
    if (process.env["UPDATE_SUPPORT"] === "1") {
      mkdirSync(folder, { recursive: true });
      for (const [file, text] of made) writeFileSync(join(folder, file), text);
    }
    for (const [file, text] of made) {
      assert.equal(readFileSync(join(folder, file), "utf8"), text, `${file}: UPDATE_SUPPORT=1 writes it anew`);
    }
    assert.deepEqual(readdirSync(folder).sort(), [...made.keys()].sort());
  });

  it("has tried every field of the messages it lists", () => {
    const untried = [...probe.fields].flatMap(([type, fields]) =>
      [...fields].filter(([, places]) => [...places.values()].includes("unprobed")).map(([name]) => `${type}.${name}`),
    );
    assert.deepEqual(untried, []);
  });
});
