import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { encodeAttributes, metricsRequest } from "../../../src/control/tracing/otlp-metrics.ts";
import { attributesOf, list, type Message, readExport } from "../../support/otlp-proto.ts";

const ORIGIN = { resource: new Map<string, string>(), version: "" };
const TIMES = { counterStartNs: 1n, histogramStartNs: 2n, nowNs: 3n };
const TOTALS = { countersAsDeltas: false, histogramsAsDeltas: false };

describe("metrics over OTLP", () => {
  it("are these bytes", () => {
    const points = [{ attributes: encodeAttributes("counter", [["k", "v"]]), value: 258 }];
    const made = metricsRequest(ORIGIN, [{ kind: "counter", name: "m", points }], TIMES, TOTALS);
    const name = Buffer.from("starling").toString("hex");
    const expected = [
      ["0a44", "0a00"], // resource_metrics, an empty resource
      ["1240", `0a0c0a08${name}1200`], // scope_metrics, scope
      ["1230", "0a016d", "3a2b"], // metrics, name, sum
      ["0a25", "110100000000000000", "190300000000000000", "310201000000000000"], // data_points: start, time, as_int
      ["3a08", "0a016b", "12030a0176"], // attributes
      ["1002", "1801"], // cumulative, monotonic
    ];
    assert.equal(Buffer.from(made).toString("hex"), expected.flat().join(""));
  });

  it("hold whole numbers of any size, below zero too", () => {
    const values = [0, -1, -4_294_967_297, 2 ** 32, Number.MAX_SAFE_INTEGER, 1.6];
    const points = values.map((value) => ({ attributes: new Uint8Array(0), value }));
    const metric = only(metricsRequest(ORIGIN, [{ kind: "gauge", name: "g", points }], TIMES, TOTALS));
    assert.deepEqual(
      list((metric["gauge"] as Message)["data_points"]).map((point) => point["as_int"]),
      ["0", "-1", "-4294967297", "4294967296", "9007199254740991", "2"],
    );
  });

  it("have attributes of any length", () => {
    const tags = [50, 100, 200, 20_000].map((length) => [`k${length}`, "x".repeat(length)] as const);
    const points = tags.map((tag) => ({ attributes: encodeAttributes("counter", [tag]), value: 1 }));
    const metric = only(metricsRequest(ORIGIN, [{ kind: "counter", name: "c", points }], TIMES, TOTALS));
    const read = list((metric["sum"] as Message)["data_points"]).map((point) => attributesOf(point));
    assert.deepEqual(
      read,
      tags.map((tag) => Object.fromEntries([tag])),
    );
  });
});

function only(bytes: Uint8Array): Message {
  const [resource] = list(readExport("MetricsRequest", bytes)["resource_metrics"]);
  return list(list(resource?.["scope_metrics"])[0]?.["metrics"])[0] ?? {};
}
