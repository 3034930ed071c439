// local_reply_config beside the real Envoy's: for every answer that the proxy gives by itself the client gets the same bytes, and the
// access log says the same of it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { settleAlike } from "../support/compare-rooms.ts";
import { envoyInstalled } from "../support/live-proxy.ts";
import { DEVIATIONS } from "./deviations.ts";
import { CASES } from "./local-reply-cases.ts";
import { BODILESS } from "./local-reply-mappers.ts";
import { LocalReplyRoom } from "./local-reply-room.ts";

describe("local_reply_config, the real Envoy beside Starling", function () {
  this.timeout(120_000);
  let envoy: LocalReplyRoom;
  let starling: LocalReplyRoom;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await LocalReplyRoom.start("envoy");
    starling = await LocalReplyRoom.start("starling");
  });

  after(async () => {
    await envoy?.stop();
    await starling?.stop();
  });

  for (const one of CASES) {
    it(one.name, async () => {
      const [theirs, ours] = await Promise.all([envoy.ask(one), starling.ask(one)]);
      assert.notEqual(theirs, "");
      assert.equal(ours, theirs);
    });
  }

  it("differs where a mapper gives a status that has no body", async () => {
    const row = DEVIATIONS.find(({ shownBy }) => shownBy === "local-replies.full.test.ts");
    assert.equal(row?.case, "a body mapped to 204 or 304");
    for (const one of BODILESS) {
      assert.match(await envoy.ask(one), /^HTTP\/1\.1 (204|304) .*\r\n\r\nforbidden here/s);
      assert.match(await starling.ask(one), /^HTTP\/1\.1 (204|304) .*\r\n\r\n<left open>$/s);
    }
  });

  it("counts the same answers", async () => {
    const theirs = await envoy.counters();
    assert.ok(theirs.length > 20, String(theirs));
    await settleAlike(() => Promise.all([starling.counters(), envoy.counters()]));
  });

  it("leaves the same lines in the access log", async () => {
    const [theirs, ours] = [await envoy.stop(), await starling.stop()];
    const shared = (line: string): boolean => !line.startsWith("mapped to ");
    assert.ok(theirs.length > CASES.length);
    assert.deepEqual(ours.filter(shared), theirs.filter(shared));
  });
});
