import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { JsonValue } from "../../../src/config/load/checked.ts";
import { loadJsonValue } from "../../../src/config/load/load-wire.ts";
import { toWire } from "../../../src/config/load/write-wire.ts";
import { ASSIGNMENT_URL, readRequest } from "../../../src/control/eds/wire.ts";

const PREFIX = "envoy.service.discovery.v3";
const NODE = { id: "edge-1", cluster: "edge", user_agent_name: "envoy", extensions: [{ name: "a", category: "b" }] };

function bytesOf(request: JsonValue, type: string): Uint8Array {
  const { message, errors } = loadJsonValue(request, `${PREFIX}.${type}`, "test");
  assert.ok(message !== null, JSON.stringify(errors));
  return toWire(message);
}

describe("requests for endpoints", () => {
  it("are read as far as they matter: state of the world", () => {
    const bytes = bytesOf(
      {
        node: NODE,
        version_info: "v",
        resource_names: ["a", "ü"],
        type_url: ASSIGNMENT_URL,
        response_nonce: "7",
        error_detail: { code: 3, message: "not so" },
      },
      "DiscoveryRequest",
    );
    assert.deepEqual(readRequest(bytes, "sotw"), {
      dialect: "sotw",
      typeUrl: ASSIGNMENT_URL,
      node: "edge-1",
      nonce: "7",
      error: "not so",
      names: ["a", "ü"],
    });
  });

  it("are read as far as they matter: incremental", () => {
    const bytes = bytesOf(
      {
        node: NODE,
        resource_names_subscribe: ["a", "b"],
        resource_names_unsubscribe: ["c"],
        initial_resource_versions: { a: "1", b: "" },
      },
      "DeltaDiscoveryRequest",
    );
    const versions = new Map([
      ["a", "1"],
      ["b", ""],
    ]);
    const [subscribe, unsubscribe] = [["a", "b"], ["c"]];
    const common = { dialect: "delta", typeUrl: "", node: "edge-1", nonce: "", error: null };
    assert.deepEqual(readRequest(bytes, "delta"), { ...common, subscribe, unsubscribe, versions });
  });

  it("tell a refusal without a reason from none", () => {
    assert.equal(readRequest(bytesOf({ error_detail: { code: 3 } }, "DiscoveryRequest"), "sotw").error, "");
    assert.equal(readRequest(new Uint8Array(0), "sotw").error, null);
  });

  it("are read or thrown away, whatever the bytes are", () => {
    const dialect = fc.constantFrom("sotw" as const, "delta" as const);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), dialect, (bytes, how) => {
        try {
          assert.equal(readRequest(bytes, how).dialect, how);
        } catch (error) {
          assert.equal(error instanceof assert.AssertionError, false);
        }
      }),
    );
  });
});
