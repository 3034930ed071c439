// PRIORITY, RST_STREAM, PING, GOAWAY and WINDOW_UPDATE (RFC 9113 §6.3, §6.4, §6.7 to §6.9): their fixed payloads, written and checked.
import type { ByteWriter } from "../../message.ts";
import { Flag, FrameType, putUint32, startFrame } from "./frame.ts";

/** Payload length of each of these frames, which is exact but for GOAWAY, where it is the least. */
export const ControlLength = { Priority: 5, RstStream: 4, Ping: 8, GoawayMin: 8, WindowUpdate: 4 } as const;

/** Appends RST_STREAM. */
export function writeRstStream(out: ByteWriter, streamId: number, code: number): void {
  // Two steps: `startFrame` may give `out` another buffer.
  const at = startFrame(out, ControlLength.RstStream, FrameType.RstStream, 0, streamId);
  putUint32(out.bytes, at, code);
}

/** Appends WINDOW_UPDATE; stream 0 is the connection. */
export function writeWindowUpdate(out: ByteWriter, streamId: number, increment: number): void {
  const at = startFrame(out, ControlLength.WindowUpdate, FrameType.WindowUpdate, 0, streamId);
  putUint32(out.bytes, at, increment);
}

/** Appends a PING of ours; `payload` comes back in the acknowledgement. */
export function writePing(out: ByteWriter, payload: number): void {
  const at = startFrame(out, ControlLength.Ping, FrameType.Ping, 0, 0);
  putUint32(out.bytes, at, 0);
  putUint32(out.bytes, at + 4, payload);
}

/** Appends the acknowledgement of the PING whose payload starts at `start`. */
export function writePingAck(out: ByteWriter, payload: Uint8Array, start: number): void {
  const at = startFrame(out, ControlLength.Ping, FrameType.Ping, Flag.Ack, 0);
  for (let i = 0; i < ControlLength.Ping; i++) out.bytes[at + i] = payload[start + i] as number;
}

/** Appends GOAWAY; `debug` is ASCII for whoever reads a trace. */
export function writeGoaway(out: ByteWriter, lastStreamId: number, code: number, debug: string): void {
  const at = startFrame(out, ControlLength.GoawayMin + debug.length, FrameType.Goaway, 0, 0);
  putUint32(out.bytes, at, lastStreamId);
  putUint32(out.bytes, at + 4, code);
  out.bytes.latin1Write(debug, at + ControlLength.GoawayMin);
}
