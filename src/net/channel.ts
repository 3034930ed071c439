// What one socket looks like to the rest of the house. Implemented by socket-channel.ts (TCP, unix, TLS); tests bring their own.

import type { X509Certificate } from "node:crypto";
import type { ByteWriter } from "../base/byte-writer.ts";
import type { ByteSink } from "../protocol/message.ts";

/** Why a socket ended or never began. */
export interface NetFault {
  readonly kind:
    | "connect-refused"
    | "connect-timeout"
    | "connect-failed"
    | "tls-failed"
    | "handshake-timeout"
    | "reset"
    | "closed"
    | "io";
  /** System or TLS error text, for logs and response code details: `Connection refused`, `TLS_error:…`. */
  readonly text: string;
}

/** The TLS facts of a finished handshake. */
export interface TlsFacts {
  /** `TLSv1.3`. */
  readonly version: string;
  /** OpenSSL cipher name. */
  readonly cipher: string;
  /** Negotiated ALPN protocol, empty when none. */
  readonly alpn: string;
  /** Server name the client asked for, empty when none. */
  readonly serverName: string;
  readonly resumed: boolean;
  /** Whether the peer showed a certificate that verifies. */
  readonly peerVerified: boolean;
  /** Of an accepted connection whose client showed a certificate; null: it showed none. */
  readonly shown: ShownCertificates | null;
}

/** What both sides of a handshake showed. */
export interface ShownCertificates {
  readonly own: X509Certificate | undefined;
  /** With what the client sent behind it, as `issuerCertificate`. */
  readonly peer: X509Certificate;
}

/** Receives what happens to a channel; replaced as a whole by assigning `channel.handler`. */
export interface ChannelHandler {
  /** The dialled socket (and its TLS handshake) is ready. Never called for accepted channels. */
  onConnect(): void;
  /** Bytes came; valid during the call only. */
  onData(bytes: Uint8Array, start: number, end: number): void;
  /** The peer closed its sending side. */
  onEnd(): void;
  /** `queuedBytes` was above the high mark and is below the low mark again. */
  onDrain(): void;
  /** The socket is gone; comes exactly once, also after `close` and `abort`. `null`: we closed it, or the peer did so cleanly. */
  onClose(fault: NetFault | null): void;
}

/** One connected socket. */
export interface Channel extends ByteSink {
  handler: ChannelHandler;
  readonly out: ByteWriter;
  /** Sends what is in `out` now. Callers on the path prefer `scheduleFlush`. */
  flush(): void;
  /** Sends what is queued, then FIN, then ends; reads on and throws away for `lingerMs` (default 1000) so that the peer can read our last bytes. */
  close(lingerMs?: number): void;
  /**
   * per_connection_buffer_limit_bytes: `onDrain` is owed from this many queued bytes on, if that is less than the codecs' mark, and no
   * private read buffer is used that is larger.
   */
  limitBuffers(bytes: number): void;
  /** Ends now; what is queued is lost. `reset`: with RST instead of FIN. */
  abort(how?: "reset" | "close"): void;
  /** Whether the peer's FIN came, also while this side was closing: then it was the peer that ended the connection. */
  readonly peerEnded: boolean;
  /** Addresses without port; empty for unix sockets. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Null on cleartext. */
  readonly tls: TlsFacts | null;
  /** Server name that an accepted connection's client asked for, whoever ends its TLS; empty when none, or when nobody looked. */
  readonly serverName: string;
  /** Bytes read and written so far. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** System calls so far, for the benchmark and the writes-per-request test. */
  readonly readCalls: number;
  readonly writeCalls: number;
}
