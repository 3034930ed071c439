// Frame types, flags and the nine bytes that every frame starts with (RFC 9113 §4.1, §6).
import type { ByteWriter } from "../../message.ts";

/** Frame types; others are ignored (RFC 9113 §5.5). */
export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  RstStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  Goaway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;

/** Frame flags; Ack and EndStream share a bit because no frame has both. */
export const Flag = { EndStream: 1, Ack: 1, EndHeaders: 4, Padded: 8, Priority: 32 } as const;

/** Bytes of a frame header. */
export const FRAME_HEADER_BYTES = 9;

/** Writes a frame header at `at`. */
export function putFrameHeader(
  to: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  to[at] = length >>> 16;
  to[at + 1] = length >>> 8;
  to[at + 2] = length;
  to[at + 3] = type;
  to[at + 4] = flags;
  putUint32(to, at + 5, streamId);
}

/** Appends a frame header, with room for the payload, and answers where the payload goes; `out.end` is after it already. */
export function startFrame(out: ByteWriter, length: number, type: number, flags: number, streamId: number): number {
  out.reserve(FRAME_HEADER_BYTES + length);
  const at = out.end;
  putFrameHeader(out.bytes, at, length, type, flags, streamId);
  out.end = at + FRAME_HEADER_BYTES + length;
  return at + FRAME_HEADER_BYTES;
}

/** Writes a 32-bit number, most significant byte first. */
export function putUint32(to: Uint8Array, at: number, value: number): void {
  to[at] = value >>> 24;
  to[at + 1] = value >>> 16;
  to[at + 2] = value >>> 8;
  to[at + 3] = value;
}

/** Reads an unsigned 32-bit number. */
export function uint32At(bytes: Uint8Array, at: number): number {
  return (uint24At(bytes, at) * 256 + (bytes[at + 3] as number)) >>> 0;
}

/** Reads 31 bits, ignoring the reserved first one. */
export function uint31At(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) & 0x7f) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** Reads an unsigned 24-bit number. */
export function uint24At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
}
