// Base64 as gRPC-Web's text form has it, in both directions and however the bytes are cut: a request is one text, an answer a text of
// each of its frames, padded by itself.

/** Decodes a text that comes in pieces. */
export class Base64Reader {
  private held = "";

  /** Bytes of all whole groups of four, null when the text is none. Padding ends a group, not the text: clients encode each message. */
  read(bytes: Uint8Array, start: number, end: number): Buffer | null {
    const text = this.held + Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).latin1Slice();
    const whole = text.length - (text.length % GROUP);
    this.held = text.slice(whole);
    const groups = text.slice(0, whole);
    if (!TEXT.test(groups)) return null;
    if (!groups.includes("=")) return Buffer.from(groups, "base64");
    return Buffer.concat((groups.match(PADDED) ?? []).map((part) => Buffer.from(part, "base64")));
  }

  /** Whether a group has begun and is not whole. */
  isWithin(): boolean {
    return this.held !== "";
  }
}

/** Encodes the frames of an answer that comes in pieces: each frame's text ends with its own padding. */
export class FrameTextWriter {
  private readonly frame: Uint8Array = new Uint8Array(PREFIX_BYTES);
  private prefix = 0;
  private left = 0;
  /** Bytes of the frame that make no whole group yet. */
  private readonly rest: number[] = [];

  /** The text of these bytes, as far as it is known. */
  write(bytes: Uint8Array, start: number, end: number): string {
    let text = "";
    for (let at = start; at < end; ) {
      if (this.prefix < PREFIX_BYTES) {
        this.frame[this.prefix++] = bytes[at++] as number;
        if (this.prefix < PREFIX_BYTES) continue;
        this.left = Buffer.from(this.frame).readUInt32BE(1);
        text += this.encode(this.frame, 0, PREFIX_BYTES);
      } else {
        const taken = Math.min(this.left, end - at);
        this.left -= taken;
        text += this.encode(bytes, at, at + taken);
        at += taken;
      }
      if (this.left === 0) text += this.endFrame();
    }
    return text;
  }

  private encode(bytes: Uint8Array, start: number, end: number): string {
    const all = Buffer.concat([Uint8Array.from(this.rest), bytes.subarray(start, end)]);
    const whole = all.length - (all.length % 3);
    this.rest.splice(0, this.rest.length, ...all.subarray(whole));
    return all.toString("base64", 0, whole);
  }

  private endFrame(): string {
    this.prefix = 0;
    return Buffer.from(this.rest.splice(0)).toString("base64");
  }
}

const GROUP = 4;
const PREFIX_BYTES = 5;
const TEXT = /^(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)*$/;
const PADDED = /[A-Za-z0-9+/]+=*/g;
