// A service that is announced to two proxies in one embedded mesh: in rotation when it says so, out when it leaves.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { AnnounceStage } from "../support/announce-stage.ts";
import { freePort } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";

let stage: AnnounceStage;

describe("a service that is announced", () => {
  beforeEach(async () => {
    stage = await AnnounceStage.open(`embedded:${await freePort()}`);
  });

  afterEach(() => stage.close());

  it("is in rotation on every proxy, out at once when it leaves, and no request fails", async () => {
    const { blue, yellow } = stage;
    await Promise.all([stage.proxy("one"), stage.proxy("two")]);
    await stage.announce(blue).says(/announces 127\.0\.0\.1:\d+ for shop\.orders in the mesh 'default' as blue/);
    await stage.untilRotation("blue");
    const requests = stage.requests();
    const announcer = stage.announce(yellow);
    await stage.untilRotation("blue yellow");
    await eventually(() => yellow.requests > 100);
    announcer.child.kill("SIGTERM");
    const tookMs = await stage.untilRotation("blue");
    assert.ok(tookMs < 3_000, `${tookMs} ms: silence alone would take five seconds`);
    assert.equal((await announcer.outcome).code, 0);
    const asked = async (): Promise<number> => {
      const [blues, yellows] = [blue.requests, yellow.requests];
      await eventually(() => blue.requests > blues + 100);
      return yellow.requests - yellows;
    };
    // The proxies' workers are told after what was looked at.
    await eventually(async () => (await asked()) === 0);
    assert.equal(await asked(), 0, "a proxy went on");
    assert.deepEqual(await requests.stop(), { blue: blue.requests, yellow: yellow.requests });
  });

  it("may be announced by a proxy itself, and is known to one that starts later before that serves", async () => {
    const { blue } = stage;
    const one = await stage.proxy("one", [blue.port]);
    const two = await stage.proxy("two");
    assert.equal(stage.rotation(two), "blue");
    const lines = (lease: string) =>
      new RegExp(
        ["source::one", "age::\\d+\\.\\ds", `lease::${lease}`]
          .map((fact) => `echo::.*:${blue.port}::${fact}\n`)
          .join(""),
      );
    assert.match(await stage.page(one, "/clusters"), lines("own"));
    assert.match(await stage.page(two, "/clusters"), lines("[0-5]\\.\\ds"));
    const json = (await stage.page(two, "/clusters?format=json")).replaceAll(/\s/g, "");
    assert.match(json, /"mesh":\{"source":"one","age":"\d+\.\ds","lease":"[0-5]\.\ds"\}/);
    await stage.nodes.shift()?.stop();
    await stage.untilRotation("");
  });
});
