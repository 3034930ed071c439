import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type AccessLogs, createAccessLogs, type LogAccount, logAccount } from "../../src/telemetry/access-log.ts";
import { FILESYSTEM } from "../../src/telemetry/filesystem-stats.ts";
import type { LogFiles } from "../../src/telemetry/log-files.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Files whose writes end when the test says so. */
class SlowFiles implements LogFiles {
  readonly written: string[] = [];
  readonly ends: (() => void)[] = [];
  closed = 0;
  /** What writes end with; null: they work. */
  refusal: Error | null = null;

  open(): number {
    return 5;
  }

  write(_: number, bytes: Buffer, done: (error: Error | null) => void): void {
    this.written.push(bytes.toString());
    this.ends.push(() => done(this.refusal));
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

  describe("whose file takes nothing", () => {
    let folder = "";
    let clock = new VirtualClock();
    let troubles: string[] = [];
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "log-"));
      clock = new VirtualClock();
      troubles = [];
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    /** Logs of the machine's files, or of these, counted. */
    function countedLogs(files?: LogFiles): { logs: AccessLogs; stats: Float64Array; account: LogAccount } {
      const stats = new StatsWriter(() => {});
      const account = logAccount(stats, (text) => troubles.push(text));
      return { logs: createAccessLogs(clock.wheel, 10_000, files, account), stats: account.stats, account };
    }

    it("never wait for the reader of a named pipe, lose what does not fit and say so once", () => {
      const path = join(folder, "pipe");
      execFileSync("mkfifo", [path]);
      const { logs, stats, account } = countedLogs();
      const sink = logs.sink({ sink: "file", path });
      const line = `${"x".repeat(999)}\n`;
      for (let i = 0; i < 10_000; i++) sink.write(line);
      clock.advanceMs(60_000);
      const lost = account.dropped.values[account.dropped.at] as number;
      assert.ok(lost > 1_000 && lost < 2_000, String(lost));
      assert.deepEqual(troubles, [`log file '${path}': lines are lost: it takes nothing`]);
      assert.equal(stats[FILESYSTEM.at.write_buffered], 10_000 - lost);
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const read = drain(fd, () => clock.advanceMs(100));
      closeSync(fd);
      assert.equal(read, line.repeat(10_000 - lost));
      assert.equal(stats[FILESYSTEM.at.write_total_buffered], 0);
      assert.deepEqual(troubles.slice(1), [`log file '${path}' takes lines again; ${lost} were lost`]);
      logs.close();
    });

    it("end although nobody reads the pipe", () => {
      const path = join(folder, "pipe");
      execFileSync("mkfifo", [path]);
      const { logs, stats } = countedLogs();
      logs.sink({ sink: "file", path }).write("x".repeat(200_000));
      logs.close();
      assert.equal(stats[FILESYSTEM.at.write_failed], 1);
    });

    it("are kept for a slow reader of a pipe when the pipe is opened again", () => {
      const path = join(folder, "pipe");
      execFileSync("mkfifo", [path]);
      const { logs, stats, account } = countedLogs();
      const sink = logs.sink({ sink: "file", path });
      const line = `${"x".repeat(999)}\n`;
      for (let i = 0; i < 200; i++) sink.write(line);
      logs.reopen();
      logs.reopen();
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const read = drain(fd, () => clock.advanceMs(10_050));
      closeSync(fd);
      assert.ok(read === line.repeat(200), `${read.length} bytes`);
      assert.equal(stats[FILESYSTEM.at.write_total_buffered], 0);
      assert.equal(account.dropped.values[account.dropped.at], 0);
      logs.close();
    });

    it("lose the lines that the disk refuses, count them and go on", () => {
      const files = new SlowFiles();
      const { logs, stats, account } = countedLogs(files);
      const sink = logs.sink(log);
      files.refusal = Object.assign(new Error("full"), { code: "ENOSPC", syscall: "write", errno: -28 });
      sink.write("one\n");
      sink.write("two\n");
      clock.advanceMs(10_050);
      files.ends.shift()?.();
      assert.deepEqual(troubles, ["log file 'a': lines are lost: No space left on device"]);
      assert.equal(account.dropped.values[account.dropped.at], 2);
      files.refusal = null;
      sink.write("three\n");
      clock.advanceMs(10_050);
      files.ends.shift()?.();
      assert.deepEqual(troubles.slice(1), ["log file 'a' takes lines again; 2 were lost"]);
      const { flushed_by_timer, write_buffered, write_completed, write_failed } = FILESYSTEM.at;
      const counted = [flushed_by_timer, write_buffered, write_completed, write_failed].map((at) => stats[at]);
      assert.deepEqual(counted, [2, 3, 1, 1]);
    });

    it("go on with the old file when it cannot be opened again", () => {
      const path = join(folder, "logs", "access.log");
      mkdirSync(join(folder, "logs"));
      const { logs, stats } = countedLogs();
      const sink = logs.sink({ sink: "file", path });
      sink.write("one\n");
      renameSync(join(folder, "logs"), join(folder, "moved"));
      logs.reopen();
      sink.write("two\n");
      logs.close();
      assert.equal(stats[FILESYSTEM.at.reopen_failed], 1);
      assert.match(troubles[0] ?? "", /^unable to open file '.*access.log': ENOENT.*; lines go where they went$/);
      assert.equal(readFileSync(join(folder, "moved", "access.log"), "utf8"), "one\ntwo\n");
    });
  });
});

/** All that a pipe gives; `more` makes its writer try again. */
function drain(fd: number, more: () => void): string {
  let text = "";
  const buffer = Buffer.alloc(1 << 20);
  for (let empty = 0; empty < 3; ) {
    const size = readSome(fd, buffer);
    text += buffer.toString("latin1", 0, size);
    empty = size === 0 ? empty + 1 : 0;
    more();
  }
  return text;
}

function readSome(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer);
  } catch {
    return 0; // nothing is in it
  }
}
