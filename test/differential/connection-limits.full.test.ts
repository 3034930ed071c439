// Connections that idle, live, carry or say too much, through the real Envoy and through Starling: what the client saw, and what was counted.
import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { type LimitOutcome, limitOutcomes } from "../support/limit-room.ts";
import { envoyInstalled } from "../support/live-proxy.ts";
import { LIMIT_CASES } from "./connection-limit-cases.ts";
import { DEVIATIONS } from "./deviations.ts";

const deliberate = new Map(DEVIATIONS.map((one) => [one.case, one]));

describe("limits of connections, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let envoy: ReadonlyMap<string, LimitOutcome>;
  let starling: ReadonlyMap<string, LimitOutcome>;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    // Most of it is waiting, which they do at the same time.
    const both = [limitOutcomes("envoy", LIMIT_CASES), limitOutcomes("starling", LIMIT_CASES)] as const;
    [envoy, starling] = await Promise.all(both);
  });

  for (const { name } of LIMIT_CASES) {
    const deviation = deliberate.get(name);
    it(deviation === undefined ? `seen and counted alike: ${name}` : `${name} differs: ${deviation.why}`, () => {
      const [theirs, ours] = [envoy.get(name), starling.get(name)];
      assert.ok(theirs !== undefined && ours !== undefined);
      if (deviation === undefined) {
        assert.deepEqual(ours.seen, theirs.seen);
        assert.deepEqual(ours.counted, theirs.counted);
      } else assert.notDeepEqual(ours, theirs, "it does not differ any more: take it out of the table");
    });
  }

  it("the codecs of all clients count alike, but for heads that are too large", () => {
    const counted = (room: ReadonlyMap<string, LimitOutcome>): string[] =>
      (room.get("")?.counted ?? []).filter((line) => !/header_overflow|tx_reset/.test(line));
    assert.ok(counted(starling).includes("http2.keepalive_timeout: 2"));
    assert.deepEqual(counted(starling), counted(envoy));
  });
});
