import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { EventFiles } from "../../../src/control/health/event-files.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

let folder: string;
let warnings: string[];
let files: EventFiles;

describe("event logs", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "events-"));
    warnings = [];
    files = new EventFiles(new VirtualClock().wheel, (text) => warnings.push(text));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it("append a line an event, whoever of the thread writes it", () => {
    const path = join(folder, "events");
    files.write(path, '{"a":1}');
    files.write(path, '{"b":2}');
    files.close();
    assert.equal(readFileSync(path, "utf8"), '{"a":1}\n{"b":2}\n');
  });

  it("let go of a rotated file", () => {
    const path = join(folder, "events");
    files.write(path, "old");
    renameSync(path, join(folder, "rotated"));
    files.reopen();
    files.write(path, "new");
    files.close();
    assert.deepEqual([readFileSync(join(folder, "rotated"), "utf8"), readFileSync(path, "utf8")], ["old\n", "new\n"]);
  });

  it("say once that a file cannot be opened, go on, and try it again when logs are opened again", () => {
    const path = join(folder, "missing", "events");
    for (const text of ["lost", "lost too"]) files.write(path, text);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /missing\/events.*no such file/i);
    mkdirSync(join(folder, "missing"));
    files.reopen();
    files.write(path, "found");
    files.close();
    assert.equal(readFileSync(path, "utf8"), "found\n");
  });
});
