// The same requests through the real Envoy and through Starling, each in a room of its own, and everything that came of them compared.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { after, before, describe, it } from "mocha";
import type { RetryCase } from "../differential/retry-cases.ts";
import { envoyInstalled } from "./live-proxy.ts";
import { eventually } from "./nodes.ts";
import { RetryRoom } from "./retry-room.ts";

/** What the file of both rooms says besides. */
export interface RoomFields {
  /** Keys of a static runtime layer. */
  readonly runtime?: Readonly<Record<string, unknown>>;
  /** Fields of the router filter. */
  readonly router?: Readonly<Record<string, unknown>>;
}

/** A test of each case: the client's answer, the attempts, counters, and at the end the access log. */
export function compareRooms(title: string, cases: readonly RetryCase[], { runtime, router }: RoomFields = {}): void {
  describe(title, function () {
    this.timeout(120_000);
    let envoy: RetryRoom;
    let starling: RetryRoom;
    const logs: string[][] = [];

    before(async function () {
      if (!envoyInstalled()) this.skip();
      envoy = await RetryRoom.start("envoy", cases, runtime, router);
      starling = await RetryRoom.start("starling", cases, runtime, router);
    });

    after(async () => {
      await envoy?.stop();
      await starling?.stop();
    });

    for (const [index, one] of cases.entries()) {
      it(one.name, async () => {
        const [theirs, ours] = await Promise.all([envoy.ask(one, index), starling.ask(one, index)]);
        assert.equal(ours, theirs);
        await settleAlike(() => Promise.resolve([starling.seen(one, index), envoy.seen(one, index)]));
        await settleAlike(() => Promise.all([starling.counters(index), envoy.counters(index)]));
        await settleAlike(() => Promise.all([starling.endpoint(index), envoy.endpoint(index)]));
      });
    }

    it("leave the same lines in the access log", async () => {
      for (const room of [envoy, starling]) logs.push((await room.stop()).toSorted());
      assert.deepEqual(logs[1], logs[0]);
    });
  });
}

/** An answer may be there before the ends of its attempts are counted: looks until both have counted alike, and fails with what they have. */
export async function settleAlike(both: () => Promise<readonly [unknown, unknown]>): Promise<void> {
  await eventually(async () => isDeepStrictEqual(...(await both()))).catch(() => {});
  assert.deepEqual(...(await both()));
}
