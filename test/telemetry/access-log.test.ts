import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { createAccessLogs, type LogFiles } from "../../src/telemetry/access-log.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Files whose writes end when the test says so. */
class SlowFiles implements LogFiles {
  readonly written: string[] = [];
  readonly ends: (() => void)[] = [];
  closed = 0;

  open(): number {
    return 5;
  }

  write(_: number, bytes: Buffer, done: (error: Error | null) => void): void {
    this.written.push(bytes.toString());
    this.ends.push(() => done(null));
  }

  writeSync(_: number, bytes: Buffer): void {
    this.written.push(bytes.toString());
  }

  close(): void {
    this.closed++;
  }
}

describe("access log files", () => {
  const log = { sink: "file", path: "a" } as const;

  it("get their lines together, ten seconds after the first", () => {
    const clock = new VirtualClock();
    const files = new SlowFiles();
    const sink = createAccessLogs(clock.wheel, 10_000, files).sink(log);
    sink.write("one\n");
    clock.advanceMs(9_900);
    sink.write("two\n");
    assert.deepEqual(files.written, []);
    clock.advanceMs(130);
    assert.deepEqual(files.written, ["one\ntwo\n"]);
  });

  it("get 64 KiB at once, and what comes during a write after it", () => {
    const clock = new VirtualClock();
    const files = new SlowFiles();
    const sink = createAccessLogs(clock.wheel, 10_000, files).sink(log);
    const line = `${"x".repeat(65_535)}\n`;
    sink.write(line);
    sink.write(line);
    assert.equal(files.written.length, 1);
    files.ends.shift()?.();
    assert.equal(files.written.length, 2);
  });

  it("are one for all logs of a path", () => {
    const logs = createAccessLogs(new VirtualClock().wheel, 10_000, new SlowFiles());
    assert.equal(logs.sink(log), logs.sink({ ...log }));
    assert.notEqual(logs.sink(log), logs.sink({ ...log, path: "b" }));
  });

  it("close only when the write under way has ended", () => {
    const clock = new VirtualClock();
    const files = new SlowFiles();
    const logs = createAccessLogs(clock.wheel, 10_000, files);
    logs.sink(log).write("one\n");
    clock.advanceMs(10_050);
    logs.close();
    assert.equal(files.closed, 0);
    files.ends.shift()?.();
    assert.equal(files.closed, 1);
  });

  describe("on disk", () => {
    let folder = "";
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "log-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("are let go and made anew when they were rotated", () => {
      const path = join(folder, "access.log");
      const logs = createAccessLogs(new VirtualClock().wheel);
      const sink = logs.sink({ sink: "file", path });
      sink.write("one\n");
      logs.flush();
      renameSync(path, `${path}.1`);
      sink.write("two\n");
      logs.reopen();
      sink.write("three\n");
      logs.close();
      assert.equal(readFileSync(`${path}.1`, "utf8"), "one\ntwo\n");
      assert.equal(readFileSync(path, "utf8"), "three\n");
    });

    it("that cannot be opened are named with the reason", () => {
      const path = join(folder, "missing", "access.log");
      const logs = createAccessLogs(new VirtualClock().wheel);
      assert.throws(() => logs.sink({ sink: "file", path }), /unable to open file '.*access\.log': ENOENT/);
      assert.equal(existsSync(path), false);
    });
  });
});
