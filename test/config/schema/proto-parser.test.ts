// .proto text becomes shapes: names resolved from the inside out, rules and annotations kept, later declarations added.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { linkFiles } from "../../../src/config/schema/link.ts";
import { parseProto } from "../../../src/config/schema/proto-parser.ts";
import type { EnumShape, FieldShape, MessageShape } from "../../../src/config/schema/shape.ts";

const file = `
syntax = "proto3";
package a.b.v3;
import "x/y.proto"; import public "z.proto";
option java_package = "io.a"; // a comment with { brace
/* and
   another; message Not {} */
option (udpa.annotations.file_status).package_version_status = ACTIVE;
message Outer {
  option (udpa.annotations.versioning).previous_message_type = "a.b.v2.Outer";
  reserved 3, 5 to 7; reserved "old";
  enum Kind { option allow_alias = true; NONE = 0; SOME = 1 [deprecated = true]; BELOW = -1;
    GONE = 4 [(envoy.annotations.disallowed_by_default_enum) = true]; }
  message Inner { Kind kind = 1 [(validate.rules).enum = {defined_only: true not_in: [0]}]; }
  string name = 1 [(validate.rules).string = {min_len: 1 pattern: "^a\\\\.b$" 'x'}, deprecated = true];
  repeated Inner inners = 2 [(validate.rules).repeated .min_items = 1];
  map<string, google.protobuf.Any> extras = 4 [(validate.rules).map = {keys {string {min_len: 2}}}];
  oneof choice {
    option (validate.required) = true;
    google.protobuf.Duration wait_time = 8 [(validate.rules).duration = {gt {} lte {seconds: 3 nanos: 5}}];
    .a.b.v3.Other other = 9;
  }
  b.v3.Other qualified = 10 [(udpa.annotations.sensitive) = true];
  double share2_of_x = 11 [(validate.rules).double = {gte: -1.5e1, lt: 0x10}];
  string again = 12 [(validate.rules).string.min_len = 1, (validate.rules).string.prefix = "/"];
  Unknown strange = 13;
  optional bool maybe = 14 [json_name = "maybe"];
}
message Other {}
service S { rpc Get(Outer) returns (Other) { option (google.api.http) = { get: "/x" body: "*" }; } }
`;

describe("a .proto file", () => {
  const parsed = parseProto(file);
  const shapes = linkFiles([parsed]);
  const outer = shapes.get("a.b.v3.Outer") as MessageShape;
  const field = (name: string): FieldShape => outer.fields.find((one) => one.name === name) as FieldShape;

  it("gives its package, imports and types by full name", () => {
    assert.equal(parsed.package, "a.b.v3");
    assert.deepEqual(parsed.imports, ["x/y.proto", "z.proto"]);
    assert.deepEqual([...shapes.keys()].sort(), [
      "a.b.v3.Other",
      "a.b.v3.Outer",
      "a.b.v3.Outer.Inner",
      "a.b.v3.Outer.Kind",
    ]);
  });

  it("gives fields with number, type, JSON name and rules", () => {
    assert.deepEqual(field("wait_time"), {
      name: "wait_time",
      jsonName: "waitTime",
      number: 8,
      type: "message",
      typeName: "google.protobuf.Duration",
      oneof: "choice",
      rules: { duration: { gt: {}, lte: { seconds: 3, nanos: 5 } } },
    });
    assert.deepEqual(field("name").rules, { string: { min_len: 1, pattern: "^a\\.b$x" } });
    assert.equal(field("name").deprecated, true);
    assert.equal(field("share2_of_x").jsonName, "share2OfX");
    assert.deepEqual(field("share2_of_x").rules, { double: { gte: -15, lt: 16 } });
    assert.deepEqual(field("again").rules, { string: { min_len: 1, prefix: "/" } });
    assert.equal(field("qualified").sensitive, true);
  });

  it("resolves names from the inside out, and keeps those it does not know", () => {
    assert.equal(field("inners").typeName, "a.b.v3.Outer.Inner");
    assert.equal(field("other").typeName, "a.b.v3.Other");
    assert.equal(field("qualified").typeName, "a.b.v3.Other");
    assert.deepEqual([field("strange").type, field("strange").typeName], ["message", "Unknown"]);
    const inner = shapes.get("a.b.v3.Outer.Inner") as MessageShape;
    assert.deepEqual([inner.fields[0]?.type, inner.fields[0]?.typeName], ["enum", "a.b.v3.Outer.Kind"]);
  });

  it("tells maps, lists and required oneofs", () => {
    assert.deepEqual([field("extras").mapKey, field("extras").repeated], ["string", undefined]);
    assert.equal(field("inners").repeated, true);
    assert.deepEqual(outer.requiredOneofs, ["choice"]);
  });

  it("gives enums with deprecated and disallowed values", () => {
    const kind = shapes.get("a.b.v3.Outer.Kind") as EnumShape;
    assert.deepEqual(kind.values, { NONE: 0, SOME: 1, BELOW: -1, GONE: 4 });
    assert.deepEqual([kind.deprecatedValues, kind.disallowedValues], [["SOME"], ["GONE"]]);
  });

  it("is added to by a later declaration of the same names", () => {
    const later = parseProto(
      "package a.b.v3; message Outer { string name = 1; int32 more = 20; } enum Outer.Kind { NEW = 9; }",
    );
    const both = linkFiles([parsed, later]);
    const merged = both.get("a.b.v3.Outer") as MessageShape;
    assert.equal(merged.fields.length, outer.fields.length + 1);
    assert.equal(merged.fields.find((one) => one.name === "name")?.rules, undefined);
    assert.deepEqual(merged.requiredOneofs, ["choice"]);
    assert.equal((both.get("a.b.v3.Outer.Kind") as EnumShape).values["NEW"], 9);
  });

  it("is refused where it is not the grammar's", () => {
    assert.throws(() => parseProto("message A { string x 1; }"), SyntaxError);
  });
});
