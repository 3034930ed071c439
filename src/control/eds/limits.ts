// What a client may cost this node's endpoint discovery.

/** Streams at once; a further one is refused (RESOURCE_EXHAUSTED). A proxy has one, or one a cluster. */
export const STREAMS_MAX = 8_192;

/** Names that one stream may subscribe to; more of them end it (RESOURCE_EXHAUSTED). */
export const NAMES_MAX = 65_536;

/** Bytes of a request; a larger one ends its stream. Envoy's first one is about 40 KB: it names its extensions. */
export const REQUEST_BYTES_MAX: number = 4 << 20;

/**
 * A response that has so many bytes takes no further assignment: the rest goes into the next one. Clients of gRPC's own libraries take 4 MiB
 * at most, which some 100,000 endpoints of one cluster fill.
 */
export const RESPONSE_BYTES: number = 1 << 20;

/** How often flags are looked at while somebody is subscribed. With a wheel of 5 ms a change is seen after 10 ms at most. */
export const LOOK_MS = 0;

/** A cluster that has no endpoint is not told so before: what is announced or resolved may still come, and clients keep what they have. */
export const EMPTY_PATIENCE_MS = 5_000;
