// HPACK's static table (RFC 7541 appendix A) in terms of name ids. Read by the decoder and the encoder; never changed.
import { KNOWN_NAME_BYTES, KNOWN_NAME_COUNT, nameIdOfText } from "../../header-names.ts";

const ROWS: readonly (readonly [string, string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** Number of static entries; dynamic indices start after it. */
export const STATIC_COUNT: number = ROWS.length;

/** Name id by static index; 0 at index 0, which means nothing. Every name of the table has an id. */
export const STATIC_NAME_ID: Uint8Array = Uint8Array.of(0, ...ROWS.map(([name]) => nameIdOfText(name)));

/** Value bytes by static index. */
export const STATIC_VALUE: readonly Buffer[] = [
  Buffer.alloc(0),
  ...ROWS.map(([, value]) => Buffer.from(value, "latin1")),
];

/** First static index of a name id, 0 when the table has none: good for literals with an indexed name. */
export const STATIC_INDEX_OF_NAME: Uint8Array = new Uint8Array(KNOWN_NAME_COUNT);

/** How many static entries of a name id carry a value; they follow `STATIC_INDEX_OF_NAME`. 0 for most names. */
export const STATIC_VALUES_OF_NAME: Uint8Array = new Uint8Array(KNOWN_NAME_COUNT);

/** Length of each known name in bytes: what it counts in table sizes and limits. */
export const KNOWN_NAME_LENGTH: Uint8Array = Uint8Array.from(KNOWN_NAME_BYTES, (name) => name.length);

for (let index = STATIC_COUNT; index > 0; index--) {
  const id = STATIC_NAME_ID[index] as number;
  STATIC_INDEX_OF_NAME[id] = index;
  if ((STATIC_VALUE[index] as Buffer).length > 0) {
    STATIC_VALUES_OF_NAME[id] = (STATIC_VALUES_OF_NAME[id] as number) + 1;
  }
}
