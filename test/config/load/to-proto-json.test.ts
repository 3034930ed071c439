// What Envoy printed with config_dump loads, and prints again as Envoy printed it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import type { CheckedMessage } from "../../../src/config/load/checked.ts";
import { loadConfigText, loadMessageText } from "../../../src/config/load/load-config.ts";
import { durationText, toProtoJson } from "../../../src/config/load/to-proto-json.ts";

const golden = join(import.meta.dirname, "../../golden");

describe("canonical JSON", () => {
  for (const name of readdirSync(join(golden, "config-dump"))) {
    it(`of Envoy's ${name} is what Envoy printed`, () => {
      const text = readFileSync(join(golden, "config-dump", name), "utf8");
      const loaded = loadMessageText(text, "envoy.admin.v3.ConfigDump", { file: name, format: "json" });
      assert.deepEqual(loaded.errors, []);
      assert.deepEqual(plain(loaded.message), JSON.parse(text));
    });
  }

  for (const name of readdirSync(join(golden, "envoy"))) {
    it(`of ${name} loads to the same message again`, () => {
      const text = readFileSync(join(golden, "envoy", name), "utf8");
      const once = plain(loadConfigText(text, { file: name }).message, false);
      const again = loadConfigText(JSON.stringify(once), { file: name, format: "json" });
      assert.deepEqual(plain(again.message, false), once);
    });
  }

  it("hides what the schema calls sensitive unless told otherwise", () => {
    const text = `static_resources: { secrets: [{ name: s, tls_certificate: { private_key: { inline_string: k },
      password: { inline_bytes: QUJD } } }] }`;
    const { message } = loadConfigText(text, { file: "f" });
    const hidden = JSON.stringify(plain(message));
    const shown = JSON.stringify(plain(message, false));
    assert.ok(!hidden.includes('"k"') && !hidden.includes("QUJD"), hidden);
    assert.ok(shown.includes('"k"') && shown.includes("QUJD"), shown);
  });

  const durations = [
    [0, "0s"],
    [5000, "5s"],
    [250, "0.250s"],
    [1500.25, "1.500250s"],
    [0.000001, "0.000000001s"],
    [999.9999999, "1s"],
  ] as const;
  for (const [ms, text] of durations) {
    it(`prints ${ms} ms as ${text}`, () => assert.equal(durationText(ms), text));
  }

  it("prints 64-bit integers as text, packed well-known types with value, and leaves defaults out", () => {
    const text = `
node: { id: "", metadata: { a: [1, yes, ~, x] } }
static_resources:
  clusters:
  - name: c
    typed_extension_protocol_options:
      a: { "@type": type.googleapis.com/google.protobuf.Duration, value: 1.5s }
      b: { "@type": type.googleapis.com/google.protobuf.UInt64Value, value: 7 }
      c: { "@type": type.googleapis.com/google.protobuf.Struct, value: { x: 0x10 } }
    least_request_lb_config: { choice_count: 2 }
    upstream_connection_options: { tcp_keepalive: { keepalive_probes: 0 } }
    lb_policy: ROUND_ROBIN
    type: STATIC
memory_allocator_manager: { bytes_to_release: 5, memory_release_interval: 1s }`;
    const { message, errors } = loadConfigText(text, { file: "f" });
    assert.deepEqual(errors, []);
    assert.deepEqual(plain(message), {
      node: { metadata: { a: [1, true, null, "x"] } },
      static_resources: {
        clusters: [
          {
            name: "c",
            type: "STATIC",
            typed_extension_protocol_options: {
              a: { "@type": "type.googleapis.com/google.protobuf.Duration", value: "1.500s" },
              b: { "@type": "type.googleapis.com/google.protobuf.UInt64Value", value: "7" },
              c: { "@type": "type.googleapis.com/google.protobuf.Struct", value: { x: 16 } },
            },
            least_request_lb_config: { choice_count: 2 },
            upstream_connection_options: { tcp_keepalive: { keepalive_probes: 0 } },
          },
        ],
      },
      memory_allocator_manager: { bytes_to_release: "5", memory_release_interval: "1s" },
    });
  });
});

function plain(message: CheckedMessage | null, redact = true): unknown {
  assert.ok(message !== null);
  return JSON.parse(JSON.stringify(toProtoJson(message, { redact })));
}
