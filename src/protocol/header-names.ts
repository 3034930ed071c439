// Header names that the proxy itself looks at or writes often, each with a small integer id, so that the path compares integers.
// Used by both codecs and by every filter. Holds no message state.

/** Ids 1–5 are the HTTP/2 pseudo-headers; HTTP/1 messages carry them too (RFC 9113 §8.3). 0 means "a name without an id". */
const NAMES = [
  "",
  ":method",
  ":scheme",
  ":authority",
  ":path",
  ":status",
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "content-type",
  "date",
  "server",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "keep-alive",
  "proxy-connection",
  "cookie",
  "set-cookie",
  "location",
  "user-agent",
  "accept",
  "accept-encoding",
  "accept-language",
  "authorization",
  "cache-control",
  "content-encoding",
  "etag",
  "last-modified",
  "vary",
  "via",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-client-cert",
  "x-request-id",
  "x-client-trace-id",
  "x-envoy-upstream-service-time",
  "x-envoy-expected-rq-timeout-ms",
  "x-envoy-attempt-count",
  "x-envoy-internal",
  "x-envoy-external-address",
  "x-envoy-original-path",
  "x-envoy-original-host",
  "x-envoy-original-url",
  "x-envoy-upstream-rq-timeout-ms",
  "x-envoy-upstream-rq-per-try-timeout-ms",
  "x-envoy-upstream-rq-timeout-alt-response",
  "x-envoy-retry-on",
  "x-envoy-retry-grpc-on",
  "x-envoy-max-retries",
  "x-envoy-retriable-status-codes",
  "x-envoy-retriable-header-names",
  "x-envoy-hedge-on-per-try-timeout",
  "x-envoy-upstream-alt-stat-name",
  "x-envoy-upstream-stream-duration-ms",
  "x-envoy-force-trace",
  "x-envoy-downstream-service-cluster",
  "x-envoy-downstream-service-node",
  "x-envoy-decorator-operation",
  "x-envoy-ip-tags",
  "x-envoy-overloaded",
  "x-envoy-immediate-health-check-fail",
  "x-envoy-degraded",
  "x-envoy-upstream-canary",
  "x-envoy-upstream-healthchecked-cluster",
  "x-envoy-is-timeout-retry",
  "x-envoy-ratelimited",
  "grpc-status",
  "grpc-message",
  "grpc-timeout",
  "grpc-encoding",
  "grpc-accept-encoding",
  "traceparent",
  "tracestate",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-sampled",
  "http2-settings",
  "origin",
  "referer",
  "accept-ranges",
  "age",
  "content-range",
  "range",
  "if-none-match",
  "if-modified-since",
  ":protocol",
  // The rest of HPACK's static table (RFC 7541 appendix A), so that each of its names has an id.
  "accept-charset",
  "access-control-allow-origin",
  "allow",
  "content-disposition",
  "content-language",
  "content-location",
  "expires",
  "from",
  "if-match",
  "if-range",
  "if-unmodified-since",
  "link",
  "max-forwards",
  "proxy-authenticate",
  "proxy-authorization",
  "refresh",
  "retry-after",
  "strict-transport-security",
  "www-authenticate",
] as const;

type Upper<S extends string> = S extends `${infer A}-${infer B}` ? `${Uppercase<A>}_${Upper<B>}` : Uppercase<S>;
type Key<S extends string> = S extends `:${infer Rest}` ? `PSEUDO_${Upper<Rest>}` : Upper<S>;
type NameKeys = Exclude<(typeof NAMES)[number], "">;

/** Id of each known name: `H.CONTENT_LENGTH`, `H.PSEUDO_PATH`. */
export const H: { readonly [N in NameKeys as Key<N>]: number } = Object.freeze(
  Object.fromEntries(
    NAMES.map((name, id) => [
      (name.startsWith(":") ? `pseudo-${name.slice(1)}` : name).toUpperCase().replaceAll("-", "_"),
      id,
    ]).slice(1),
  ),
) as never;

/** How many ids exist, 0 included: the size of a table indexed by name id. */
export const KNOWN_NAME_COUNT: number = NAMES.length;

/** The bytes of each known name, lower case; index is the id. */
export const KNOWN_NAME_BYTES: readonly Uint8Array[] = NAMES.map((name) => Buffer.from(name, "latin1"));

/** The text of each known name; index is the id. */
export const KNOWN_NAME_TEXT: readonly string[] = NAMES;

const idByText = new Map<string, number>(NAMES.map((name, id) => [name, id]));
idByText.delete("");

/** Id of a lower-case name, 0 when it has none. */
export function nameIdOfText(name: string): number {
  return idByText.get(name) ?? 0;
}

// Open-addressed table over (length, first, middle and last byte); collisions walk on. Built once, read per header.
const TABLE_BITS = 10;
const TABLE_MASK = (1 << TABLE_BITS) - 1;
const table = new Int16Array(1 << TABLE_BITS);
for (let id = 1; id < NAMES.length; id++) {
  const name = KNOWN_NAME_BYTES[id] as Uint8Array;
  let slot = hashOf(name, 0, name.length);
  while (table[slot] !== 0) slot = (slot + 1) & TABLE_MASK;
  table[slot] = id;
}

/** Id of the lower-case name in `bytes[start, end)`, 0 when it has none. */
export function nameIdOfBytes(bytes: Uint8Array, start: number, end: number): number {
  if (end === start) return 0;
  let slot = hashOf(bytes, start, end);
  for (;;) {
    const id = table[slot] as number;
    if (id === 0) return 0;
    const name = KNOWN_NAME_BYTES[id] as Uint8Array;
    if (name.length === end - start && sameBytes(name, bytes, start)) return id;
    slot = (slot + 1) & TABLE_MASK;
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = bytes[start] as number;
  const middle = bytes[start + (length >> 1)] as number;
  const last = bytes[end - 1] as number;
  return (
    (Math.imul(length, 0x9e5) ^ Math.imul(first, 0x1f3) ^ Math.imul(middle, 0x61d) ^ Math.imul(last, 0x2b)) & TABLE_MASK
  );
}

function sameBytes(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}
