// The defaults that differ between Starling (safe from the first day) and Envoy 1.40 (--compat envoy). Read by the compile files
// where a field is silent; a field in the file always wins. Defaults that are the same for both stand at their fields.

/** Limits and times that hold where the file is silent. */
export interface Defaults {
  readonly concurrentStreamsMax: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  readonly trailersBytesMax: number;
  readonly chunkExtensionBytesMax: number;
  readonly resetsPerSecondMax: number;
  readonly pingsPerSecondMax: number;
  readonly settingsPerSecondMax: number;
  readonly emptyDataPerSecondMax: number;
  readonly continuationsMax: number;
  readonly stalledStreamsMax: number;
  readonly requestHeadersTimeoutMs: number;
  readonly streamFlushTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly inspectionTimeoutMs: number;
}

/** The table of one of the two. */
export function defaultsOf(compat: "starling" | "envoy"): Defaults {
  return compat === "envoy" ? ENVOY : STARLING;
}

const STARLING: Defaults = {
  concurrentStreamsMax: 100,
  streamWindowBytes: 65_536,
  connectionWindowBytes: 1_048_576,
  trailersBytesMax: 8_192,
  chunkExtensionBytesMax: 256,
  resetsPerSecondMax: 100,
  pingsPerSecondMax: 100,
  settingsPerSecondMax: 50,
  emptyDataPerSecondMax: 100,
  continuationsMax: 20,
  stalledStreamsMax: 10,
  requestHeadersTimeoutMs: 10_000,
  streamFlushTimeoutMs: 60_000,
  handshakeTimeoutMs: 10_000,
  inspectionTimeoutMs: 10_000,
};

// Envoy 1.40 has no limit where Infinity stands: it counts PING and SETTINGS only as control frames in the queue.
const ENVOY: Defaults = {
  concurrentStreamsMax: 1_024,
  streamWindowBytes: 16 * 1_048_576,
  connectionWindowBytes: 24 * 1_048_576,
  trailersBytesMax: 61_440,
  chunkExtensionBytesMax: Number.POSITIVE_INFINITY,
  resetsPerSecondMax: Number.POSITIVE_INFINITY,
  pingsPerSecondMax: Number.POSITIVE_INFINITY,
  settingsPerSecondMax: Number.POSITIVE_INFINITY,
  emptyDataPerSecondMax: Number.POSITIVE_INFINITY,
  continuationsMax: Number.POSITIVE_INFINITY,
  stalledStreamsMax: Number.POSITIVE_INFINITY,
  requestHeadersTimeoutMs: Number.POSITIVE_INFINITY,
  streamFlushTimeoutMs: 300_000,
  handshakeTimeoutMs: Number.POSITIVE_INFINITY,
  inspectionTimeoutMs: 15_000,
};
