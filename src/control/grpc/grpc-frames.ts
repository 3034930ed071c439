// gRPC's frames around messages: five bytes before each. Bounded: a server that announces a long message is wrong. Used by streams to
// management and load-report servers, and by exports to collectors.

/** The message in its frame. */
export function grpcFrame(message: Uint8Array): Uint8Array {
  return Buffer.concat([grpcFrameHead(message.length), message]);
}

/** What stands before a message of so many bytes. */
export function grpcFrameHead(messageBytes: number): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(messageBytes, 1);
  return head;
}

/** Takes a body apart. */
export class GrpcFrames {
  private readonly onMessage: (bytes: Uint8Array) => void;
  private head: Buffer = NOTHING;
  /** Null: the head is not complete. */
  private message: Buffer | null = null;
  private filled = 0;

  constructor(onMessage: (bytes: Uint8Array) => void) {
    this.onMessage = onMessage;
  }

  /** Takes bytes of the body; says what is wrong with them, empty: nothing. */
  receive(bytes: Uint8Array, start: number, end: number): string {
    let at = start;
    while (at < end) {
      if (this.message === null) {
        const size = Math.min(end - at, HEAD_BYTES - this.head.length);
        this.head = Buffer.concat([this.head, bytes.subarray(at, at + size)]);
        at += size;
        if (this.head.length < HEAD_BYTES) return "";
        const wrong = this.begin();
        if (wrong !== "") return wrong;
      }
      at += this.fill(bytes, at, end);
    }
    return "";
  }

  private begin(): string {
    const { head } = this;
    const size = head.readUInt32BE(1);
    if (head[0] === 1) return "a compressed gRPC message";
    if (head[0] !== 0) return "no gRPC frame";
    if (size > MESSAGE_BYTES_MAX) return `a gRPC message of ${size} bytes`;
    this.message = Buffer.allocUnsafe(size);
    this.filled = 0;
    return "";
  }

  private fill(bytes: Uint8Array, at: number, end: number): number {
    const message = this.message as Buffer;
    const size = Math.min(end - at, message.length - this.filled);
    message.set(bytes.subarray(at, at + size), this.filled);
    this.filled += size;
    if (this.filled === message.length) {
      this.message = null;
      this.head = NOTHING;
      this.onMessage(message);
    }
    return size;
  }
}

const HEAD_BYTES = 5;
/** A longer message is refused. 100,000 names of 40 bytes fit. */
export const MESSAGE_BYTES_MAX: number = 4 << 20;
const NOTHING = Buffer.alloc(0);
