import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { RuntimeMessage } from "../../../../src/control/mesh/runtime/runtime-messages.ts";
import { decodeRuntime, encodeRuntime, fitting } from "../../../../src/control/mesh/wire/runtime-message.ts";
import type { RuntimeRecord } from "../../../../src/messages/mesh-runtime.ts";

const SPEAKER = { node: "n0", instance: "0123456789abcdef0123456789abcdef" };

function record(more: Partial<RuntimeRecord> = {}): RuntimeRecord {
  return {
    key: "routing.canary",
    version: 3,
    change: "f".repeat(32),
    writer: "alice@host",
    node: "n1",
    wallMs: 1_795_245_240_123,
    value: "100",
    before: "",
    from: 5,
    steps: 10,
    stepMs: 1_000,
    guards: [{ cluster: "v2", rule: "cluster_error_rate<1%" }],
    windowMs: 10_000,
    requestsMin: 20,
    phase: "running",
    step: 3,
    turn: 4,
    driver: "n2",
    reason: "v2: no figures from n3",
    ...more,
  };
}

const MESSAGES: readonly RuntimeMessage[] = [
  {
    ...SPEAKER,
    type: "records",
    records: [record(), record({ steps: 0, step: 0, value: "", phase: "done", guards: [] })],
  },
  { ...SPEAKER, type: "digest", count: 7, digest: "00000000deadbeef", asks: true },
  { ...SPEAKER, type: "pull", after: "routing" },
  { ...SPEAKER, type: "page", records: [record()], isLast: false },
  {
    ...SPEAKER,
    type: "change",
    change: "0".repeat(32),
    action: "abort",
    key: "k",
    value: "",
    writer: "w",
    rampMs: 5,
    steps: 0,
    from: "",
    guards: [],
    windowMs: 1_000,
    requestsMin: 1,
    anyKey: true,
  },
  { ...SPEAKER, type: "outcome", reason: "no", records: [] },
  {
    ...SPEAKER,
    type: "figures",
    cluster: "v2",
    sequence: 9,
    requests: 100,
    errors: 3,
    latencies: [
      [3, 90],
      [400, 10],
    ],
  },
];

describe("messages about the runtime", () => {
  for (const message of MESSAGES) {
    it(`are what they were after the way: ${message.type}`, () => {
      assert.deepEqual(decodeRuntime(encodeRuntime(message)), message);
    });
  }

  it("are none when any limit is broken", () => {
    const wrong: Partial<RuntimeRecord>[] = [
      { key: "" },
      { key: "a b" },
      { key: "k".repeat(257) },
      { value: "v".repeat(1_025) },
      { value: "a\u0007" },
      { version: 0 },
      { version: 2 ** 41 },
      { writer: "" },
      { step: 11 },
      { value: "words" },
      { stepMs: 0 },
      { guards: [{ cluster: "v2", rule: "rm -rf" }] },
      { windowMs: 0 },
      { requestsMin: 0 },
      { change: "xyz" },
    ];
    for (const more of wrong) {
      assert.throws(
        () => encodeRuntime({ ...SPEAKER, type: "records", records: [record(more)] }),
        Error,
        JSON.stringify(more).slice(0, 60),
      );
    }
  });

  it("never throw, whatever the bytes, and are none when cut", () => {
    const whole = encodeRuntime(MESSAGES[0] as RuntimeMessage);
    for (let length = 0; length < whole.length; length++) assert.equal(decodeRuntime(whole.subarray(0, length)), null);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeRuntime(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = new Uint8Array(whole);
        changed[at] = byte;
        const message = decodeRuntime(changed);
        if (message !== null) encodeRuntime(message);
      }),
    );
  });

  it("take as many records as fit into one, and always one", () => {
    const large = Array.from({ length: 256 }, (_, index) =>
      record({ key: `k${index}`, reason: "r".repeat(512), value: "9".repeat(15) }),
    );
    const taken = fitting(large);
    assert.ok(taken.length > 30 && taken.length < 256, String(taken.length));
    assert.ok(encodeRuntime({ ...SPEAKER, type: "page", records: taken, isLast: false }).length < 60_000);
    assert.equal(fitting(large.slice(0, 1)).length, 1);
  });
});
