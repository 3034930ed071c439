// Codec options of one side (listener or cluster), with Starling's limits already applied.

/** Options and limits of both codecs. */
export interface HttpProtocolPlan {
  readonly http1: Http1Plan;
  readonly http2: Http2Plan;
}

/** HTTP/1 codec limits. */
export interface Http1Plan {
  /** Request line and fields together. Default 61 440. */
  readonly headersBytesMax: number;
  /** Default 100. */
  readonly headersCountMax: number;
  /** Default 8 192. */
  readonly trailersBytesMax: number;
  /** accept_http_10, default false. */
  readonly acceptHttp10: boolean;
  readonly defaultHostForHttp10: string;
  /** enable_trailers, default false: trailers are read and dropped. */
  readonly trailers: boolean;
  /** header_key_format: proper_case_words. */
  readonly properCase: boolean;
  /** allow_absolute_url, default true. */
  readonly allowAbsoluteUrl: boolean;
  /** Bytes of chunk extensions, default 256. */
  readonly chunkExtensionBytesMax: number;
  /** How names with underscores are treated. */
  readonly underscores: "allow" | "reject" | "drop";
}

/** HTTP/2 codec limits; per-second ones are counted by the codec. */
export interface Http2Plan {
  /** Default 100 (Envoy 1.40: 1024). */
  readonly concurrentStreamsMax: number;
  /** Default 65 536 (Envoy: 16 MiB). */
  readonly initialStreamWindowBytes: number;
  /** Default 1 048 576 (Envoy: 24 MiB). */
  readonly initialConnectionWindowBytes: number;
  /** Default 4 096. */
  readonly hpackTableBytes: number;
  /** Default 16 384. */
  readonly frameBytesMax: number;
  readonly headersBytesMax: number;
  readonly headersCountMax: number;
  readonly trailersBytesMax: number;
  /** allow_connect: extended CONNECT. */
  readonly allowConnect: boolean;
  /** max_outbound_control_frames, default 1 000. */
  readonly controlFramesQueuedMax: number;
  readonly resetsPerSecondMax: number;
  readonly pingsPerSecondMax: number;
  readonly settingsPerSecondMax: number;
  readonly emptyDataPerSecondMax: number;
  readonly continuationsMax: number;
  /** max_inbound_priority_frames_per_stream, default 100. */
  readonly priorityPerStreamMax: number;
  /** max_inbound_window_update_frames_per_data_frame_sent, default 10. */
  readonly windowUpdatesPerDataMax: number;
  readonly serverResetsMax: number;
  /** Starling's 10, Envoy's Infinity: it resets stalled streams and lets their connection be. */
  readonly stalledStreamsMax: number;
  /** connection_keepalive; null: off. */
  readonly keepalive: KeepalivePlan | null;
  readonly underscores: "allow" | "reject" | "drop";
}

/** connection_keepalive: PING on a connection, and how long its answer may take. */
export interface KeepalivePlan {
  /** interval; Infinity: none. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** interval_jitter, default 15: up to this share of the interval is added to each. */
  readonly jitterPercent: number;
  /** connection_idle_interval: an upstream connection that was silent for longer is asked with its next request; Infinity: never. */
  readonly idleIntervalMs: number;
}
