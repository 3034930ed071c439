// Every Markdown case of llhttp against our codec: what differs stands in the table, and nothing else does. Needs a clone of its repository.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { before, describe, it } from "mocha";
import { DIFFERENCES, LENIENT_MODES, LLHTTP_CASES } from "./differences.ts";
import { type MarkdownCase, ourVerdict, readCases, theirVerdict } from "./markdown.ts";

const MISSING = "LLHTTP_DIR names no clone of https://github.com/nodejs/llhttp";

describe("llhttp's Markdown cases", () => {
  let cases: MarkdownCase[] = [];

  before(function () {
    const folder = `${process.env["LLHTTP_DIR"] ?? ""}/test/`;
    if (existsSync(`${folder}url.md`)) {
      cases = readCases(folder);
      return;
    }
    console.log(`      skipped: ${MISSING}`);
    this.skip();
  });

  it("are all there", () => {
    assert.equal(cases.length, LLHTTP_CASES.all);
    assert.equal(cases.filter((one) => !one.type.includes("lenient")).length, LLHTTP_CASES.strict);
  });

  it("in strict mode agree, or stand in the table of differences", () => {
    const different = cases
      .filter((one) => !one.type.includes("lenient"))
      .filter((one) => JSON.stringify(theirVerdict(one)) !== JSON.stringify(ourVerdict(one)))
      .map((one) => one.name);
    assert.deepEqual([...new Set(different)].sort(), DIFFERENCES.flatMap((one) => one.cases).sort());
  });

  it("in lenient modes are named, and never refused by llhttp alone", () => {
    const lenient = cases.filter((one) => one.type.includes("lenient"));
    assert.deepEqual([...new Set(lenient.map((one) => one.type))].sort(), Object.keys(LENIENT_MODES).sort());
    const kinder = lenient.filter((one) => theirVerdict(one).refused && !ourVerdict(one).refused);
    assert.deepEqual(
      kinder.map((one) => one.name),
      [],
    );
  });
});
