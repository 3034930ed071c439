import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { LayeredRuntime, type RuntimeLayerPlan, runtimeInteger } from "../../../src/config/plan/runtime.ts";

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

  it("gives whole numbers, and what is otherwise for a key that holds none", () => {
    const runtime = new LayeredRuntime();
    runtime.applyPlan({ layers: [layer("static", { a: "12", b: "0", c: "-1", d: "1.5", e: "many" })] });
    const numbers = ["a", "b", "c", "d", "e", "f"].map((key) => runtimeInteger(runtime, key, 7));
    assert.deepEqual(numbers, [12, 0, 7, 7, 7, 7]);
  });
});
