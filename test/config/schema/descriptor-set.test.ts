// The descriptor set that is built from the installed .proto files and later.ts.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { buildDescriptorSet, DescriptorSet, loadDescriptorSet } from "../../../src/config/schema/descriptor-set.ts";
import type { FieldShape, RuleValue } from "../../../src/config/schema/shape.ts";

describe("the descriptor set", () => {
  const set = new DescriptorSet(buildDescriptorSet());

  it("has the messages that configuration starts from", () => {
    for (const name of [
      "config.bootstrap.v3.Bootstrap",
      "service.discovery.v3.DiscoveryResponse",
      "admin.v3.ConfigDump",
    ]) {
      assert.equal(set.message(`envoy.${name}`)?.name, `envoy.${name}`);
    }
    assert.equal(set.message("envoy.config.bootstrap.v3.Nothing"), undefined);
    assert.equal(set.enum("envoy.config.bootstrap.v3.Bootstrap"), undefined);
    assert.equal(set.enum("envoy.config.cluster.v3.Cluster.LbPolicy")?.values["MAGLEV"], 5);
  });

  it("finds fields by both of their names", () => {
    const cluster = set.message("envoy.config.cluster.v3.Cluster");
    assert.ok(cluster !== undefined);
    const fields = set.fields(cluster);
    assert.equal(fields.get("connectTimeout"), fields.get("connect_timeout"));
    assert.deepEqual(fields.get("connect_timeout")?.rules, { duration: { gt: {} } });
  });

  it("knows what Envoy 1.40 has and the .proto files lack", () => {
    const cluster = set.message("envoy.config.cluster.v3.Cluster");
    const names = cluster?.fields.map((one) => one.name) ?? [];
    assert.ok(names.includes("dns_jitter") && names.includes("queuing_policies"));
    assert.equal(cluster?.fields.find((one) => one.name === "respect_dns_ttl")?.deprecated, true);
  });

  it("describes every type that a field of Envoy's own names, but for other projects' types", () => {
    const missing = new Set<string>();
    for (const name of set.names()) {
      for (const { typeName } of set.message(name)?.fields ?? []) {
        if (typeName !== undefined && !set.has(typeName)) missing.add(typeName.split(".").slice(0, 2).join("."));
      }
    }
    assert.deepEqual([...missing].sort(), ["google.protobuf", "io.prometheus", "opencensus.proto"]);
  });

  it("numbers every field of a message once", () => {
    for (const name of set.names()) {
      const fields = set.message(name)?.fields ?? [];
      assert.equal(new Set(fields.map((one) => one.number)).size, fields.length, name);
      assert.ok(
        fields.every((one) => one.number > 0),
        name,
      );
    }
  });

  it("has only rules that the checks know", () => {
    const unknown = new Set<string>();
    for (const name of set.names()) {
      for (const field of set.message(name)?.fields ?? []) for (const rule of rulesOf(field)) unknown.add(rule);
    }
    assert.deepEqual([...unknown].filter((rule) => !known.has(rule)).sort(), []);
  });

  it("is the same when it is loaded, from the cache or built", () => {
    assert.deepEqual([...loadDescriptorSet().names()], [...set.names()]);
    assert.equal(loadDescriptorSet(), loadDescriptorSet());
  });
});

function rulesOf(field: FieldShape): string[] {
  const walk = (kind: string, value: RuleValue): string[] => {
    if (typeof value !== "object" || Array.isArray(value)) return [];
    return Object.entries(value).flatMap(([name, below]) => {
      if (kind === "repeated" && name === "items") return nested(below);
      if (kind === "map" && (name === "keys" || name === "values")) return nested(below);
      return [`${kinds.has(kind) ? "number" : kind}.${name}`];
    });
  };
  const nested = (rules: RuleValue): string[] =>
    typeof rules === "object" ? Object.entries(rules).flatMap(([kind, value]) => walk(kind, value)) : [];
  return nested(field.rules ?? {});
}

const kinds: ReadonlySet<string> = new Set(
  "float double int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64".split(" "),
);
const text =
  "min_len max_len len min_bytes max_bytes len_bytes pattern prefix suffix contains not_contains in not_in const";
const forms = "well_known_regex strict ignore_empty ip ipv4 ipv6 hostname address uri uri_ref email uuid";
const known: ReadonlySet<string> = new Set([
  ...`${text} ${forms}`.split(" ").map((name) => `string.${name}`),
  ..."gt gte lt lte const in not_in ignore_empty".split(" ").map((name) => `number.${name}`),
  ..."gt gte lt lte const required".split(" ").map((name) => `duration.${name}`),
  ..."defined_only const in not_in".split(" ").map((name) => `enum.${name}`),
  ..."min_items max_items unique items ignore_empty".split(" ").map((name) => `repeated.${name}`),
  ..."min_pairs max_pairs keys values ignore_empty".split(" ").map((name) => `map.${name}`),
  ..."required skip".split(" ").map((name) => `message.${name}`),
  ..."min_len max_len len".split(" ").map((name) => `bytes.${name}`),
  ..."required in not_in".split(" ").map((name) => `any.${name}`),
  ..."bool.const timestamp.required".split(" "),
]);
