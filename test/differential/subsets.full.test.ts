// The same requests through the real Envoy and through Starling to clusters with subsets: who answers them and how often, and what was
// counted of subsets.
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, before, describe, it } from "mocha";
import { addressServer, HashRoom } from "../support/hash-room.ts";
import { envoyInstalled } from "../support/live-proxy.ts";
import { keyed } from "./hash-cases.ts";
import { HASHED_SUBSETS, SUBSET_CASES } from "./subset-cases.ts";

const CASES = [...SUBSET_CASES, ...HASHED_SUBSETS];
/** Shares of two, three, four and five endpoints are whole. */
const REQUESTS = keyed(120);

describe("subsets, the real Envoy beside Starling", function () {
  this.timeout(120_000);
  let server: Server;
  let envoy: HashRoom;
  let starling: HashRoom;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    server = await addressServer();
    envoy = await HashRoom.start("envoy", CASES, server);
    starling = await HashRoom.start("starling", CASES, server);
  });

  after(async () => {
    await envoy?.stop();
    await starling?.stop();
    server?.close();
  });

  for (const [index, { name }] of CASES.entries()) {
    it(`the same endpoints, as often: ${name}`, async () => {
      const isHashed = index >= SUBSET_CASES.length;
      const outcome = async (room: HashRoom): Promise<unknown> => {
        const found = await room.endpoints(index, REQUESTS);
        return isHashed ? found : shares(found);
      };
      const theirs = await outcome(envoy);
      assert.deepEqual(await outcome(starling), theirs);
      const [counted, ours] = [await envoy.gauges(index, COUNTED), await starling.gauges(index, COUNTED)];
      assert.ok(counted.length > 0);
      assert.deepEqual(ours, counted.map(once));
    });
  }
});

function shares(endpoints: readonly string[]): unknown {
  const counts = Object.groupBy(endpoints, (one) => one);
  return Object.entries(counts)
    .map(([endpoint, those]) => `${endpoint}: ${those?.length}`)
    .toSorted();
}

/** Envoy counts the subsets of each thread: one worker's and the main thread's. */
function once(line: string): string {
  return line.replace(/(?<=lb_subsets_(?:active|created|removed): )\d+/, (count) => String(Number(count) / 2));
}

const COUNTED = /lb_subsets|lb_healthy_panic|upstream_cx_none_healthy/;
