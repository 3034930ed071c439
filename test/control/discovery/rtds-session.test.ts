import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { JsonValue } from "../../../src/config/load/checked.ts";
import { loadJsonValue, loadWireMessage } from "../../../src/config/load/load-wire.ts";
import { toProtoJson } from "../../../src/config/load/to-proto-json.ts";
import { toWire } from "../../../src/config/load/write-wire.ts";
import { RtdsSession, takeResponse } from "../../../src/control/discovery/rtds-session.ts";

const NODE = { id: "n", cluster: "c", region: "", zone: "", subZone: "", metadata: {} };
const TYPE = "type.googleapis.com/envoy.service.runtime.v3.Runtime";
const runtime = (name: string, layer: JsonValue) => ({ "@type": TYPE, name, layer });
const terms = { resource: "mine", dialect: "sotw" } as const;

describe("a response of runtime discovery", () => {
  it("is of the one resource, or refused in Envoy's words", () => {
    const said = (...resources: JsonValue[]) => {
      const taken = takeResponse(terms, { version_info: "1", resources });
      return taken instanceof Error ? taken.message : taken.entries;
    };
    assert.deepEqual(said(runtime("mine", { a: { b: 1 }, c: { numerator: 5 } })), { "a.b": "1", c: '{"numerator":5}' });
    const count = "Unexpected RTDS resource length, number of added resources";
    assert.equal(said(), `${count} 0, number of removed resources 0`);
    assert.equal(said(runtime("mine", {}), runtime("b", {})), `${count} 2, number of removed resources 0`);
    assert.equal(said(runtime("other", {})), "Unexpected RTDS runtime (expecting mine): other");
    assert.equal(said(runtime("mine", { a: [1] })), "Invalid runtime entry value for a");
    assert.equal(said({ "@type": "type.googleapis.com/google.protobuf.Struct" }), UNEXPECTED);
  });
});

describe("a session of runtime discovery that speaks deltas", () => {
  const bytes = (fields: Record<string, JsonValue>): Uint8Array => {
    const { message, errors } = loadJsonValue({ type_url: TYPE, ...fields }, DELTA, "test");
    assert.ok(message !== null, JSON.stringify(errors));
    return toWire(message);
  };
  const request = (sent: Uint8Array) => {
    const { message } = loadWireMessage(sent, "envoy.service.discovery.v3.DeltaDiscoveryRequest", "test");
    assert.ok(message !== null);
    return toProtoJson(message);
  };
  const added = (version: string, layer: JsonValue) => ({
    resources: [{ name: "mine", version, resource: runtime("mine", layer) }],
  });

  it("says on a new stream which version it holds", () => {
    const session = new RtdsSession({ ...terms, dialect: "delta", node: NODE });
    assert.equal(request(session.first())["initial_resource_versions"], undefined);
    session.receive(bytes({ nonce: "1", ...added("v1", { a: 1 }) }));
    const { node, ...first } = request(session.first());
    assert.deepEqual(first, {
      type_url: TYPE,
      resource_names_subscribe: ["mine"],
      initial_resource_versions: { mine: "v1" },
    });
    assert.equal((node as { id: string }).id, "n");
  });

  it("empties the layer when the resource is removed, and holds it when another one is", () => {
    const session = new RtdsSession({ ...terms, dialect: "delta", node: NODE });
    session.receive(bytes({ nonce: "1", ...added("v1", { a: 1 }) }));
    const other = session.receive(bytes({ nonce: "2", removed_resources: ["other"] }));
    assert.deepEqual([other.entries, other.refusal, request(other.reply)["response_nonce"]], [null, "", "2"]);
    const own = session.receive(bytes({ nonce: "3", removed_resources: ["mine"] }));
    assert.deepEqual([own.entries, own.refusal], [{}, ""]);
  });

  it("refuses bytes that are none", () => {
    const session = new RtdsSession({ ...terms, dialect: "delta", node: NODE });
    const { entries, refusal, reply } = session.receive(Uint8Array.of(255, 255, 255));
    assert.equal(entries, null);
    assert.match(refusal, /not readable/);
    assert.equal((request(reply)["error_detail"] as { code: number }).code, 13);
  });
});

const DELTA = "envoy.service.discovery.v3.DeltaDiscoveryResponse";
const UNEXPECTED = "Unexpected resource type type.googleapis.com/google.protobuf.Struct";
