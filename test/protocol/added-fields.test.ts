import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type AddedField, addFields } from "../../src/protocol/added-fields.ts";
import { HeaderList } from "../../src/protocol/header-list.ts";

const JOINED = new Set(["via"]);

function added(there: readonly [string, string][], ...fields: readonly AddedField[]): [string, string][] {
  const head = new HeaderList();
  for (const [name, value] of there) head.add(name, value);
  addFields(head, fields, JOINED);
  return head.entries();
}

describe("fields that a configuration adds", () => {
  it("come after what overwrites, whatever their order", () => {
    assert.deepEqual(
      added(
        [["x", "0"]],
        { name: "x", value: "1", action: "append" },
        { name: "x", value: "2", action: "overwrite" },
        { name: "x", value: "3", action: "add_if_absent" },
      ),
      [
        ["x", "2"],
        ["x", "1"],
      ],
    );
  });

  it("are absent or there by the head as it was", () => {
    assert.deepEqual(
      added(
        [],
        { name: "x", value: "1", action: "append" },
        { name: "x", value: "2", action: "overwrite_if_exists" },
        { name: "x", value: "3", action: "add_if_absent" },
      ),
      [
        ["x", "1"],
        ["x", "3"],
      ],
    );
  });

  it("join a line of which there is one at most", () => {
    assert.deepEqual(
      added([["via", "a"]], { name: "via", value: "b", action: "append" }, { name: "x", value: "c", action: "append" }),
      [
        ["via", "a,b"],
        ["x", "c"],
      ],
    );
  });
});
