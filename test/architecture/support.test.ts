// The support table is what the code does, and what is acted on may only grow.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "mocha";
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

  it("has tried every field of the messages it lists", () => {
    const untried = [...probe.fields].flatMap(([type, fields]) =>
      [...fields].filter(([, places]) => [...places.values()].includes("unprobed")).map(([name]) => `${type}.${name}`),
    );
    assert.deepEqual(untried, []);
  });
});
