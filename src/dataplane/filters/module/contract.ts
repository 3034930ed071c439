// The public contract of filter modules: what a file named by starling.filters.http.module exports, and what it gets. Names are those of
// Envoy's own filters. Types only: a module imports them with `import type` and needs nothing of Starling at run time.

/**
 * What a filter module exports as `open`. Called once per worker for the filter's `config`, and once for each other configuration that a
 * route gives it; what it throws is a mistake of the configuration.
 */
export type OpenFilter = (config: FilterConfig, context: FilterContext) => FilterFactory;

/** `config` of the file, free-form and frozen; an empty object when there is none. */
export type FilterConfig = { readonly [name: string]: unknown };

/** Makes the filter of one request; null: it has nothing to do with it, which costs next to nothing. */
export type FilterFactory = (callbacks: StreamCallbacks) => StreamFilter | null;

/** What a filter shares with the worker it runs in. */
export interface FilterContext {
  /** The filter's name in http_filters. */
  readonly name: string;
  /** A counter `http.<stat_prefix>.module.<filter name>.<name>`; letters, digits, `_` and `.`, at most 64 names, else it throws. */
  counter(name: string): Counter;
  /** A line of the node's log; beyond 20 a second they are dropped and counted in the next one. */
  log(level: "debug" | "info" | "warning" | "error", text: string): void;
}

/** A counter; all workers count into one number. */
export interface Counter {
  /** Default 1. */
  add(amount?: number): void;
}

/**
 * What a hook answers. `Continue` (or nothing): the message goes on. `StopIteration`: it waits in this filter until `continueDecoding` or
 * `continueEncoding`; meanwhile its hooks still see the body that comes, 32 KiB of it before the source is paused.
 */
export type FilterStatus = "Continue" | "StopIteration";

/** What a hook for a head answers: a promise is a `StopIteration` that ends by itself. */
export type HeadersAnswer = FilterStatus | undefined | Promise<FilterStatus | undefined>;

/** What a hook for data answers: bytes go on in place of those it was shown. */
export type DataAnswer = FilterStatus | undefined | Uint8Array;

/**
 * The filter of one request. `decode…` sees the request in the order of http_filters, `encode…` the response in the opposite order, local
 * replies included. A hook that throws ends its request with 500; others are not touched. `data` is lent for the time of the call.
 */
export interface StreamFilter {
  decodeHeaders?(headers: HeaderMap, endStream: boolean): HeadersAnswer;
  decodeData?(data: Uint8Array, endStream: boolean): DataAnswer;
  decodeTrailers?(trailers: HeaderMap): FilterStatus | undefined;
  encodeHeaders?(headers: HeaderMap, endStream: boolean): HeadersAnswer;
  encodeData?(data: Uint8Array, endStream: boolean): DataAnswer;
  encodeTrailers?(trailers: HeaderMap): FilterStatus | undefined;
  /** The request is over, whatever its end. */
  onDestroy?(): void;
}

/** What a filter may ask of its request. After the request's end nothing has an effect. */
export interface StreamCallbacks {
  /** The request's head as it is now. */
  readonly requestHeaders: HeaderMap;
  readonly streamInfo: StreamInfo;
  /** The request goes on behind this filter. */
  continueDecoding(): void;
  /** The response goes on behind this filter. */
  continueEncoding(): void;
  /** Answers the request here: in a hook, or while the request waits in this filter. */
  sendLocalReply(reply: LocalReplyOptions): void;
  /** The route is chosen anew: for a filter that changed what routes look at. */
  clearRouteCache(): void;
  /** `%DYNAMIC_METADATA(namespace:key)%` of access logs and added headers: what JSON can hold, else it throws. */
  setDynamicMetadata(namespace: string, key: string, value: unknown): void;
  /** Bytes of the request that may wait in this filter before the client is paused. */
  setDecoderBufferLimit(bytes: number): void;
  /** Bytes of the response that may wait in this filter before the upstream is paused. */
  setEncoderBufferLimit(bytes: number): void;
}

/** A local reply. */
export interface LocalReplyOptions {
  /** 200 to 599. */
  readonly status: number;
  /** Default none. */
  readonly body?: string;
  /** Fields besides content-length and, for a body, content-type text/plain. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For gRPC requests; default: by the status. */
  readonly grpcStatus?: number;
  /** Response code details; default `module_local_reply`. */
  readonly details?: string;
}

/**
 * Fields of a message in their order. Names are without regard to case; `:method`, `:scheme`, `:authority`, `:path` and `:status` are fields.
 * Setting what would break the framing (transfer-encoding, connection …) or no legal name or value throws.
 */
export interface HeaderMap {
  /** Values of a field joined by a comma; undefined: there is none. */
  get(name: string): string | undefined;
  has(name: string): boolean;
  /** In place of every field of this name. */
  set(name: string, value: string): void;
  /** One more field. */
  add(name: string, value: string): void;
  /** Whether there was one. */
  remove(name: string): boolean;
  /** All fields. */
  entries(): readonly (readonly [name: string, value: string])[];
}

/** What is known of a request now; empty texts: not yet. */
export interface StreamInfo {
  readonly protocol: "HTTP/1.1" | "HTTP/2";
  /** The client, by x-forwarded-for where it is trusted. */
  readonly downstreamRemoteAddress: string;
  /** The peer of the connection. */
  readonly downstreamDirectRemoteAddress: string;
  readonly virtualHostName: string;
  readonly routeName: string;
  /** The cluster that the route leads to. */
  readonly clusterName: string;
  /** `address:port` of the endpoint. */
  readonly upstreamHost: string;
  /** Short names, `UH`. */
  readonly responseFlags: readonly string[];
  /** 0: not yet. */
  readonly responseCode: number;
  readonly responseCodeDetails: string;
}
