// The one file that knows what Node keeps inside a net.Socket. It gives every channel's socket the same read callback, which finds
// the channel through the socket, and takes the handle out of an accepted socket so that it too reads into a buffer of ours
// (Node offers `onread` only to sockets that dial). Without a handle the accepted socket serves with plain `data` events.
import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";

/** Who owns a socket: gets its bytes and says where the next ones go. */
export interface SocketOwner {
  /** `n` bytes are in `buffer`. */
  received(n: number, buffer: Buffer): void;
}

/** A socket with a way back to its channel, so that its listeners are plain functions shared by all sockets. */
export interface OwnedSocket extends Socket {
  owner?: SocketOwner;
  /** Of an accepted TLS socket: the TCP socket below it. */
  rawSocket?: Socket;
}

/** What Node takes and its types leave out. */
interface InnerSocket {
  _handle: InnerHandle | null;
}

interface InnerHandle {
  readonly writeQueueSize?: number;
  verifyError?(): (Error & { readonly code?: string }) | null | undefined;
}

type InnerOptions = Omit<SocketConstructorOpts, "handle"> & {
  handle?: InnerHandle;
  writableHighWaterMark: number;
  noDelay?: boolean;
  keepAlive?: boolean;
  keepAliveInitialDelay?: number;
};

/** A socket that will dial; `readNextInto` says into what it reads, before its `connect`. `keepaliveS` 0: off. */
export function dialledSocket(keepaliveS: number): OwnedSocket {
  const options: InnerOptions = {
    allowHalfOpen: true,
    onread: SHARED_ONREAD,
    writableHighWaterMark: 1,
    noDelay: true,
    keepAlive: keepaliveS > 0,
    keepAliveInitialDelay: keepaliveS * 1_000,
  };
  return new Socket(options as unknown as SocketConstructorOpts);
}

/** Moves an accepted, paused socket's connection into a socket that reads into `buffer`; null when Node does not let go of it. */
export function adoptedSocket(accepted: Socket, buffer: Buffer): OwnedSocket | null {
  const inner = accepted as unknown as InnerSocket;
  const handle = inner._handle;
  if (handle === null || typeof handle !== "object") return null;
  inner._handle = null;
  nextBuffer = buffer;
  const options: InnerOptions = { handle, allowHalfOpen: true, onread: SHARED_ONREAD, writableHighWaterMark: 1 };
  const socket = new Socket(options as unknown as SocketConstructorOpts);
  nextBuffer = undefined;
  // Without its handle this only tells the server that the first socket is gone.
  accepted.destroy();
  return socket;
}

/** The next read of the socket whose read callback runs now, or that is about to be made, goes here. */
export function readNextInto(buffer: Buffer | undefined): void {
  nextBuffer = buffer;
}

/** Ends a connection with RST; where there is none (unix sockets, TLS that we dialled), just ends it. */
export function resetSocket(socket: OwnedSocket): void {
  const raw = socket.rawSocket ?? socket;
  try {
    raw.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}

/** An address as people write it: IPv4 in IPv6's clothes is undressed, none is ``. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/**
 * OpenSSL's verdict on the peer's chain after a server's handshake, `CERT_HAS_EXPIRED` for example; null: trusted. Node tells only
 * clients (`authorizationError`). When it cannot be asked, nobody is trusted.
 */
export function verifyErrorCode(socket: Socket): string | null {
  const ask = (socket as unknown as InnerSocket)._handle?.verifyError;
  if (ask === undefined) return "CERT_UNTRUSTED";
  const verdict = ask.call((socket as unknown as InnerSocket)._handle);
  return verdict ? (verdict.code ?? verdict.message) : null;
}

/** Bytes that the kernel has not taken yet; falls while the peer reads, unlike `writableLength`. */
export function kernelBacklog(socket: Socket): number {
  return (socket as unknown as InnerSocket)._handle?.writeQueueSize ?? socket.writableLength;
}

/**
 * What sockets read into and call. Node calls `buffer` after each callback, for the same socket, and keeps the old buffer when
 * it gets undefined, which its types do not say.
 */
export const SHARED_ONREAD: OnReadOpts = {
  buffer: (() => {
    const buffer = nextBuffer;
    nextBuffer = undefined;
    return buffer;
  }) as () => Uint8Array,
  callback(this: unknown, n: number, buffer: Uint8Array): boolean {
    (this as OwnedSocket).owner?.received(n, buffer as Buffer);
    return true;
  },
};

let nextBuffer: Buffer | undefined;
