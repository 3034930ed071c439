import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type JsonObject, mergePatch } from "../../../../src/control/admin/dashboard/merge-patch.ts";

/** The page's half, as the browser runs it. */
const PAGE = new URL("../../../../src/control/admin/dashboard/page/merge.js", import.meta.url).href;
const { merged } = (await import(PAGE)) as { merged(value: unknown, patch: unknown): unknown };

describe("patches between pictures", () => {
  it("carry what changed, nothing else", () => {
    const before = { gone: 1, same: { a: [1, 2] }, deep: { x: 1, y: "y" } };
    const after = { same: { a: [1, 2] }, deep: { x: 2, y: "y" }, fresh: [true] };
    assert.deepEqual(mergePatch(before, after), { gone: null, deep: { x: 2 }, fresh: [true] });
    assert.equal(mergePatch(after, structuredClone(after)), null);
  });

  it("keep names that objects inherit apart", () => {
    const before = JSON.parse('{"__proto__":{"a":1},"constructor":1}') as JsonObject;
    const after = JSON.parse('{"__proto__":{"a":2},"toString":1}') as JsonObject;
    const patch = mergePatch(before, after);
    assert.equal(JSON.stringify(patch), '{"constructor":null,"__proto__":{"a":2},"toString":1}');
    assert.equal(JSON.stringify(merged(before, patch)), JSON.stringify(after));
  });

  it("make the page's picture the node's, whatever changes", () => {
    const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }));
    const { tree } = fc.letrec<{ tree: JsonObject }>((tie) => ({
      tree: fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.oneof({ maxDepth: 3 }, leaf, tie("tree")), {
        noNullPrototype: true,
      }) as fc.Arbitrary<JsonObject>,
    }));
    fc.assert(
      fc.property(tree, tree, (before, after) => {
        assert.deepEqual(merged(before, mergePatch(before, after) ?? {}), after);
      }),
    );
  });
});
