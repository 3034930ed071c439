import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { holdName } from "../../src/net/name-hold.ts";

describe("a name of this machine", () => {
  it("is held by one at a time, and free when it was given back", async () => {
    const name = `starling-test-${process.pid}`;
    const release = await holdName(name);
    assert.ok(release !== null);
    assert.equal(await holdName(name), null);
    release();
    const again = await holdName(name);
    assert.ok(again !== null);
    again();
  });
});
