// The file of --append: a line for each counted report, in the kernel's hands before its client hears that it is counted. A server that starts
// again goes on where the file ends. Called by the command line.
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { systemText } from "../../../base/system-text.ts";
import type { CountedReport } from "./lrs-events.ts";
import { readReportLine, reportLine } from "./report-json.ts";

/** An open file. */
export class AppendFile {
  readonly path: string;
  private descriptor: number;
  /** The last line has no end: a crash or a full disk cut it short. */
  private isTorn: boolean;

  /** Throws what the system says. */
  constructor(path: string) {
    this.path = path;
    this.descriptor = openSync(path, "a+");
    this.isTorn = endsTorn(this.descriptor);
  }

  /** Calls for every report in it; answers how many lines are none. */
  restore(visit: (report: CountedReport) => void): number {
    let unreadable = 0;
    for (const line of linesOf(this.descriptor)) {
      const report = readReportLine(line);
      if (report === null) unreadable++;
      else visit(report);
    }
    return unreadable;
  }

  /** Answers with what the system says when it could not. */
  append(time: string, report: CountedReport): string | null {
    const bytes = Buffer.from(`${this.isTorn ? "\n" : ""}${reportLine(time, report)}\n`);
    try {
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(this.descriptor, bytes, at);
        this.isTorn = at < bytes.length;
      }
      return null;
    } catch (error) {
      return systemText(error);
    }
  }

  /** Opens the path again, for one who has moved the file away; throws what the system says, and the old one stays. */
  reopen(): void {
    const next = openSync(this.path, "a+");
    closeSync(this.descriptor);
    this.descriptor = next;
    this.isTorn = endsTorn(next);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

function endsTorn(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(descriptor, last, 0, 1, size - 1);
  return last.toString() !== "\n";
}

function* linesOf(descriptor: number): Iterable<string> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = Buffer.alloc(0);
  let position = 0;
  for (;;) {
    const length = readSync(descriptor, chunk, 0, CHUNK_BYTES, position);
    if (length === 0) break;
    position += length;
    const bytes = Buffer.concat([rest, chunk.subarray(0, length)]);
    let start = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
      if (end > start) yield bytes.toString("utf8", start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield rest.toString();
}

const LINE_END = 0x0a;
const CHUNK_BYTES: number = 1 << 20;
