// Frames from names and numbers, and frames read back, so that tests hold no magic bytes.
import { CLIENT_PREFACE } from "../../../../src/protocol/h2/preface.ts";
import { type Pair, PairDecoder } from "./hpack.ts";

/** A frame as a test reads it. */
export interface ReadFrame {
  readonly type: string;
  readonly stream: number;
  readonly flags: number;
  readonly payload: Buffer;
}

/** Ready-made field lists. */
export const GET: readonly Pair[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a.test"],
  [":path", "/"],
];
export const POST: readonly Pair[] = [[":method", "POST"], ...GET.slice(1)];

const TYPES: readonly string[] = [
  "DATA",
  "HEADERS",
  "PRIORITY",
  "RST_STREAM",
  "SETTINGS",
  "PUSH_PROMISE",
  "PING",
  "GOAWAY",
  "WINDOW_UPDATE",
  "CONTINUATION",
];

/** Settings by name. */
export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const;

interface Block {
  readonly stream: number;
  readonly fields: readonly Pair[];
  readonly end?: boolean;
  /** Default true. */
  readonly endHeaders?: boolean;
  readonly padding?: number;
  /** Adds a priority part that depends on this stream. */
  readonly dependsOn?: number;
}

/** Builders, one per frame type. */
export const frame = {
  preface: (): Buffer => Buffer.from(CLIENT_PREFACE),

  any: (type: number, flags: number, stream: number, payload: Uint8Array): Buffer => {
    const header = Buffer.alloc(9);
    header.writeUIntBE(payload.length, 0, 3);
    header[3] = type;
    header[4] = flags;
    header.writeUInt32BE(stream, 5);
    return Buffer.concat([header, payload]);
  },

  settings: (settings: Partial<Record<keyof typeof Setting, number>> = {}): Buffer => {
    const parts = Object.entries(settings).map(([name, value]) => {
      const part = Buffer.alloc(6);
      part.writeUInt16BE(Setting[name as keyof typeof Setting], 0);
      part.writeUInt32BE(value, 2);
      return part;
    });
    return frame.any(4, 0, 0, Buffer.concat(parts));
  },

  settingsAck: (): Buffer => frame.any(4, 1, 0, Buffer.alloc(0)),

  /** Literals without indexing, so that blocks need no table. */
  block: (fields: readonly Pair[]): Buffer =>
    Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)])),

  headers: (block: Block): Buffer => {
    const padding = block.padding === undefined ? [] : [Buffer.of(block.padding)];
    const priority = block.dependsOn === undefined ? [] : [uint32(block.dependsOn), Buffer.of(15)];
    const flags =
      Number(block.end ?? false) +
      4 * Number(block.endHeaders ?? true) +
      8 * Number(padding.length > 0) +
      32 * Number(priority.length > 0);
    const parts = [...padding, ...priority, frame.block(block.fields), Buffer.alloc(block.padding ?? 0)];
    return frame.any(1, flags, block.stream, Buffer.concat(parts));
  },

  continuation: ({ stream, fields, endHeaders = true }: Omit<Block, "end">): Buffer =>
    frame.any(9, 4 * Number(endHeaders), stream, frame.block(fields)),

  data: (data: { stream: number; text?: string; bytes?: Uint8Array; end?: boolean; padding?: number }): Buffer => {
    const padding = data.padding === undefined ? [] : [Buffer.of(data.padding)];
    const content = data.bytes ?? Buffer.from(data.text ?? "");
    const flags = Number(data.end ?? false) + 8 * Number(padding.length > 0);
    return frame.any(0, flags, data.stream, Buffer.concat([...padding, content, Buffer.alloc(data.padding ?? 0)]));
  },

  priority: ({ stream, dependsOn = 0 }: { stream: number; dependsOn?: number }): Buffer =>
    frame.any(2, 0, stream, Buffer.concat([uint32(dependsOn), Buffer.of(15)])),

  rstStream: ({ stream, code = 8 }: { stream: number; code?: number }): Buffer => frame.any(3, 0, stream, uint32(code)),

  ping: ({ payload = 7, ack = false }: { payload?: number; ack?: boolean } = {}): Buffer =>
    frame.any(6, Number(ack), 0, Buffer.concat([uint32(0), uint32(payload)])),

  goaway: ({ last, code = 0 }: { last: number; code?: number }): Buffer =>
    frame.any(7, 0, 0, Buffer.concat([uint32(last), uint32(code)])),

  windowUpdate: ({ stream, increment }: { stream: number; increment: number }): Buffer =>
    frame.any(8, 0, stream, uint32(increment)),
};

/** Cuts bytes into frames; what is left over is an error. */
export function readFrames(bytes: Buffer): ReadFrame[] {
  const frames: ReadFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    if (at + 9 + length > bytes.length) throw new Error("incomplete frame");
    frames.push({
      type: TYPES[bytes[at + 3] as number] ?? `type ${bytes[at + 3]}`,
      flags: bytes[at + 4] as number,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, at + 9 + length),
    });
    at += 9 + length;
  }
  return frames;
}

/** Reads frames as short texts: `HEADERS 1 end :status=200`, `RST_STREAM 1 code=8`, `DATA 1 5 bytes end`. One per connection: HPACK has state. */
export class FrameTexts {
  private readonly decoder: PairDecoder = new PairDecoder(65_536);
  private block: Buffer[] = [];

  of(bytes: Buffer): string[] {
    return readFrames(bytes).map((read) => this.text(read));
  }

  text({ type, stream, flags, payload }: ReadFrame): string {
    const end = (flags & 1) !== 0 ? " end" : "";
    switch (type) {
      case "HEADERS":
      case "CONTINUATION":
        this.block.push(payload);
        return `${type} ${stream}${end}${(flags & 4) !== 0 ? this.fields() : " ..."}`;
      case "DATA":
        return `DATA ${stream} ${payload.length} bytes${end}`;
      case "RST_STREAM":
        return `RST_STREAM ${stream} code=${payload.readUInt32BE(0)}`;
      case "GOAWAY":
        return `GOAWAY last=${payload.readUInt32BE(0)} code=${payload.readUInt32BE(4)}`;
      case "WINDOW_UPDATE":
        return `WINDOW_UPDATE ${stream} +${payload.readUInt32BE(0)}`;
      case "PING":
        return `PING${(flags & 1) !== 0 ? " ack" : ""} ${payload.readUInt32BE(4)}`;
      case "SETTINGS":
        return (flags & 1) !== 0 ? "SETTINGS ack" : `SETTINGS ${settingsText(payload)}`.trimEnd();
      default:
        return type;
    }
  }

  private fields(): string {
    const pairs = this.decoder.decode(Buffer.concat(this.block));
    this.block = [];
    return pairs.map(([name, value]) => ` ${name}=${value}`).join("");
  }
}

function settingsText(payload: Buffer): string {
  const texts: string[] = [];
  for (let at = 0; at < payload.length; at += 6)
    texts.push(`${payload.readUInt16BE(at)}=${payload.readUInt32BE(at + 2)}`);
  return texts.join(" ");
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const length = [Math.min(bytes.length, 127)];
  for (let rest = bytes.length - 127; rest >= 0; rest = rest < 128 ? -1 : rest >>> 7) {
    length.push(rest < 128 ? rest : (rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0, 0);
  return bytes;
}
