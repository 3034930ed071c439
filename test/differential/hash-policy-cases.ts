// What of a request is hashed: every case runs through the real Envoy and through Starling, in front of a ring of five.
import type { HashCase, HashRequest } from "../support/hash-room.ts";

/** A case with its requests; default: keys in `x-key`. */
export interface HashingCase extends HashCase {
  readonly requests?: readonly HashRequest[];
}

type Fields = Readonly<Record<string, unknown>>;

/** What is hashed, by a ring of five. */
function hashed(name: string, hashPolicy: readonly unknown[], requests: readonly HashRequest[]): HashingCase {
  return { name: `hashed: ${name}`, cluster: { lb_policy: "RING_HASH" }, hashPolicy, requests };
}

/** The method of a header. */
export const header = (name: string, more: Fields = {}): Fields => ({ header: { header_name: name, ...more } });
/** Sixty requests. */
export const both = (more: (i: number) => HashRequest): HashRequest[] => Array.from({ length: 60 }, (_, i) => more(i));
/** All of them. */
export const HASHED: readonly HashingCase[] = [
  hashed(
    "the host",
    [header("host")],
    both((i) => ({ fields: { host: `h${i}.example` } })),
  ),
  hashed(
    "several values of a header in any order",
    [header("x-a")],
    both((i) => ({ fields: { "x-a": [`b${i}`, `a${i}`, "c"] } })),
  ),
  hashed(
    "an empty header",
    [header("x-a")],
    both(() => ({ fields: { "x-a": "" } })),
  ),
  hashed(
    "a rewritten header",
    [header("x-a", { regex_rewrite: { pattern: { regex: "^/([a-z]+)\\d*/.*$" }, substitution: "\\1" } })],
    both((i) => ({ fields: { "x-a": `/tenant${String.fromCharCode(97 + (i % 26))}${i}/page` } })),
  ),
  hashed(
    "the authority",
    [header(":authority")],
    both((i) => ({ fields: { host: `h${i}.example` } })),
  ),
  hashed(
    "the path",
    [header(":path")],
    both((i) => ({ query: `p${i}?q=${i}` })),
  ),
  hashed(
    "a query parameter",
    [{ query_parameter: { name: "u" } }],
    both((i) => ({ query: `?a=1&u=${i}%20&u=2` })),
  ),
  hashed(
    "an empty query parameter",
    [{ query_parameter: { name: "u" } }],
    both(() => ({ query: "?u" })),
  ),
  hashed(
    "the client's address",
    [{ connection_properties: { source_ip: true } }],
    both((i) => ({ fields: { "x-forwarded-for": `10.0.${i}.7` } })),
  ),
  hashed(
    "an IPv6 address in any spelling",
    [{ connection_properties: { source_ip: true } }],
    both((i) => ({ fields: { "x-forwarded-for": `2001:DB8:0:0::${i}` } })),
  ),
  hashed(
    "a cookie",
    [{ cookie: { name: "u" } }],
    both((i) => ({ fields: { cookie: `x=1; u=v${i}; u=2` } })),
  ),
  hashed(
    "a cookie in quotes",
    [{ cookie: { name: "u", ttl: "5s" } }],
    both((i) => ({ fields: { cookie: `x; =; u="v${i}" ; z` } })),
  ),
  hashed(
    "several things, each with a turn",
    [header("x-a"), header("x-b"), { query_parameter: { name: "u" } }, header("x-a")],
    both((i) => ({
      fields: { "x-a": `a${i % 7}`, ...(i % 3 === 0 ? {} : { "x-b": `b${i}` }) },
      query: i % 2 === 0 ? "?u=1" : "",
    })),
  ),
  hashed(
    "the first terminal one that is there",
    [{ ...header("x-a"), terminal: true }, { ...header("x-b"), terminal: true }, header("x-c")],
    both((i) => ({ fields: { ...(i % 2 === 0 ? { "x-a": "a" } : {}), "x-b": `b${i % 5}`, "x-c": `c${i}` } })),
  ),
  hashed(
    "a terminal one that is not there, after one that is",
    [header("x-a"), { ...header("x-b"), terminal: true }, header("x-c")],
    both((i) => ({ fields: { "x-a": `a${i % 5}`, "x-c": `c${i}` } })),
  ),
  hashed(
    "a header that is not there, then one that is",
    [header("x-a"), header("x-key")],
    both((i) => ({ fields: { "x-key": `k${i}` } })),
  ),
];
