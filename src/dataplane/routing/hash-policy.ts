// The hash of a request by a route's hash_policy, as Envoy makes it: each method gives a hash or none, and what came before is rotated by
// one bit before the next is mixed in. Called by exchange/request-hash.ts, only for requests whose cluster or split goes by a hash.
import { Bits64 } from "../../base/bits64.ts";
import { ipText, parseIp } from "../../base/ip-address.ts";
import { xxHash64 } from "../../base/xx-hash64.ts";
import type { HashMethodPlan } from "../../config/plan/hash-policy.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { queryOf } from "./path-matcher.ts";
import { regexOf } from "./patterns.ts";
import { queryValue } from "./query-matcher.ts";

type CookieMethod = Extract<HashMethodPlan, { kind: "cookie" }>;

/** What is asked of a request. */
export interface HashedRequest {
  readonly head: HeaderList;
  /** Empty: not known. */
  readonly clientAddress: string;
  /** The value of a cookie that the client gets with the answer, because it has none; empty: it cannot get one. */
  makeCookie(method: CookieMethod): string;
}

/** Puts the hash into `into`; false: the request has nothing that is hashed. */
export function hashRequest(methods: readonly HashMethodPlan[], request: HashedRequest, into: Bits64): boolean {
  let isHashed = false;
  into.set(0, 0);
  for (const method of methods) {
    if (hashMethod(method, request)) {
      into.rotate(1);
      into.xor(one.high, one.low);
      isHashed = true;
    }
    if (method.terminal && isHashed) break;
  }
  return isHashed;
}

/** Puts the hash of a client's address into `into`; false: there is none. */
export function hashAddress(address: string, into: Bits64): boolean {
  if (address === "") return false;
  into.set(0, 0);
  // IPv6 has several texts; a header may hold any of them.
  const bytes = address.includes(":") ? parseIp(address) : null;
  xxHash64(bytes === null ? address : ipText(bytes), into);
  return true;
}

/** The hash of one method in `one`. */
function hashMethod(method: HashMethodPlan, request: HashedRequest): boolean {
  switch (method.kind) {
    case "header":
      return hashHeader(method, request.head);
    case "cookie": {
      const value = cookieValue(request.head, method.name) || (method.ttlSeconds < 0 ? "" : request.makeCookie(method));
      return value !== "" && hashText(value);
    }
    case "source_ip":
      return hashAddress(request.clientAddress, one);
    case "query": {
      const query = queryOf(request.head.value(H.PSEUDO_PATH) ?? "");
      const value = query === undefined ? undefined : queryValue(query, method.name);
      return value !== undefined && hashText(value);
    }
  }
}

/** Of several fields of the name the values are hashed in the order of their bytes, each with the hash before it as the seed. */
function hashHeader(method: Extract<HashMethodPlan, { kind: "header" }>, head: HeaderList): boolean {
  const name = method.header === "host" ? ":authority" : method.header;
  const first = head.findName(name);
  if (first < 0) return false;
  const second = head.findName(name, first + 1);
  if (second < 0) return hashText(rewritten(method, head.valueText(first)));
  const values = [rewritten(method, head.valueText(first))];
  for (let at = second; at >= 0; at = head.findName(name, at + 1)) values.push(rewritten(method, head.valueText(at)));
  one.set(0, 0);
  for (const value of values.sort((a, b) => (a < b ? -1 : 1))) xxHash64(value, one);
  return true;
}

function rewritten({ rewrite }: Extract<HashMethodPlan, { kind: "header" }>, value: string): string {
  return rewrite === null ? value : regexOf(rewrite.pattern).replace(value, rewrite.substitution);
}

/** The value of the first cookie of a name, without the quotes that may be around it; empty: there is none. */
export function cookieValue(head: HeaderList, name: string): string {
  for (let at = head.find(H.COOKIE); at >= 0; at = head.findName("cookie", at + 1)) {
    for (const pair of head.valueText(at).split(";")) {
      const equals = pair.indexOf("=");
      if (equals < 0 || pair.slice(0, equals).trimStart() !== name) continue;
      const value = pair.slice(equals + 1);
      return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
    }
  }
  return "";
}

function hashText(text: string): boolean {
  one.set(0, 0);
  xxHash64(text, one);
  return true;
}

const one = new Bits64();
