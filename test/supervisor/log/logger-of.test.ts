import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { LOG_LEVELS } from "../../../src/messages/log.ts";
import { ENVOY_FLAGS } from "../../../src/supervisor/command-line/flags.ts";
import { parseFlags } from "../../../src/supervisor/command-line/parse-flags.ts";
import { serveOptions } from "../../../src/supervisor/command-line/serve-options.ts";
import { loggerOf } from "../../../src/supervisor/log/logger-of.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

describe("the log that flags ask for", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "log-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What a file has after one line of each level. */
  function written(...args: readonly string[]): string {
    const path = join(folder, "log");
    const read = serveOptions(parseFlags(ENVOY_FLAGS, [...args, "-c", "x", "--log-path", path]), {});
    assert.ok(read.ok, JSON.stringify(read));
    const log = loggerOf(new VirtualClock(), read.options, { isTty: true, environment: {} });
    for (const level of LOG_LEVELS.slice(0, -1)) log.write({ level, component: "main", text: `is ${level}` });
    return readFileSync(path, "utf8");
  }

  it("has no colors in a file, whatever the terminal is", () => {
    assert.match(written("-l", "critical", "--log-format", "%^%l%$ %v"), /^critical is critical\n$/);
  });

  it("is an object a line by --log-format json", () => {
    const lines = written("-l", "error", "--log-format", "json").trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).message),
      ["is error", "is critical"],
    );
  });

  it("is as talkative as its component's level says", () => {
    const log = written("-l", "off", "--component-log-level", "main:warning", "--log-format", "%v");
    assert.equal(log, "is warning\nis error\nis critical\n");
  });
});
