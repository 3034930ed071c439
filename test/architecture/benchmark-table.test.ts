// The README's figures are those of the newest saved run, and nobody's memory of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { readmeWithTable } from "../../benchmarks/hop/readme.ts";
import { readmeWithMeshTable } from "../../benchmarks/mesh/readme.ts";

describe("the performance table", () => {
  it("stands in the README as the newest saved run gives it", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
    assert.equal(readme, readmeWithTable(readme), "node benchmarks/hop/readme.ts writes it anew");
  });

  it("of health checks does too", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
    assert.equal(readme, readmeWithMeshTable(readme), "node benchmarks/mesh/readme.ts writes it anew");
  });

  it("has figures", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
    assert.match(readme, /\| HTTP\/1\.1 → HTTP\/1\.1, 64 connections \| \d+\.\d µs/);
  });
});
