import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { RuntimeEntries, RuntimeLayerPlan } from "../../../src/config/plan/runtime.ts";
import { RuntimeStack } from "../../../src/supervisor/runtime/runtime-stack.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";

const disk = (name: string): RuntimeLayerPlan => ({
  ...{ kind: "disk", name, root: `/${name}`, subdirectory: "", appendServiceCluster: false },
});
const admin: RuntimeLayerPlan = { kind: "admin", name: "admin" };

describe("the stack of runtime layers", () => {
  let held: Record<string, RuntimeEntries | null | Error>;
  let changed: Record<string, () => void>;
  let closed: string[];
  let published: RuntimeEntries[];
  let warnings: string[];
  let stats: StatsWriter;
  let stack: RuntimeStack;

  beforeEach(() => {
    held = {};
    changed = {};
    closed = [];
    published = [];
    warnings = [];
    stats = new StatsWriter(() => {});
    stack = new RuntimeStack({
      stats,
      open: ({ name }, onChanged) => {
        changed[name] = onChanged;
        return { read: () => held[name] ?? null, close: () => closed.push(name) };
      },
      publish: (entries) => published.push(entries),
      warn: (text) => warnings.push(text),
    });
  });

  const count = (name: string): number => {
    const { values, at } = stats.counter(`runtime.${name}`);
    return values[at] as number;
  };

  it("takes a key from the last layer that has it, and shows all in their order", () => {
    held = { a: { x: "1", y: "1" }, b: { y: "2" } };
    stack.assign({ layers: [disk("a"), admin, disk("b")] });
    stack.modify({ x: "admin", y: "admin" });
    assert.deepEqual(published.at(-1), { x: "admin", y: "2" });
    assert.deepEqual(
      stack.layers.map(({ name, entries }) => [name, entries]),
      [
        ["a", { x: "1", y: "1" }],
        ["admin", { x: "admin", y: "admin" }],
        ["b", { y: "2" }],
      ],
    );
    assert.equal(stack.values.get("x"), "admin");
  });

  it("takes back what an empty text was set for", () => {
    held = { a: { x: "1" } };
    stack.assign({ layers: [disk("a"), admin] });
    stack.modify({ x: "2", z: "3" });
    stack.modify({ x: "" });
    assert.deepEqual(published.at(-1), { x: "1", z: "3" });
  });

  it("publishes what a layer has now when it says that it changed", () => {
    held = { a: { x: "1" } };
    stack.assign({ layers: [disk("a")] });
    held["a"] = { x: "2" };
    changed["a"]?.();
    assert.deepEqual(published, [{ x: "1" }, { x: "2" }]);
  });

  it("goes on without a layer that cannot be read, says so once, and counts it", () => {
    held = { a: new Error("no"), b: { x: "1" } };
    stack.assign({ layers: [disk("a"), disk("b"), admin] });
    stack.modify({ y: "1" });
    assert.deepEqual(warnings, ["runtime layer 'a' is left out: no"]);
    assert.deepEqual(published.at(-1), { x: "1", y: "1" });
    assert.deepEqual([count("load_error"), count("load_success")], [2, 0]);
    held["a"] = { x: "0" };
    stack.reload();
    held["a"] = new Error("no");
    stack.reload();
    assert.equal(warnings.length, 2);
  });

  it("counts an override only when one directory lies over another, as Envoy", () => {
    held = { a: { x: "1" }, b: null };
    stack.assign({ layers: [disk("a"), disk("b")] });
    held["b"] = {};
    stack.reload();
    assert.deepEqual([count("override_dir_exists"), count("override_dir_not_exists")], [1, 1]);
  });

  it("keeps the sources of layers that stay, closes the others, and leaves admin's entries over a plan without the layer", () => {
    stack.assign({ layers: [disk("a"), admin, disk("b")] });
    stack.modify({ x: "1" });
    stack.assign({ layers: [disk("b"), disk("c")] });
    assert.deepEqual(closed, ["a"]);
    assert.deepEqual(published.at(-1), {});
    stack.assign({ layers: [admin] });
    assert.deepEqual(published.at(-1), { x: "1" });
    assert.deepEqual(closed, ["a", "b", "c"]);
  });
});
