import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { canonicalPath, type PathRules } from "../../../src/dataplane/exchange/path.ts";

const normalize: PathRules = { normalizePath: true, mergeSlashes: false, escapedSlashes: "keep" };
const merge: PathRules = { normalizePath: true, mergeSlashes: true, escapedSlashes: "keep" };

describe("the canonical path", () => {
  for (const [rules, from, to] of [
    [normalize, "/x/../y", "/y"],
    [normalize, "/x/./y/.", "/x/y/"],
    [normalize, "/x/y/..", "/x/"],
    [normalize, "/..", "/"],
    [normalize, "/../../x", "/x"],
    [normalize, "/%2e%2E/x", "/x"],
    [normalize, "/a%7eb%3a", "/a~b%3A"],
    [normalize, "/a\\b", "/a/b"],
    [normalize, "/a//b", "/a//b"],
    [normalize, "/x?y=/../z", "/x?y=/../z"],
    [normalize, "/%2F", "/%2F"],
    [merge, "//a///b//", "/a/b/"],
    [merge, "/a//../b", "/a/b"],
    [normalize, "/%zz/%/%4a", "/%zz/%/J"],
  ] as const) {
    it(`of ${from} is ${to}`, () => {
      assert.deepEqual(canonicalPath(rules, from), { action: "forward", path: to });
    });
  }

  for (const path of ["/a#b", "/%00"]) {
    it(`does not exist for ${path}`, () => assert.equal(canonicalPath(normalize, path).action, "reject"));
  }

  for (const [action, from, to] of [
    ["reject", "/a%2fb", ""],
    ["redirect", "/a%2Fb", "/a/b"],
    ["forward", "/a%5cb", "/a\\b"],
    ["forward", "/ab", "/ab"],
  ] as const) {
    it(`is a ${action} for ${from} where escaped slashes are so`, () => {
      const rules: PathRules = { normalizePath: false, mergeSlashes: false, escapedSlashes: action };
      assert.deepEqual(canonicalPath(rules, from), { action, path: to });
    });
  }
});
