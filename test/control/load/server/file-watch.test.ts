import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { watchFile } from "../../../../src/control/load/server/file-watch.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

let folder: string;
let path: string;
let clock: VirtualClock;
let changes: number;
let stop: () => void;

describe("the watch of a file", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "starling-watch-"));
    path = join(folder, "lrs.yaml");
    writeFileSync(path, "a: 1");
    clock = new VirtualClock();
    changes = 0;
    stop = watchFile(path, clock.wheel, () => changes++);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Changes that it has seen when it has looked again. */
  function seen(): number {
    clock.advanceMs(1_100);
    return changes;
  }

  it("says nothing of a file that stays as it is, and once that it changed or was replaced", () => {
    assert.equal(seen(), 0);
    writeFileSync(path, "a: 22");
    assert.deepEqual([seen(), seen()], [1, 1]);
    writeFileSync(`${path}.new`, "a: 33");
    renameSync(`${path}.new`, path);
    assert.deepEqual([seen(), seen()], [2, 2]);
  });

  it("waits for the text when it finds the file gone, or emptied to be written anew", () => {
    rmSync(path);
    assert.equal(seen(), 0);
    writeFileSync(path, "");
    assert.equal(seen(), 0);
    writeFileSync(path, "a: 22");
    assert.equal(seen(), 1);
  });

  it("looks no more when it is told to stop", () => {
    stop();
    writeFileSync(path, "a: 22");
    assert.equal(seen(), 0);
  });
});
