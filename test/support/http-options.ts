// Codec options with Starling's defaults, for tests and benchmarks to vary.
import type { HttpProtocolPlan } from "../../src/config/plan/http-protocol.ts";

/** Those of both sides. */
export const httpDefaults: HttpProtocolPlan = {
  http1: {
    headersBytesMax: 61_440,
    headersCountMax: 100,
    trailersBytesMax: 8_192,
    acceptHttp10: false,
    defaultHostForHttp10: "",
    trailers: false,
    properCase: false,
    allowAbsoluteUrl: true,
    chunkExtensionBytesMax: 256,
    underscores: "allow",
  },
  http2: {
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
    keepalive: null,
    underscores: "allow",
  },
};
