import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  flattened,
  RuntimeValues,
  runtimeDecimal,
  runtimeInteger,
  staticRuntime,
} from "../../../src/config/plan/runtime.ts";

describe("the values of the runtime", () => {
  it("are those of the last layer that has a key", () => {
    const layers = [{ entries: { a: "1", b: "1" } }, { entries: { b: "2" } }];
    assert.deepEqual(flattened(layers), { a: "1", b: "2" });
  });

  it("are replaced as a whole, and their version says so", () => {
    const runtime = new RuntimeValues({ a: "1", b: "1" });
    const before = runtime.version;
    runtime.assign({ b: "2" });
    assert.deepEqual([runtime.get("a"), runtime.get("b")], [undefined, "2"]);
    assert.notEqual(runtime.version, before);
  });

  it("are without a running node what static layers say", () => {
    const runtime = staticRuntime({
      layers: [
        { kind: "static", name: "s", entries: { a: "1" } },
        { kind: "admin", name: "admin" },
        { kind: "static", name: "t", entries: { b: "2" } },
      ],
    });
    assert.deepEqual([runtime.get("a"), runtime.get("b")], ["1", "2"]);
  });

  it("give numbers, and what is otherwise for a key that holds none", () => {
    const runtime = new RuntimeValues({ a: "12", b: "0", c: "-1", d: "1.5", e: "many" });
    const numbers = ["a", "b", "c", "d", "e", "f"].map((key) => runtimeInteger(runtime, key, 7));
    assert.deepEqual(numbers, [12, 0, 7, 1, 7, 7]);
    const decimals = ["a", "c", "d", "e", "f"].map((key) => runtimeDecimal(runtime, key, 7));
    assert.deepEqual(decimals, [12, -1, 1.5, 7, 7]);
  });
});
