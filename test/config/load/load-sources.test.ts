import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "mocha";
import type { CheckedMessage } from "../../../src/config/load/checked.ts";
import { loadConfigSources } from "../../../src/config/load/load-sources.ts";

const folder = mkdtempSync(join(tmpdir(), "starling-test-"));

after(() => rmSync(folder, { recursive: true }));

function load(file: string, yaml: string) {
  const path = join(folder, "envoy.yaml");
  writeFileSync(path, file);
  return loadConfigSources({ path, yaml }, {});
}

function names(message: CheckedMessage | null): unknown[] {
  const resources = message?.fields["static_resources"] as CheckedMessage;
  return (resources.fields["clusters"] as CheckedMessage[]).map(({ fields }) => fields["name"]);
}

describe("--config-yaml over a file", () => {
  it("appends to lists and keeps what it does not name", () => {
    const file = "node: { id: a, cluster: c }\nstatic_resources: { clusters: [{ name: one }] }";
    const { message, errors } = load(file, "node: { id: b }\nstatic_resources: { clusters: [{ name: two }] }");
    assert.deepEqual(errors, []);
    assert.deepEqual(names(message), ["one", "two"]);
    const node = message?.fields["node"] as CheckedMessage;
    assert.deepEqual([node.fields["id"], node.fields["cluster"]], ["b", "c"]);
  });

  it("may be a part that would not be valid alone", () => {
    const file = "admin: { address: { socket_address: { address: 127.0.0.1, port_value: 9901 } } }";
    const { message, errors } = load(file, "admin: { address: { socketAddress: { address: 127.0.0.2 } } }");
    assert.deepEqual(errors, []);
    assert.match(JSON.stringify(message), /"address":"127.0.0.2"/);
    assert.match(JSON.stringify(message), /9901/);
  });

  it("points at the text that is wrong, wherever it stands", () => {
    const { errors } = load("nodes: {}", "node: { idd: x }");
    assert.deepEqual(
      errors.map(({ file, line, column }) => [file.split("/").at(-1), line, column]),
      [
        ["envoy.yaml", 1, 1],
        ["<config-yaml>", 1, 9],
      ],
    );
  });

  it("is enough without a file", () => {
    assert.deepEqual(loadConfigSources({ path: "", yaml: "node: { id: x }" }, {}).errors, []);
  });

  it("says which file cannot be read", () => {
    const { errors } = loadConfigSources({ path: join(folder, "nothing.yaml"), yaml: "node: {}" }, {});
    assert.match(errors[0]?.message ?? "", /cannot be read: No such file or directory/);
  });
});
