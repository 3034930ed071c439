import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { hasLabels, labelsOf, metadataMatchOf, subsetIdsOf } from "../../../src/config/plan/subset.ts";

const idOf = (labels: unknown): string => metadataMatchOf(labelsOf(labels)).id;

describe("labels of endpoints and routes", () => {
  it("are the same whatever their order, and theirs whatever their kind", () => {
    assert.equal(idOf({ a: 1, b: { d: [1], c: null } }), idOf({ b: { c: null, d: [1] }, a: 1 }));
    const different = [
      { a: 1 },
      { a: "1" },
      { a: [1] },
      { a: null },
      { a: true },
      { a: {} },
      { a: 1, b: 1 },
      { 'a":1,"b': 1 },
    ];
    assert.equal(new Set(different.map(idOf)).size, different.length);
  });

  it("put an endpoint into the subset of all keys of a selector, and into none when it lacks one", () => {
    const metadata = { stage: "prod", version: "1.0", more: 1 };
    assert.deepEqual(subsetIdsOf(metadata, ["stage", "version"], false), [idOf({ version: "1.0", stage: "prod" })]);
    assert.deepEqual(subsetIdsOf(metadata, ["stage", "toString"], false), []);
    assert.deepEqual(subsetIdsOf(undefined, ["stage"], false), []);
  });

  it("that are lists are one value, or any of theirs", () => {
    const metadata = { stage: ["a", "b"], version: [1, 2, 1] };
    assert.deepEqual(subsetIdsOf(metadata, ["stage"], false), [idOf({ stage: ["a", "b"] })]);
    const pairs = ["a", "b"].flatMap((stage) => [1, 2].map((version) => idOf({ stage, version })));
    assert.deepEqual(subsetIdsOf(metadata, ["stage", "version"], true), pairs);
    assert.equal(hasLabels(metadata, labelsOf({ version: 2 }), true), true);
    assert.equal(hasLabels(metadata, labelsOf({ version: 2, stage: "c" }), true), false);
    assert.equal(hasLabels(metadata, [], false), true);
  });
});
