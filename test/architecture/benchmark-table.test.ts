// The figures of the README and of docs/performance.md are those of the newest saved run, and nobody's memory of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { newestRun, readmeWithTable } from "../../benchmarks/hop/readme.ts";
import { median } from "../../benchmarks/hop/report.ts";
import { pageWithMeshTable } from "../../benchmarks/mesh/readme.ts";

describe("the performance table", () => {
  it("stands in the README as the newest saved run gives it", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
    assert.equal(readme, readmeWithTable(readme), "node benchmarks/hop/readme.ts writes it anew");
  });

  it("of health checks stands in docs/performance.md", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/performance.md"), "utf8");
    assert.equal(page, pageWithMeshTable(page), "node benchmarks/mesh/readme.ts writes it anew");
  });

  it("has the memory that docs/comparison.md tells of each", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/comparison.md"), "utf8");
    const cells = /^\| Resident memory.*$/m.exec(page)?.[0].split(" | ").slice(1, 5);
    const samples = newestRun()?.results.find(({ row }) => row.name === "h1")?.samples ?? [];
    const megabytes = ["starling", "envoy", "nginx", "haproxy"].map((peer) =>
      Math.round(median(samples.filter((one) => one.peer === peer).map(({ rssBytes }) => rssBytes)) / 2 ** 20),
    );
    assert.deepEqual(
      cells?.map((cell) => cell.replace(/ \(.*/, "")),
      megabytes.map((number) => `${number} MiB`),
    );
  });

  it("has figures", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
    assert.match(readme, /\| HTTP\/1\.1 → HTTP\/1\.1, 64 connections \| \d+\.\d µs/);
  });
});
