import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { sourceFiles, sourceText } from "../support/source-files.ts";

/** The longest file there is today; this number may only fall. */
const LINES_MAX_TODAY = 400;
/** Files over the aim of 300 lines today; this number may only fall. */
const OVER_AIM_TODAY = 10;

const files = sourceFiles("src", "workers", "compose", "test", "benchmarks");
const lines = (file: string): number => sourceText(file).split("\n").length - 1;

describe("file sizes", () => {
  it("never pass the cap", () => {
    assert.deepEqual(
      files.filter((file) => lines(file) > LINES_MAX_TODAY).map((file) => `${file}: ${lines(file)}`),
      [],
    );
  });

  it("pass the aim of 300 lines no more often than today", () => {
    const over = files.filter((file) => lines(file) > 300).map((file) => `${file}: ${lines(file)}`);
    assert.ok(over.length <= OVER_AIM_TODAY, `${over.length} files over 300 lines:\n${over.join("\n")}`);
  });

  it("leave lines within reach of one screen (165 characters), texts that cannot be broken aside", () => {
    const wide = files.flatMap((file) =>
      sourceText(file)
        .split("\n")
        .flatMap((line, index) => (line.length > 165 && !UNBREAKABLE.test(line) ? [`${file}:${index + 1}`] : [])),
    );
    assert.deepEqual(wide, []);
  });

  it("start every file of the house with a comment that says what it owns", () => {
    const bare = sourceFiles("src", "workers", "compose").filter(
      (file) => !/^(#!.*\n)?(\/\/|\/\*\*)/.test(sourceText(file)),
    );
    assert.deepEqual(bare, []);
  });
});

/** A literal too long to share a line with anything, or a regex. */
const UNBREAKABLE = /"[^"]{60,}"|'[^']{60,}'|`[^`]{60,}`|`.{40,}|\/.{60,}\/|"[^"]{20,}".*"[^"]{20,}"/;
