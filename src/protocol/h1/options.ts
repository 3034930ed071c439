// What a configuration can say about the HTTP/1 codec. Structurally equal to config's plan, which this room may not import.

/** Options and limits of one side; every field is set (config/plan/http-protocol.ts has the defaults). */
export interface Http1Options {
  /** Request or status line and fields together, 32 bytes a field on top. Default 61 440; 431 beyond. */
  readonly headersBytesMax: number;
  /** Fields of a head on the wire. Default 100; 431 beyond. */
  readonly headersCountMax: number;
  /** Trailer section. Default 8 192; 431 beyond. */
  readonly trailersBytesMax: number;
  /** accept_http_10. Without it HTTP/1.0 gets 426. */
  readonly acceptHttp10: boolean;
  /** default_host_for_http_10; empty: a request of HTTP/1.0 without Host is refused. */
  readonly defaultHostForHttp10: string;
  /** enable_trailers: false reads and drops them, and drops those that are to be written. */
  readonly trailers: boolean;
  /** header_key_format: proper_case_words. */
  readonly properCase: boolean;
  /** allow_absolute_url: false refuses `GET http://host/path` with 400. */
  readonly allowAbsoluteUrl: boolean;
  /** Bytes of the extensions of one chunk. Default 256; 400 beyond. */
  readonly chunkExtensionBytesMax: number;
  /** headers_with_underscores_action. */
  readonly underscores: "allow" | "reject" | "drop";
}
