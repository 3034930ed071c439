// The one rule for pressure, both ways: who writes more than its peer takes has its source paused, until the peer took it.
import type { MessageWriter } from "../../protocol/message.ts";

/**
 * Moves body bytes on. Answers whether the source is to be paused: the writer holds more than its high mark and more is to come.
 * The caller pauses the source once and resumes it at the paired sink's `onWritable`.
 */
export function pump(to: MessageWriter, bytes: Uint8Array, start: number, end: number, last: boolean): boolean {
  to.writeData(bytes, start, end, last);
  return !last && to.isBackedUp();
}
