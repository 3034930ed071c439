// What a caller chooses for one HTTP/2 connection. Structurally equal to config's Http2Plan, which is passed as it is.
import type { KeepaliveOptions } from "./keepalive.ts";

/** Options and limits of one HTTP/2 codec, both roles. All are required: defaults are the caller's business. */
export interface Http2Options {
  /** Streams open at once: announced by a server, a client's own bound beside the server's. Default 100. */
  readonly concurrentStreamsMax: number;
  /** SETTINGS_INITIAL_WINDOW_SIZE we announce. Default 65 536. */
  readonly initialStreamWindowBytes: number;
  /** Receive window of the connection; below 65 535 counts as 65 535 (RFC 9113 §6.9.2). Default 1 048 576. */
  readonly initialConnectionWindowBytes: number;
  /** SETTINGS_HEADER_TABLE_SIZE we announce, and most memory of our encoder's table. Default 4 096. */
  readonly hpackTableBytes: number;
  /** SETTINGS_MAX_FRAME_SIZE we announce, 16 384 to 16 777 215. Default 16 384. */
  readonly frameBytesMax: number;
  /** Names, values and 32 bytes a field of one head; more is 431. Default 61 440. */
  readonly headersBytesMax: number;
  /** Fields of one head as they come on the wire; more is 431. Default 100. */
  readonly headersCountMax: number;
  /** Like `headersBytesMax`, of trailers; more resets the stream. Default 8 192. */
  readonly trailersBytesMax: number;
  /** Extended CONNECT (RFC 8441). Default false. */
  readonly allowConnect: boolean;
  /** Frames that we answer with (PING and SETTINGS acknowledgements, RST_STREAM) and that the socket has not taken. Default 1 000. */
  readonly controlFramesQueuedMax: number;
  /** RST_STREAM frames from a client in a second. Default 100. */
  readonly resetsPerSecondMax: number;
  /** PING frames in a second. Default 100. */
  readonly pingsPerSecondMax: number;
  /** SETTINGS frames in a second. Default 50. */
  readonly settingsPerSecondMax: number;
  /** DATA frames without content and END_STREAM in a second. Default 100. */
  readonly emptyDataPerSecondMax: number;
  /** CONTINUATION frames of one block. Default 20. */
  readonly continuationsMax: number;
  /** PRIORITY frames: this many times (1 + streams opened). Default 100. */
  readonly priorityPerStreamMax: number;
  /** WINDOW_UPDATE frames: 5 + 2 × (streams opened + this × DATA frames sent). Default 10. */
  readonly windowUpdatesPerDataMax: number;
  /** RST_STREAM frames that a peer's faults may cost us on one connection. Default 500. */
  readonly serverResetsMax: number;
  /**
   * Streams that are reset because the client took nothing of them: this many, if most of its streams are, end the connection, and so
   * does one after which nothing moves. Infinity: none do. Default 10.
   */
  readonly stalledStreamsMax: number;
  /** For the owner, who makes a Keepalive of it; null: none. */
  readonly keepalive: KeepaliveOptions | null;
  /** Names with underscores: passed, the request refused, or the field dropped. Default allow. */
  readonly underscores: "allow" | "reject" | "drop";
}
