// Spans as they come from a worker, several in a piece: they are counted one by one, and sent together.
import type { SpanBatch } from "../../telemetry/span-batches.ts";
import type { Pieces } from "./export-queue.ts";

/** Some spans, one behind the other. */
export interface SpanPiece {
  readonly bytes: Uint8Array;
  /** Where each of them ends, in what the worker wrote. */
  readonly ends: Uint32Array;
  /** Where `bytes` begin in that. */
  readonly start: number;
  /** Its memory is its own. */
  readonly isWhole: boolean;
}

/** What a worker handed over, as one piece. */
export function pieceOf({ bytes, ends }: SpanBatch): SpanPiece {
  return { bytes, ends, start: 0, isWhole: true };
}

/** How a queue takes them apart. */
export const SPAN_PIECES: Pieces<SpanPiece> = {
  countOf: ({ ends }) => ends.length,
  split({ bytes, ends, start }, count) {
    const middle = ends[count - 1] as number;
    return [
      { bytes: bytes.subarray(0, middle - start), ends: ends.subarray(0, count), start, isWhole: false },
      { bytes: bytes.subarray(middle - start), ends: ends.subarray(count), start: middle, isWhole: false },
    ];
  },
  /** Gives its memory back at once: left to the garbage collector it makes that run twice a second. */
  release({ bytes, isWhole }) {
    if (isWhole) (bytes.buffer as ArrayBuffer).transfer(0);
  },
};

/** What they are made of. */
export function bytesOf(pieces: readonly SpanPiece[]): Uint8Array[] {
  return pieces.map(({ bytes }) => bytes);
}
