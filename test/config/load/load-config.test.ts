// The ways in: options, files, and that no text whatever makes loading throw.
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "mocha";
import { diagnosticsJson, formatDiagnostic } from "../../../src/config/load/format-diagnostic.ts";
import {
  type LoadOptions,
  loadConfigFile,
  loadConfigText,
  loadMessageText,
} from "../../../src/config/load/load-config.ts";

describe("loading", () => {
  it("makes unknown fields and enum values warnings when they are allowed", () => {
    const text = "static_resources: { clusters: [ { name: c, dns_lookup_family: BEST, colour: red } ] }";
    assert.equal(said(text).errors.length, 2);
    assert.deepEqual(said(text, { allowUnknownFields: true }), {
      errors: [],
      warnings: [
        'f:1:63 static_resources.clusters[0].dns_lookup_family: "BEST" is no value of ' +
          "envoy.config.cluster.v3.Cluster.DnsLookupFamily, one of AUTO, V4_ONLY, V6_ONLY, V4_PREFERRED, ALL; ignored",
        "f:1:69 static_resources.clusters[0].colour: envoy.config.cluster.v3.Cluster has no field colour; ignored",
      ],
    });
  });

  const differences: readonly { readonly name: string; readonly text: string; readonly ours: boolean }[] = [
    { name: "a bare number as text", text: "node: { id: 12 }", ours: true },
    { name: "a bare bool word as text", text: "node: { id: on }", ours: true },
    { name: "merge keys", text: "node: { <<: { id: x }, cluster: z }", ours: true },
    { name: "a key given twice", text: "node: { id: x, id: z }", ours: false },
  ];
  for (const { name, text, ours } of differences) {
    it(`${ours ? "accepts" : "refuses"} ${name} where Envoy does not, unless its ways are asked for`, () => {
      assert.equal(said(text).errors.length === 0, ours);
      assert.equal(said(text, { compat: "envoy" }).errors.length === 0, !ours);
      const { errors, warnings } = said(text);
      assert.equal(errors.length + warnings.length, 1);
    });
  }

  it("takes the last of two equal keys when told to be like Envoy", () => {
    const { message } = loadConfigText("node: { id: x, id: z }", { file: "f", compat: "envoy" });
    assert.match(JSON.stringify(message), /"id":"z"/);
  });

  it("reads camelCase and snake_case names alike", () => {
    const { message } = loadConfigText("staticResources: { clusters: [ { name: c, connectTimeout: 1s } ] }", {
      file: "f",
    });
    assert.match(JSON.stringify(message), /"connect_timeout":1000/);
  });

  it("reports a file that cannot be read as its one error", () => {
    const path = join(import.meta.dirname, "no-such-file.yaml");
    const { message, errors } = loadConfigFile(path);
    assert.equal(message, null);
    assert.match(
      errors.map(formatDiagnostic).join(),
      /no-such-file.yaml:1:1: cannot be read: No such file or directory/,
    );
  });

  it("gives JSON diagnostics with exactly the documented members", () => {
    const json = diagnosticsJson(loadConfigText("nodes: {}", { file: "f" }));
    assert.deepEqual(json, {
      errors: [
        {
          file: "f",
          line: 1,
          column: 1,
          path: "nodes",
          message: "envoy.config.bootstrap.v3.Bootstrap has no field nodes (did you mean node?)",
        },
      ],
      warnings: [],
    });
  });

  it("stops at 1,000 errors and says how many more there are", () => {
    const many = Array.from({ length: 1500 }, (_unused, at) => `x${at}: 1`).join("\n");
    const { errors } = said(many);
    assert.equal(errors.length, 1001);
    assert.equal(errors.at(-1), "f:1:1: and 500 more errors");
  });

  it("refuses deep nesting with a diagnostic, in YAML and in messages", () => {
    assert.match(said(`node: ${"[".repeat(100_000)}`).errors.join(), /nested|deep|Flow/);
    const matchers = `${"{ and_rules: { rules: [ ".repeat(120)}{ any: true }${" ] } }".repeat(120)}`;
    const text = `policies: { p: { permissions: [ ${matchers} ], principals: [ { any: true } ] } }`;
    const { errors } = loadMessageText(text, "envoy.config.rbac.v3.RBAC", { file: "f" });
    assert.match(errors.map(formatDiagnostic).join(), /more than 100 deep|nested more than/);
  });

  it("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), yamlish), fc.constantFrom("yaml", "json"), (text, format) => {
        const { errors, message } = loadConfigText(text, { file: "f", format });
        assert.equal(message === null, errors.length > 0);
        for (const { line, column } of errors) assert.ok(line >= 1 && column >= 1);
      }),
      { numRuns: 400 },
    );
  });
});

function said(text: string, options: Partial<LoadOptions> = {}): { errors: string[]; warnings: string[] } {
  const { errors, warnings } = loadConfigText(text, { file: "f", ...options });
  return { errors: errors.map(formatDiagnostic), warnings: warnings.map(formatDiagnostic) };
}

const words: readonly string[] = [
  ..."static_resources|clusters|name|type|connect_timeout|load_assignment|endpoints|typed_config|admin|address".split(
    "|",
  ),
  ..."'@type'|type.googleapis.com/envoy.config.core.v3.Address|<<|*a|&a|!ignore|!!int|~|null|1s|-1|0x1|1e9|on|[|]|{|}".split(
    "|",
  ),
  ...": |, |- |\n|\n  |\n    |\n  - |\"|'|#|---|...|%|?|\t|\\|@|`|\u0000|__proto__|constructor|metadata|filter_metadata".split(
    "|",
  ),
];
const yamlish: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...words), { maxLength: 40 })
  .map((parts) => parts.join(""));
