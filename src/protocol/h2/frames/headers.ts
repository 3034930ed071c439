// HEADERS with CONTINUATION (RFC 9113 §6.2, §6.10): where the fragment lies in a payload, and a block as frames.
import type { HeaderList } from "../../header-list.ts";
import type { ByteWriter } from "../../message.ts";
import { BLOCK_WIRE_OVERHEAD_MAX, FIELD_WIRE_OVERHEAD_MAX, type HpackEncoder } from "../hpack/encoder.ts";
import { writeFields } from "./fields.ts";
import { Flag, FRAME_HEADER_BYTES, FrameType, putFrameHeader, uint31At } from "./frame.ts";

/** A fragment's place in the payload of the HEADERS frame that was read last. */
export const fragment: { start: number; end: number; selfDependent: boolean } = {
  start: 0,
  end: 0,
  selfDependent: false,
};

/** Finds the fragment of a HEADERS payload behind padding and priority; false when they do not fit. Leaves it in `fragment`. */
export function findFragment(bytes: Uint8Array, start: number, end: number, flags: number, streamId: number): boolean {
  let from = start;
  let to = end;
  if ((flags & Flag.Padded) !== 0) {
    if (from >= to) return false;
    to -= bytes[from++] as number;
  }
  fragment.selfDependent = false;
  if ((flags & Flag.Priority) !== 0) {
    if (to - from < PRIORITY_BYTES) return false;
    fragment.selfDependent = uint31At(bytes, from) === streamId;
    from += PRIORITY_BYTES;
  }
  fragment.start = from;
  fragment.end = to;
  return to >= from;
}

/** Appends a head or trailers, in as many frames as `frameBytesMax` asks for. */
export function writeHeaders(
  out: ByteWriter,
  encoder: HpackEncoder,
  streamId: number,
  list: HeaderList,
  endStream: boolean,
  frameBytesMax: number,
): void {
  // Every value and every name without an id lies in the arena, so its length bounds them all.
  out.reserve(FRAME_HEADER_BYTES + BLOCK_WIRE_OVERHEAD_MAX + list.bytes.length + (list.count + 1) * FIELD_ROOM_BYTES);
  const at = out.end;
  const payload = at + FRAME_HEADER_BYTES;
  encoder.begin(out.bytes, payload);
  writeFields(encoder, list);
  const length = encoder.end - payload;
  out.end = encoder.end;
  const flags = endStream ? Flag.EndStream : 0;
  if (length <= frameBytesMax) {
    putFrameHeader(out.bytes, at, length, FrameType.Headers, flags | Flag.EndHeaders, streamId);
    return;
  }
  splitBlock(out, at, length, streamId, flags, frameBytesMax);
}

/** Opens gaps for CONTINUATION headers in the block after `at`, from its end so that nothing is overwritten. */
function splitBlock(
  out: ByteWriter,
  at: number,
  length: number,
  streamId: number,
  flags: number,
  frameBytesMax: number,
): void {
  const continuations = Math.ceil(length / frameBytesMax) - 1;
  out.reserve(continuations * FRAME_HEADER_BYTES);
  const bytes = out.bytes;
  for (let i = continuations; i > 0; i--) {
    const from = at + FRAME_HEADER_BYTES + i * frameBytesMax;
    const to = from + i * FRAME_HEADER_BYTES;
    const size = Math.min(frameBytesMax, length - i * frameBytesMax);
    bytes.copyWithin(to, from, from + size);
    const last = i === continuations ? Flag.EndHeaders : 0;
    putFrameHeader(bytes, to - FRAME_HEADER_BYTES, size, FrameType.Continuation, last, streamId);
  }
  putFrameHeader(bytes, at, frameBytesMax, FrameType.Headers, flags, streamId);
  out.end += continuations * FRAME_HEADER_BYTES;
}

const PRIORITY_BYTES = 5;
/** The longest known name and what the wire adds to a field. */
const FIELD_ROOM_BYTES: number = 64 + FIELD_WIRE_OVERHEAD_MAX;
