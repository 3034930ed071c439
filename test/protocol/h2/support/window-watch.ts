// Counts flow-control windows from the frames that pass, knowing nothing of the codec: fails when DATA passes a window.
import assert from "node:assert/strict";
import { readFrames } from "./frame.ts";

/** The sending windows of one direction. */
export class WindowWatch {
  private initial = 65_535;
  private connection = 65_535;
  private readonly streams = new Map<number, number>();

  /** Bytes were sent this way; what they say of windows and settings is for `other`, the opposite direction. */
  onSent(bytes: Buffer, other: WindowWatch): void {
    const preface = bytes.subarray(0, 3).toString("latin1") === "PRI" ? 24 : 0;
    for (const { type, stream, flags, payload } of readFrames(bytes.subarray(preface))) {
      if (type === "DATA") this.spend(stream, payload.length);
      else if (type === "WINDOW_UPDATE") other.widen(stream, payload.readUInt32BE(0));
      else if (type === "SETTINGS" && (flags & 1) === 0) other.settle(payload);
    }
  }

  private spend(stream: number, bytes: number): void {
    const left = (this.streams.get(stream) ?? this.initial) - bytes;
    this.streams.set(stream, left);
    this.connection -= bytes;
    assert.ok(left >= 0, `stream ${stream} passed its window by ${-left}`);
    assert.ok(this.connection >= 0, `the connection passed its window by ${-this.connection}`);
  }

  private widen(stream: number, bytes: number): void {
    if (stream === 0) this.connection += bytes;
    else this.streams.set(stream, (this.streams.get(stream) ?? this.initial) + bytes);
  }

  private settle(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== 4) continue;
      const initial = payload.readUInt32BE(at + 2);
      for (const [stream, window] of this.streams) this.streams.set(stream, window + initial - this.initial);
      this.initial = initial;
    }
  }
}
