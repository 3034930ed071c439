// Requests whose attempts fail, through the real Envoy and through Starling: the same attempts reach the upstream, and the same answer,
// counters and access log line come of them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { envoyInstalled } from "../support/live-proxy.ts";
import { RetryRoom } from "../support/retry-room.ts";
import { RETRY_CASES } from "./retry-cases.ts";
import { ORDER_CASES } from "./retry-order-cases.ts";

const CASES = [...RETRY_CASES, ...ORDER_CASES];

describe("retries, the real Envoy beside Starling", function () {
  this.timeout(120_000);
  let envoy: RetryRoom;
  let starling: RetryRoom;
  const logs: string[][] = [];

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await RetryRoom.start("envoy", CASES);
    starling = await RetryRoom.start("starling", CASES);
  });

  after(async () => {
    await envoy?.stop();
    await starling?.stop();
  });

  for (const [index, one] of CASES.entries()) {
    it(one.name, async () => {
      const [theirs, ours] = await Promise.all([envoy.ask(one, index), starling.ask(one, index)]);
      assert.equal(ours, theirs);
      assert.deepEqual(await starling.counters(index), await envoy.counters(index));
      assert.deepEqual(await starling.endpoint(index), await envoy.endpoint(index));
    });
  }

  it("leave the same lines in the access log", async () => {
    for (const room of [envoy, starling]) logs.push((await room.stop()).toSorted());
    assert.deepEqual(logs[1], logs[0]);
  });
});
