// Zipkin's B3 as it is read from heads and written into them. The real Envoy beside it: test/differential/zipkin.full.test.ts.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { B3 } from "../../../src/dataplane/tracing/b3.ts";
import { FoundContext } from "../../../src/dataplane/tracing/propagation.ts";
import { HeaderList } from "../../../src/protocol/header-list.ts";
import { parentIdText, spanIdText, traceIdText } from "../../../src/telemetry/span-ids.ts";

type Fields = readonly (readonly [name: string, value: string])[];

const WIDE = "0af7651916cd43dd8448eb211c80319c";
const TRACE = "8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const PARENT = "00f067aa0ba902b7";

describe("B3", () => {
  const given = (trace: string, parent: string, isSampled: boolean | null): readonly unknown[] => [
    ...["given", trace, SPAN, parent, isSampled],
  ];
  const rows: readonly (readonly [title: string, fields: Fields, found: readonly unknown[]])[] = [
    ["nothing", [], ["none", TRACE.replace(/./g, "0"), "0".repeat(16), "", null]],
    ["one field", [["b3", `${TRACE}-${SPAN}`]], given(TRACE, "", null)],
    [
      "one field of 128 bits, sampled, with a parent",
      [["b3", `${WIDE}-${SPAN}-1-${PARENT}`]],
      given(WIDE, PARENT, true),
    ],
    ["one field that is not sampled", [["b3", `${TRACE}-${SPAN}-0`]], given(TRACE, "", false)],
    ["one field for debugging", [["b3", `${TRACE}-${SPAN}-d`]], given(TRACE, "", true)],
    ["a decision alone", [["b3", "0"]], ["none", "0".repeat(16), "0".repeat(16), "", false]],
    ["what is no field of B3", [["b3", "x-y-z"]], ["bad", "0".repeat(16), "0".repeat(16), "", null]],
    [
      "several fields",
      [
        ["x-b3-traceid", WIDE],
        ["x-b3-spanid", SPAN],
        ["x-b3-parentspanid", PARENT],
        ["x-b3-sampled", "1"],
      ],
      given(WIDE, PARENT, true),
    ],
    [
      "ids of fewer digits",
      [
        ["x-b3-traceid", "12ab"],
        ["x-b3-spanid", SPAN],
      ],
      given("00000000000012ab", "", null),
    ],
    [
      "ids that are none",
      [
        ["x-b3-traceid", "12xy"],
        ["x-b3-spanid", SPAN],
        ["x-b3-sampled", "0"],
      ],
      ["bad", "0".repeat(16), "0".repeat(16), "", false],
    ],
  ];
  for (const [title, fields, expected] of rows) {
    it(`is read from ${title}`, () => {
      const found = new FoundContext();
      new B3(false).read(headOf(fields), found);
      const { isSampled, kind } = found;
      assert.deepEqual([kind, traceIdText(found, true), spanIdText(found), parentIdText(found), isSampled], expected);
    });
  }

  it("is written as it came: in one field, or in several", () => {
    const ids = new FoundContext();
    const b3 = new B3(false);
    b3.read(headOf([["b3", `${WIDE}-${SPAN}-1-${PARENT}`]]), ids);
    const one = headOf([["b3", "0"]]);
    b3.write(one, ids, true);
    assert.deepEqual(fieldsOf(one), { b3: `${WIDE}-${SPAN}-1-${PARENT}` });
    const several = headOf([]);
    b3.write(several, ids, false);
    assert.deepEqual(fieldsOf(several), {
      "x-b3-traceid": WIDE,
      "x-b3-spanid": SPAN,
      "x-b3-parentspanid": PARENT,
      "x-b3-sampled": "0",
    });
    const root = headOf([["b3", "1"]]);
    b3.read(headOf([["b3", `${TRACE}-${SPAN}`]]), Object.assign(ids, new FoundContext()));
    b3.write(root, ids, true);
    assert.deepEqual(fieldsOf(root), { b3: `${TRACE}-${SPAN}-1` });
  });

  it("has W3C Trace Context beside it where that is asked for: read where B3 says nothing, and written", () => {
    const w3c: Fields = [["traceparent", `00-${WIDE}-${SPAN}-01`]];
    const read = (fields: Fields, withTraceContext: boolean): readonly unknown[] => {
      const found = new FoundContext();
      new B3(withTraceContext).read(headOf(fields), found);
      return [found.kind, traceIdText(found, true), found.isSampled];
    };
    assert.deepEqual(read(w3c, false), ["none", "0".repeat(16), null]);
    assert.deepEqual(read(w3c, true), ["given", WIDE, true]);
    assert.deepEqual(read([...w3c, ["b3", `${TRACE}-${SPAN}-0`]], true), ["given", TRACE, false]);
    const ids = new FoundContext();
    new B3(true).read(headOf(w3c), ids);
    const head = headOf([]);
    new B3(true).write(head, ids, true);
    assert.equal(fieldsOf(head)["traceparent"], `00-${WIDE}-${SPAN}-01`);
    assert.equal(fieldsOf(head)["x-b3-traceid"], WIDE);
  });
});

function headOf(fields: Fields): HeaderList {
  const head = new HeaderList();
  for (const [name, value] of fields) head.add(name, value);
  return head;
}

function fieldsOf(head: HeaderList): Record<string, string> {
  return Object.fromEntries([...head.entries()]);
}
