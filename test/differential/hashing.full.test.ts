// The same requests through the real Envoy and through Starling, which have the same endpoints: the same endpoint for every key, and the
// same gauges of rings and tables.
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, before, describe, it } from "mocha";
import { addressServer, HashRoom } from "../support/hash-room.ts";
import { envoyInstalled } from "../support/live-proxy.ts";
import { HASHING_CASES, keyed } from "./hash-cases.ts";

const KEYS = keyed(500);

describe("balancing by hash, the real Envoy beside Starling", function () {
  this.timeout(120_000);
  let server: Server;
  let envoy: HashRoom;
  let starling: HashRoom;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    server = await addressServer();
    envoy = await HashRoom.start("envoy", HASHING_CASES, server);
    starling = await HashRoom.start("starling", HASHING_CASES, server);
  });

  after(async () => {
    await envoy?.stop();
    await starling?.stop();
    server?.close();
  });

  for (const [index, { name, requests = KEYS }] of HASHING_CASES.entries()) {
    it(`the same endpoint for every request: ${name}`, async () => {
      const theirs = await envoy.endpoints(index, requests);
      assert.deepEqual(await starling.endpoints(index, requests), theirs);
    });
  }

  for (const [index, { name }] of HASHING_CASES.entries()) {
    it(`the same gauges: ${name}`, async () => {
      const [theirs, ours] = [await envoy.gauges(index, LB), await starling.gauges(index, LB)];
      assert.ok(theirs.length > 0);
      assert.deepEqual(ours, theirs);
    });
  }
});

const LB = /ring_hash_lb|maglev_lb|lb_healthy_panic|upstream_cx_none_healthy/;
