// The health-check document followed on the real Envoy and on Starling, on the same files: what is seen at each step is compared.
// When a verdict shows in who answers is not: Envoy's workers hear of it after up to a second, Starling's at their next pick.
import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { follow, STEPS, type Story } from "../support/health-story.ts";
import { envoyInstalled } from "../support/live-proxy.ts";

for (const part of ["http", "tcp"] as const) {
  describe(`the health-check document with ${part.toUpperCase()} checks, the real Envoy beside Starling`, function () {
    this.timeout(90_000);
    let envoy: Story;
    let starling: Story;

    before(async function () {
      if (!envoyInstalled()) this.skip();
      envoy = await follow(part, "envoy");
      starling = await follow(part, "starling");
    });

    for (const [title] of STEPS[part]) {
      it(title, () => {
        assert.notEqual(envoy.seen.get(title), undefined);
        assert.deepEqual(starling.seen.get(title), envoy.seen.get(title));
      });
    }
  });
}
