// A bench for endpoints that lie: a probe of one says why it failed in one readable line, and leaves nothing behind.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { Socket } from "node:net";
import { eventually } from "./nodes.ts";
import { type Door, ProbeBench } from "./probe-bench.ts";

/** Checks at its end that neither descriptor nor timer is left. */
export class LyingBench extends ProbeBench {
  private readonly descriptors: number = openDescriptors();

  /** One probe that fails: its outcome as `kind: reason`. Its connection must be gone afterwards, and the reason readable. */
  async failed(...probe: Parameters<ProbeBench["probe"]>): Promise<string> {
    const [door] = probe;
    const outcome = await this.probe(...probe);
    await door.empty();
    assert.match(outcome.reason, /^[ -~]{1,200}$/);
    return `${outcome.kind}: ${outcome.reason}`;
  }

  /** An endpoint that says this when it is asked, and keeps the connection open. */
  says(text: string): Promise<Door> {
    return this.answering(Buffer.from(text, "latin1"));
  }

  /** An endpoint that begins like this when it is asked, and goes on with the block for 100 MB. */
  flooding(begin: string | Buffer, block: Buffer): Promise<Door> {
    return this.behaving((socket) => {
      socket.once("data", () => {
        socket.write(begin);
        pour(socket, block);
      });
    });
  }

  /** What a probe said, and by how many bytes this process grew meanwhile. */
  async grown(probe: Promise<string>): Promise<{ readonly said: string; readonly grownBytes: number }> {
    const before = memoryBytes();
    const said = await probe;
    return { said, grownBytes: memoryBytes() - before };
  }

  override async end(): Promise<void> {
    await super.end();
    assert.equal(this.net.wheel.size, 0, "a timer is left");
    // Some of the process are not of this bench: a file that is being read, a thread of the test before that ends.
    await eventually(() => openDescriptors() <= this.descriptors);
  }
}

/** Writes the block as long as the other side takes it, 100 MB at most. */
export function pour(socket: Socket, block: Buffer): void {
  let left = 100_000_000;
  const more = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= block.length;
      if (!socket.write(block)) return;
    }
  };
  socket.on("drain", more);
  more();
}

/** Writes the pieces (of a text: each character) one after the other, one every so many milliseconds. */
export function drip(socket: Socket, pieces: string | readonly string[], everyMs: number): void {
  socket.setNoDelay(true);
  const next = (at: number): void => {
    const piece = pieces[at];
    if (piece === undefined || socket.destroyed) return;
    socket.write(piece);
    setTimeout(() => next(at + 1), everyMs);
  };
  next(0);
}

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

function memoryBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
