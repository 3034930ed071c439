// Several requests at once to clusters with narrow limits, through the real Envoy and through Starling: who is answered, the gauges while
// they run, the limits that /clusters shows, and what was counted in the end.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { settleAlike } from "../support/compare-rooms.ts";
import { envoyInstalled } from "../support/live-proxy.ts";
import { RetryRoom } from "../support/retry-room.ts";
import type { RetryCase } from "./retry-cases.ts";

const AT_ONCE = 4;

function limited(name: string, limits: Readonly<Record<string, unknown>>): RetryCase {
  return { name, cluster: { circuit_breakers: limits }, script: ["held"] };
}

const CASES: readonly RetryCase[] = [
  limited("nothing limits them", { thresholds: [{ track_remaining: true }] }),
  limited("one request at a time", { thresholds: [{ max_requests: 1, track_remaining: true }] }),
  limited("one connection, one that waits", {
    thresholds: [{ max_connections: 1, max_pending_requests: 1, track_remaining: true }],
  }),
  limited("two connections to each endpoint", {
    thresholds: [{ max_pending_requests: 1, track_remaining: true }],
    per_host_thresholds: [{ max_connections: 2 }],
  }),
  limited("two requests by the runtime", { thresholds: [{ max_requests: 9, track_remaining: true }] }),
  limited("a retry budget", { thresholds: [{ track_remaining: true, retry_budget: { min_retry_concurrency: 5 } }] }),
];
const RUNTIME = { circuit_breakers: { c4: { default: { max_requests: 2, max_connections: 7 } } } };

describe("circuit breakers, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let envoy: RetryRoom;
  let starling: RetryRoom;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await RetryRoom.start("envoy", CASES, RUNTIME);
    starling = await RetryRoom.start("starling", CASES, RUNTIME);
  });

  after(async () => {
    await envoy?.stop();
    await starling?.stop();
  });

  const run = async (room: RetryRoom, one: RetryCase, index: number): Promise<unknown> => {
    const answers: Promise<string>[] = [];
    while (answers.length < AT_ONCE) {
      answers.push(room.answer(one, index));
      await room.untilTaken(index, answers.length); // the next one finds what this one took
    }
    const breakers = await room.breakers(index);
    const limits = await room.limits(index);
    room.release(one, index);
    const statuses = (await Promise.all(answers)).map((answer) => answer.split("\r\n", 1)[0]).toSorted();
    return { statuses, breakers, limits };
  };

  for (const [index, one] of CASES.entries()) {
    it(one.name, async () => {
      const [theirs, ours] = await Promise.all([run(envoy, one, index), run(starling, one, index)]);
      assert.deepEqual(ours, theirs);
      await settleAlike(() => Promise.all([starling.counters(index), envoy.counters(index)]));
      await settleAlike(() => Promise.all([starling.endpoint(index), envoy.endpoint(index)]));
    });
  }
});
