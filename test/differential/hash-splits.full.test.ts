// Cookies that a hash policy sets, weighted clusters that go by a hash, bounded loads and TCP proxies, through the real Envoy and through
// Starling.
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, before, describe, it } from "mocha";
import { Bits64 } from "../../src/base/bits64.ts";
import { xxHash64 } from "../../src/base/xx-hash64.ts";
import { addressServer, type Cookie, type HashCase, HashRoom } from "../support/hash-room.ts";
import { envoyInstalled } from "../support/live-proxy.ts";
import { BOUNDED_CASES, keyed } from "./hash-cases.ts";

const RING = { lb_policy: "RING_HASH" };
const KEY = { header: { header_name: "x-key" } };
const NOBODY = [{ endpoints: {} }];

function asked(name: string, hashPolicy: readonly unknown[], more: Partial<HashCase> = {}): HashCase {
  return { name, cluster: RING, hashPolicy, ...more };
}

const COOKIES: readonly HashCase[] = [
  asked("for a session", [{ cookie: { name: "u", ttl: "0s" } }]),
  asked("for a time, a path and with attributes", [
    {
      cookie: {
        name: "u",
        ttl: "61.9s",
        path: "/x",
        attributes: [{ name: "SameSite", value: "Lax" }, { name: "Secure" }],
      },
    },
  ]),
  asked("without a ttl", [{ cookie: { name: "u" } }]),
  asked("after another hash", [KEY, { cookie: { name: "u", ttl: "5s" } }]),
  asked("after a terminal hash", [{ ...KEY, terminal: true }, { cookie: { name: "u", ttl: "5s" } }]),
  asked("two of them", [{ cookie: { name: "u", ttl: "5s" } }, { cookie: { name: "v", ttl: "6s" } }]),
  asked("the same one twice", [{ cookie: { name: "u", ttl: "5s" } }, { cookie: { name: "w", ttl: "5s" } }]),
  asked("where nobody goes by a hash", [{ cookie: { name: "u", ttl: "5s" } }], { cluster: {} }),
  asked("where there is no endpoint", [{ cookie: { name: "u", ttl: "5s" } }], { groups: NOBODY }),
];

const WEIGHTED = [
  [90, 10],
  [1, 1],
  [7, 0, 5, 30],
];

/** Clusters of one endpoint each, and a split of them. */
const SPLITS: readonly HashCase[] = WEIGHTED.flatMap((weights, split) => {
  const first = WEIGHTED.slice(0, split).reduce((sum, before) => sum + before.length, 0);
  const clusters = weights.map((weight, i) => ({ name: `c${first + i}`, weight }));
  const action = { cluster: undefined, weighted_clusters: { clusters, use_hash_policy: true } };
  return weights.map((_, i) => ({
    name: weights.join(":"),
    cluster: {},
    groups: [{ endpoints: { [first + i + 2]: {} } }],
    ...(i === 0 ? { action } : {}),
  }));
});

describe("cookies and splits by hash, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let server: Server;
  const rooms: HashRoom[] = [];

  before(async function () {
    if (!envoyInstalled()) this.skip();
    server = await addressServer();
    for (const cases of [COOKIES, SPLITS, BOUNDED_CASES]) {
      for (const program of ["envoy", "starling"] as const) rooms.push(await HashRoom.start(program, cases, server));
    }
  });

  after(async () => {
    for (const room of rooms) await room.stop();
    server?.close();
  });

  for (const [index, { name }] of COOKIES.entries()) {
    it(`the same cookie: ${name}`, async () => {
      const [theirs, ours] = [await rooms[0]?.cookie(index), await rooms[1]?.cookie(index)] as [Cookie, Cookie];
      assert.deepEqual(withoutValue(ours), withoutValue(theirs));
      for (const { setCookie, remote, local } of [theirs, ours]) {
        for (const text of setCookie) assert.equal(/"(.*?)"/.exec(text)?.[1], hex(remote + local));
      }
    });
  }

  it("the same endpoint for every client of a TCP proxy", async () => {
    const clients = Array.from({ length: 60 }, (_, i) => `127.0.1.${i + 1}`);
    const [theirs, ours] = await Promise.all(
      rooms.slice(0, 2).map((room) => Promise.all(clients.map((from) => room.tcpEndpoint(from)))),
    );
    assert.equal(new Set(theirs).size, 5);
    assert.deepEqual(ours, theirs);
  });

  for (const [index, { name }] of BOUNDED_CASES.entries()) {
    it(`the same endpoint while requests pile up: ${name}`, async () => {
      const keys = Array.from({ length: 24 }, (_, i) => `key-${i % 3}`);
      const theirs = await rooms[4]?.heldAt(index, keys, server);
      assert.deepEqual(await rooms[5]?.heldAt(index, keys, server), theirs);
    });
  }

  for (const [index, { name, action }] of SPLITS.entries()) {
    const keys = action === undefined ? keyed(5) : keyed(500);
    it(`the same cluster for every key: ${name}, ${action === undefined ? "one of them" : "split"}`, async () => {
      const theirs = (await rooms[2]?.endpoints(index, keys)) ?? [];
      assert.ok(action === undefined || new Set(theirs).size > 1);
      assert.deepEqual(await rooms[3]?.endpoints(index, keys), theirs);
    });
  }
});

function withoutValue({ status, setCookie }: Cookie): unknown {
  return { status, setCookie: setCookie.map((text) => text.replace(/"[0-9a-f]{16}"/, '"<16 hex>"')) };
}

function hex(text: string): string {
  const bits = new Bits64();
  xxHash64(text, bits);
  return bits.hex;
}
