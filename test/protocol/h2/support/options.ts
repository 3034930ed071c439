// The options that Starling has by default, for tests to vary.
import type { Http2Options } from "../../../../src/protocol/h2/options.ts";

/** Starling's defaults with some of them changed. */
export function http2Options(changes: Partial<Http2Options> = {}): Http2Options {
  return {
    concurrentStreamsMax: 100,
    initialStreamWindowBytes: 65_536,
    initialConnectionWindowBytes: 1_048_576,
    hpackTableBytes: 4_096,
    frameBytesMax: 16_384,
    headersBytesMax: 61_440,
    headersCountMax: 100,
    trailersBytesMax: 8_192,
    allowConnect: false,
    controlFramesQueuedMax: 1_000,
    resetsPerSecondMax: 100,
    pingsPerSecondMax: 100,
    settingsPerSecondMax: 50,
    emptyDataPerSecondMax: 100,
    continuationsMax: 20,
    priorityPerStreamMax: 100,
    windowUpdatesPerDataMax: 10,
    serverResetsMax: 500,
    stalledStreamsMax: 10,
    keepaliveIntervalMs: Number.POSITIVE_INFINITY,
    keepaliveTimeoutMs: Number.POSITIVE_INFINITY,
    underscores: "allow",
    ...changes,
  };
}
