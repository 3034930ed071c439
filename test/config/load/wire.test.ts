// Protobuf's binary form: every golden message comes back from its bytes, bytes agree with another implementation, and
// no bytes make reading throw.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { DurationSchema, StructSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { CheckedMessage, JsonValue, LoadResult } from "../../../src/config/load/checked.ts";
import { loadConfigText } from "../../../src/config/load/load-config.ts";
import { loadAny, loadJsonValue, loadWireMessage } from "../../../src/config/load/load-wire.ts";
import { timeOf, timeText } from "../../../src/config/load/rfc3339.ts";
import { toProtoJson } from "../../../src/config/load/to-proto-json.ts";
import { toWire } from "../../../src/config/load/write-wire.ts";

const golden = join(import.meta.dirname, "../../golden/envoy");

describe("the wire form", () => {
  for (const name of readdirSync(golden)) {
    it(`of ${name} reads as the same message`, () => {
      const message = must(loadConfigText(readFileSync(join(golden, name), "utf8"), { file: name }));
      const again = must(loadWireMessage(toWire(message), message.type, name));
      assert.deepEqual(plain(again), plain(message));
    });
  }

  it("has every kind of field", () => {
    const value: JsonValue = {
      rate: 1,
      metadata: { filter_metadata: { a: { list: [1.5, "x", null, true, { deep: [] }], none: null } } },
    };
    const locality: JsonValue = { locality: { zone: "z" }, total_successful_requests: "9007199254740991", priority: 3 };
    const stats: JsonValue = {
      cluster_stats: [{ cluster_name: "c", load_report_interval: "2.000000005s", upstream_locality_stats: [locality] }],
      node: { id: "n", metadata: { k: value }, client_features: ["a", "b"] },
    };
    const type = "envoy.service.load_stats.v3.LoadStatsRequest";
    const message = must(loadJsonValue(stats, type, "here"));
    assert.deepEqual(plain(must(loadWireMessage(toWire(message), type, "here"))), plain(message));
  });

  it("is what the specification says for a small message", () => {
    const message = must(
      loadJsonValue({ address: "::1", port_value: 80 }, "envoy.config.core.v3.SocketAddress", "here"),
    );
    assert.equal(Buffer.from(toWire(message)).toString("hex"), "12033a3a311850");
  });

  it("of a Struct agrees with another implementation", () => {
    const metadata: JsonValue = { a: [1, "two", null, false, { b: -1.25 }] };
    const node = must(loadJsonValue({ metadata }, "envoy.config.core.v3.Node", "here"));
    const struct = toWire(node).subarray(2);
    const theirs = fromBinary(StructSchema, struct);
    assert.deepEqual(toBinary(StructSchema, theirs), Uint8Array.from(struct));
    assert.equal(theirs.fields["a"]?.kind.case, "listValue");
  });

  it("of durations and times agrees with another implementation", () => {
    const type = "envoy.admin.v3.UpdateFailureState";
    const message = must(loadJsonValue({ last_update_attempt: "2026-02-28T23:59:59.5Z" }, type, "here"));
    const seconds = BigInt(Date.UTC(2026, 1, 28, 23, 59, 59) / 1000);
    const time = toBinary(TimestampSchema, create(TimestampSchema, { seconds, nanos: 500_000_000 }));
    assert.deepEqual(Buffer.from(toWire(message)).subarray(2), Buffer.from(time));
    const backoff = must(loadJsonValue({ base_interval: "1.25s" }, "envoy.config.core.v3.BackoffStrategy", "here"));
    const duration = toBinary(DurationSchema, create(DurationSchema, { seconds: 1n, nanos: 250_000_000 }));
    assert.deepEqual(Buffer.from(toWire(backoff)).subarray(2), Buffer.from(duration));
  });

  it("skips fields that the schema does not have", () => {
    const bytes = Buffer.from("0a022f61f8ff0301", "hex");
    const message = must(loadWireMessage(bytes, "envoy.config.core.v3.Pipe", "server"));
    assert.deepEqual(plain(message), { path: "/a" });
  });

  it("gives a diagnostic for rules broken, unknown types and bytes that are no message", () => {
    const text = (result: LoadResult) => result.errors.map(({ path, message }) => `${path}: ${message}`).join();
    assert.match(text(loadWireMessage(new Uint8Array(0), "envoy.config.core.v3.Pipe", "s")), /path: may not be empty/);
    assert.match(text(loadWireMessage(Buffer.from("ff", "hex"), "envoy.config.core.v3.Pipe", "s")), /not readable as/);
    assert.match(text(loadAny({ typeUrl: "type.googleapis.com/no.Such", value: new Uint8Array(0) }, "s")), /no.Such/);
  });

  it("never makes reading throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const { message, errors } = loadWireMessage(bytes, "envoy.config.cluster.v3.Cluster", "s");
        assert.equal(message === null, errors.length > 0);
      }),
      { numRuns: 500 },
    );
  });

  it("of times holds for any moment between the years 1 and 9999", () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), (seconds) => {
        const text = timeText(seconds, 0);
        assert.equal(Date.parse(text) / 1000, seconds);
        assert.deepEqual(timeOf(text), { seconds, nanos: 0 });
      }),
    );
    assert.equal(timeOf("2026-02-29T00:00:00Z"), null);
    assert.deepEqual(timeOf("1970-01-01T01:00:00.25+01:00"), { seconds: 0, nanos: 250_000_000 });
  });
});

function must(result: LoadResult): CheckedMessage {
  assert.deepEqual(result.errors, []);
  assert.ok(result.message !== null);
  return result.message;
}

function plain(message: CheckedMessage): unknown {
  return JSON.parse(JSON.stringify(toProtoJson(message, { redact: false })));
}
