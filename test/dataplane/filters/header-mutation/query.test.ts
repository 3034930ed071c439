import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { QueryMutationPlan } from "../../../../src/config/plan/filters/header-mutation.ts";
import { changedPath } from "../../../../src/dataplane/filters/header-mutation/query.ts";

function add(key: string, action: Extract<QueryMutationPlan, { kind: "add" }>["action"]): QueryMutationPlan {
  return { kind: "add", key, value: [{ kind: "literal", text: "n w" }], action };
}

function changed(path: string, ...mutations: readonly QueryMutationPlan[]): string {
  return changedPath(path, mutations, (parts) =>
    parts.map((part) => (part.kind === "literal" ? part.text : "")).join(""),
  );
}

describe("changes to a query", () => {
  it("append, add, overwrite and remove by the key as it is meant", () => {
    assert.equal(changed("/x?%61=1", add("a", "append")), "/x?%61=1&a=n%20w");
    assert.equal(changed("/x?a=1", add("a", "add_if_absent")), "/x?a=1");
    assert.equal(changed("/x?a=1&a=2", add("a", "overwrite")), "/x?a=n%20w");
    assert.equal(changed("/x", add("a", "overwrite_if_exists")), "/x");
    assert.equal(changed("/x?a=1&b=2&%61=3", { kind: "remove", key: "a" }), "/x?b=2");
  });

  it("leave what the client encoded encoded", () => {
    assert.equal(changed("/x?b=1%26c=2", add("a", "append")), "/x?a=n%20w&b=1%26c=2");
  });

  it("leave no question mark when nothing is left", () => {
    assert.equal(changed("/x?a=1", { kind: "remove", key: "a" }), "/x");
  });
});
