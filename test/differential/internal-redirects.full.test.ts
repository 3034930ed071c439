// Redirects of an upstream through the real Envoy and through Starling: the same rounds reach the upstream, and the same answer, counters
// and access log lines come of them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { settleAlike } from "../support/compare-rooms.ts";
import { envoyInstalled } from "../support/live-proxy.ts";
import { RedirectRoom, type RoomProtocols } from "../support/redirect-room.ts";
import { DEVIATIONS } from "./deviations.ts";
import { REDIRECT_CASES } from "./internal-redirect-cases.ts";

const PROTOCOLS: readonly RoomProtocols[] = [
  { downstream: "http1", upstream: "http1" },
  { downstream: "http2", upstream: "http1" },
  { downstream: "http1", upstream: "http2" },
  { downstream: "http2", upstream: "http2" },
];

for (const protocols of PROTOCOLS) {
  describe(`redirects from ${protocols.downstream} to ${protocols.upstream}, the real Envoy beside Starling`, function () {
    this.timeout(60_000);
    let envoy: RedirectRoom | undefined;
    let starling: RedirectRoom | undefined;

    before(async function () {
      if (!envoyInstalled()) this.skip();
      envoy = await RedirectRoom.start("envoy", protocols);
      starling = await RedirectRoom.start("starling", protocols);
    });

    after(async () => {
      await envoy?.stop();
      await starling?.stop();
    });

    for (const one of REDIRECT_CASES.filter(
      ({ isHttp1Only }) => isHttp1Only !== true || protocols.downstream === "http1",
    )) {
      it(`are alike with ${one.name}`, async () => {
        const [theirs, ours] = [await envoy?.ask(one), await starling?.ask(one)];
        assert.match(theirs ?? "", /^(HTTP\/1.1|:status:) [23][0-9][0-9]|502|503/);
        assert.equal(ours, theirs);
        await settleAlike(() => Promise.all([starling?.counted(), envoy?.counted()]));
      });
    }

    it("leave the same lines in the access log, each with the route whose upstream answered", async () => {
      const [theirs, ours] = [await envoy?.stop(), await starling?.stop()];
      envoy = undefined;
      starling = undefined;
      assert.ok((theirs?.facts.length ?? 0) > REDIRECT_CASES.length);
      assert.deepEqual(ours?.facts, theirs?.facts);
      const row = DEVIATIONS.find(({ shownBy }) => shownBy === "internal-redirects.full.test.ts");
      assert.equal(row?.case, "the route in the line of a redirect");
      const lines = ["a-get: internal_redirect", "no-route: via_upstream", "an-unlisted-route: via_upstream"];
      assert.deepEqual(
        [theirs, ours].map((one) =>
          lines.map((line) => one?.routes.find((text) => text.startsWith(line))?.slice(line.length + 1)),
        ),
        [
          ["to", "-", "three"],
          ["plain", "plain", "listed"],
        ],
      );
    });
  });
}
