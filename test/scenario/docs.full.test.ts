// The commands of the documentation, typed as they stand: blocks that start something, and blocks that try it, with what they print.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { commandBlocks, docPages } from "../support/doc-pages.ts";
import { DocRun } from "../support/doc-run.ts";

let run: DocRun | undefined;

describe("the commands of the documentation", function () {
  this.timeout(280_000);

  afterEach(() => run?.close());

  for (const page of docPages()) {
    const blocks = commandBlocks(page).filter(({ kind }) => kind === "start" || kind === "try");
    if (blocks.length === 0) continue;
    it(`print what ${page} says`, async () => {
      run = new DocRun();
      for (const block of blocks) {
        if (block.kind === "start") await run.start(block);
        else {
          const { missing: line, out } = await run.types(block);
          assert.equal(line, null, `${page}:${block.line} printed\n${out}`);
        }
      }
    });
  }
});
