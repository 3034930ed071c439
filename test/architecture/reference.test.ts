// The pages of docs/reference are what the program's own tables say.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { referencePages } from "../support/reference-pages.ts";

const folder = join(import.meta.dirname, "../../docs/reference");

describe("the reference", () => {
  for (const [file, text] of referencePages()) {
    it(`stands in docs/reference/${file} as the program has it`, () => {
      if (process.env["UPDATE_REFERENCE"] === "1") writeFileSync(join(folder, file), text);
      assert.equal(readFileSync(join(folder, file), "utf8"), text, "UPDATE_REFERENCE=1 writes it anew");
    });
  }
});
