// Limits of the HTTP/2 codec that no option sets, each with what happens at it. The README's table is made of these and of options.ts.

/** Body bytes of one stream that wait for a window or the socket: above, `isBackedUp` is true. */
export const STREAM_PENDING_HIGH_BYTES = 32_768;
/** At or below, a writer that was backed up gets `onWritable`. */
export const STREAM_PENDING_LOW_BYTES = 16_384;
/** Body bytes that wait on one connection: above, every stream with bytes of its own is backed up. */
export const CONNECTION_PENDING_MAX_BYTES = 4_194_304;
/** Body bytes that paused sources have passed on: above, the connection's receive window is not given back. */
export const CONNECTION_HELD_MAX_BYTES = 3_145_728;
/** A header block in pieces greater than this many times `headersBytesMax` ends the connection. */
export const BLOCK_PER_HEADERS_MAX = 2;
/** Half of this many streams reset early ends the connection, after that half of all. */
export const EARLY_RESET_STREAMS = 100;
/** A stream that its client resets younger than this was reset early. */
export const EARLY_RESET_AGE_MS = 1_000;
/** Closed streams of which we remember how they ended; late frames for older ones are taken as harmless. */
export const CLOSED_REMEMBERED = 256;
/** Greatest flow-control window (RFC 9113 §6.9.1) and greatest stream id. */
export const INT31_MAX = 0x7fff_ffff;
/** Window of a connection, and of a stream before SETTINGS (RFC 9113 §6.9.2). */
export const WINDOW_INITIAL_BYTES = 65_535;
/** Payload of a frame before SETTINGS, and its least maximum (RFC 9113 §4.2). */
export const FRAME_INITIAL_BYTES = 16_384;
/** Greatest value of SETTINGS_MAX_FRAME_SIZE. */
export const FRAME_GREATEST_BYTES = 16_777_215;
/** Greatest DATA frame we send, whatever the peer allows: larger ones would make other streams wait. */
export const FRAME_SENT_MAX_BYTES = 65_536;
/** The longest frame of ours that answers one: when no more than it is queued, the socket took all before. */
export const ANSWER_BYTES_MAX = 17;
