import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { insteadEntries, insteadOf } from "../../../src/config/load/instead-of.ts";
import { loadConfigText } from "../../../src/config/load/load-config.ts";
import { loadDescriptorSet } from "../../../src/config/schema/descriptor-set.ts";

const entries = insteadEntries().map(([name, advice]) => {
  const dot = name.lastIndexOf(".");
  return { type: name.slice(0, dot), field: name.slice(dot + 1), advice };
});

describe("advice for fields that Envoy took away", () => {
  it("is only for fields that are gone or deprecated", () => {
    const set = loadDescriptorSet();
    const wrong = entries.filter(({ type, field }) => {
      const shape = set.message(type);
      const found = shape?.fields.find(({ name }) => name === field);
      return shape === undefined || (found !== undefined && found.deprecated !== true);
    });
    assert.deepEqual(wrong, []);
  });

  it("names a field of the same message that is there, and types that are there", () => {
    const set = loadDescriptorSet();
    const wrong = entries.filter(({ type, advice }) => {
      const [field = ""] = advice.split(" ");
      const named = set.message(type)?.fields.find(({ name }) => name === field);
      const types = advice.match(/envoy\.[\w.]+/g) ?? [];
      return named === undefined || named.deprecated === true || types.some((one) => !set.has(one));
    });
    assert.deepEqual(wrong, []);
  });

  it("stands behind the complaint", () => {
    const text = "admin: { access_log_path: /dev/null }\nstatic_resources:\n  clusters: [{ name: a, hosts: [] }]\n";
    const { errors, warnings } = loadConfigText(text, { file: "f" });
    assert.deepEqual(
      [...errors, ...warnings].map(({ message }) => message),
      [
        "envoy.config.cluster.v3.Cluster has no field hosts; write load_assignment instead",
        "access_log_path of envoy.config.bootstrap.v3.Admin is deprecated; write access_log instead",
      ],
    );
    assert.equal(insteadOf("envoy.config.cluster.v3.Cluster", "name"), "");
  });
});
