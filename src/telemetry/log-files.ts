// Log files of the system, opened and written such that nobody waits for a reader: a pipe takes what fits and says what is left. Called by
// access-log.ts; who only looks whether a file can be opened uses `openLogFile`.
import { closeSync, constants, fstatSync, openSync, statSync, write, writeSync } from "node:fs";

/** `error` null: it worked. `left`: what a full pipe did not take; try again later. */
export type OnWritten = (error: Error | null, left?: Buffer) => void;

/** The parts of `node:fs` that log files need. */
export interface LogFiles {
  /** Opens for appending; throws when it cannot. */
  open(path: string): number;
  /** Writes all bytes, or what a pipe takes, then calls back: perhaps before it returns. */
  write(fd: number, bytes: Buffer, done: OnWritten): void;
  /** Writes now; throws when not everything was taken. */
  writeSync(fd: number, bytes: Buffer): void;
  close(fd: number): void;
}

/** Opens a file for appending; it is made when it is missing. A named pipe is opened whether it has a reader or not. */
export function openLogFile(path: string): number {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDWR, O_WRONLY } = constants;
  // Without O_RDWR a pipe that nobody reads cannot be opened, or not without waiting.
  const isPipe = statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
  return openSync(path, isPipe ? O_RDWR | O_NONBLOCK : O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o644);
}

/** The machine's files. */
export function systemLogFiles(): LogFiles {
  return new SystemLogFiles();
}

class SystemLogFiles implements LogFiles {
  /** Pipes and terminals that were opened here: a write to them never waits. */
  private readonly pipes = new Set<number>();

  open(path: string): number {
    const own = path === "/dev/stdout" ? 1 : path === "/dev/stderr" ? 2 : 0;
    const fd = own === 0 ? openLogFile(path) : openAnew(own);
    if (fd !== own && isPipeLike(fd)) this.pipes.add(fd);
    return fd;
  }

  write(fd: number, bytes: Buffer, done: OnWritten): void {
    if (!this.pipes.has(fd)) {
      writeAll(fd, bytes, done);
      return;
    }
    try {
      const left = writePieces(fd, bytes);
      if (left === null) done(null);
      else done(null, left);
    } catch (error) {
      done(error as Error);
    }
  }

  writeSync(fd: number, bytes: Buffer): void {
    if (!this.pipes.has(fd)) for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
    else if (writePieces(fd, bytes) !== null) throw new Error("the pipe is full");
  }

  close(fd: number): void {
    this.pipes.delete(fd);
    if (fd > 2) closeSync(fd);
  }
}

/** Standard output anew, so that not waiting for its reader is no matter of the processes that share it. A file stays shared: its end is. */
function openAnew(fd: 1 | 2): number {
  try {
    const { O_APPEND, O_NONBLOCK, O_WRONLY } = constants;
    return isPipeLike(fd) ? openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_APPEND | O_NONBLOCK) : fd;
  } catch {
    return fd; // a socket, or a pipe of another user: writing may wait
  }
}

function isPipeLike(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFIFO() || stats.isCharacterDevice();
}

function writeAll(fd: number, bytes: Buffer, done: OnWritten): void {
  write(fd, bytes, 0, bytes.length, null, (error, written) => {
    if (error !== null || written === bytes.length) done(error);
    else writeAll(fd, bytes.subarray(written), done);
  });
}

/** Whole lines in pieces that a pipe takes whole or not at all, so that lines of several writers never mix. Null: all was taken. */
function writePieces(fd: number, bytes: Buffer): Buffer | null {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at, pieceEnd(bytes, at) - at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      return bytes.subarray(at);
    }
  }
  return null;
}

function pieceEnd(bytes: Buffer, start: number): number {
  if (bytes.length - start <= PIECE_BYTES) return bytes.length;
  const lineEnd = bytes.lastIndexOf(LINE_FEED, start + PIECE_BYTES - 1);
  return lineEnd >= start ? lineEnd + 1 : start + PIECE_BYTES;
}

/** PIPE_BUF of Linux. */
const PIECE_BYTES = 4_096;
const LINE_FEED = 10;
