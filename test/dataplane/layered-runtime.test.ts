import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { RuntimeLayerPlan } from "../../src/config/plan/plan.ts";
import { LayeredRuntime } from "../../src/dataplane/layered-runtime.ts";

const layer = (kind: RuntimeLayerPlan["kind"], entries: Record<string, string> = {}): RuntimeLayerPlan => ({
  name: kind,
  kind,
  entries,
});

describe("the layered runtime", () => {
  it("takes a key from the last layer that has it", () => {
    const runtime = new LayeredRuntime();
    runtime.applyPlan({ layers: [layer("static", { a: "1", b: "1" }), layer("static", { b: "2" })] });
    assert.deepEqual([runtime.get("a"), runtime.get("b"), runtime.get("c")], ["1", "2", undefined]);
  });

  it("puts overrides where the admin layer stands", () => {
    const runtime = new LayeredRuntime();
    runtime.applyOverrides({ a: "admin", b: "admin" });
    runtime.applyPlan({ layers: [layer("static", { a: "1", b: "1" }), layer("admin"), layer("static", { b: "2" })] });
    assert.deepEqual([runtime.get("a"), runtime.get("b")], ["admin", "2"]);
    runtime.applyOverrides({});
    assert.equal(runtime.get("a"), "1");
  });

  it("ignores overrides without an admin layer", () => {
    const runtime = new LayeredRuntime();
    runtime.applyPlan({ layers: [layer("static", { a: "1" })] });
    runtime.applyOverrides({ a: "admin" });
    assert.equal(runtime.get("a"), "1");
  });
});
