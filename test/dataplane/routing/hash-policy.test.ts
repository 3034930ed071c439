// The hash of a request: what each method takes of it, and how several are put together. What Envoy makes of the same is asked in
// test/differential/hashing.full.test.ts.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Bits64 } from "../../../src/base/bits64.ts";
import { xxHash64 } from "../../../src/base/xx-hash64.ts";
import type { HashMethodPlan } from "../../../src/config/plan/hash-policy.ts";
import { cookieValue, hashRequest } from "../../../src/dataplane/routing/hash-policy.ts";
import { HeaderList } from "../../../src/protocol/header-list.ts";

type Fields = readonly (readonly [name: string, value: string])[];

function head(fields: Fields): HeaderList {
  const list = new HeaderList();
  for (const [name, value] of fields) list.add(name, value);
  return list;
}

/** The hash in hex; null: none. */
function hashed(methods: readonly HashMethodPlan[], fields: Fields, clientAddress: string = ""): string | null {
  const bits = new Bits64();
  const request = { head: head(fields), clientAddress, makeCookie: () => "made" };
  return hashRequest(methods, request, bits) ? bits.hex : null;
}

function hashOf(...texts: readonly string[]): string {
  const bits = new Bits64();
  for (const text of texts) xxHash64(text, bits);
  return bits.hex;
}

/** Each hash mixed into those before it, turned by one bit. */
function mixed(...texts: readonly string[]): string {
  const all = texts.reduce((sum, text) => {
    const turned = ((sum << 1n) | (sum >> 63n)) & 0xffff_ffff_ffff_ffffn;
    return turned ^ BigInt(`0x${hashOf(text)}`);
  }, 0n);
  return all.toString(16).padStart(16, "0");
}

const header = (name: string, terminal: boolean = false): HashMethodPlan => ({
  kind: "header",
  header: name,
  rewrite: null,
  terminal,
});
const cookie = (ttlSeconds: number): HashMethodPlan => ({
  kind: "cookie",
  name: "u",
  ttlSeconds,
  path: "",
  attributes: [],
  terminal: false,
});
const source: HashMethodPlan = { kind: "source_ip", terminal: false };
const query: HashMethodPlan = { kind: "query", name: "u", terminal: false };
const rewrite: HashMethodPlan = {
  kind: "header",
  header: "a",
  rewrite: { pattern: "[0-9]+", substitution: "#" },
  terminal: false,
};

const CASES: readonly (readonly [name: string, hash: string | null, expected: string | null])[] = [
  ["a header", hashed([header("a")], [["a", "x"]]), hashOf("x")],
  ["a header that is not there", hashed([header("a")], []), null],
  [
    "several values in their order",
    hashed(
      [header("a")],
      [
        ["a", "y"],
        ["a", "x"],
      ],
    ),
    hashOf("x", "y"),
  ],
  ["the host", hashed([header("host")], [[":authority", "h"]]), hashOf("h")],
  ["a rewritten header", hashed([rewrite], [["a", "x12y3"]]), hashOf("x#y#")],
  ["a cookie", hashed([cookie(-1)], [["cookie", "v=1; u=2"]]), hashOf("2")],
  ["a cookie that is not there", hashed([cookie(-1)], [["cookie", "v=1"]]), null],
  ["a cookie that is made", hashed([cookie(0)], []), hashOf("made")],
  ["the client's address", hashed([source], [], "192.0.2.1"), hashOf("192.0.2.1")],
  ["an IPv6 address in one form", hashed([source], [], "2001:DB8:0::1"), hashOf("2001:db8::1")],
  ["no address", hashed([source], []), null],
  ["the first query parameter of a name", hashed([query], [[":path", "/?v=1&u=2&u=3"]]), hashOf("2")],
  ["no query", hashed([query], [[":path", "/"]]), null],
  [
    "two things",
    hashed(
      [header("a"), header("b")],
      [
        ["a", "x"],
        ["b", "y"],
      ],
    ),
    mixed("x", "y"),
  ],
  ["the same thing twice", hashed([header("a"), header("a")], [["a", "x"]]), mixed("x", "x")],
  ["one of three", hashed([header("a"), header("b"), header("c")], [["b", "y"]]), hashOf("y")],
  [
    "nothing behind a terminal one",
    hashed(
      [header("a", true), header("b")],
      [
        ["a", "x"],
        ["b", "y"],
      ],
    ),
    hashOf("x"),
  ],
  ["more behind a terminal one that is not there", hashed([header("a", true), header("b")], [["b", "y"]]), hashOf("y")],
];

describe("the hash of a request", () => {
  for (const [name, hash, expected] of CASES) it(`takes ${name}`, () => assert.equal(hash, expected));
});

describe("a cookie's value", () => {
  const rows: readonly (readonly [cookies: readonly string[], value: string])[] = [
    [["u=1"], "1"],
    [["x=u=3; u=1; u=2"], "1"],
    [["x; =; u = 1"], ""],
    [["ux=1", "u=2"], "2"],
    [['u="1"'], "1"],
    [['u="'], '"'],
    [["u=a=b"], "a=b"],
  ];
  for (const [cookies, value] of rows) {
    it(`is ${value === "" ? "empty" : value} in ${cookies.join(" and ")}`, () => {
      assert.equal(cookieValue(head(cookies.map((text) => ["cookie", text] as const)), "u"), value);
    });
  }
});
