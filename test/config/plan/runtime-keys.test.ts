import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { isCommonKey, type RuntimeKnowledge, runtimeKnowledge } from "../../../src/config/plan/runtime-keys.ts";
import { proxyFile } from "../../support/proxy-file.ts";

const SHARE = { default_value: { numerator: 25 }, runtime_key: "shift.a" };
const WEIGHTS = {
  runtime_key_prefix: "split",
  clusters: [
    { name: "echo", weight: 90 },
    { name: "other", weight: 10 },
  ],
};
const MIRROR = {
  cluster: "other",
  runtime_fraction: { default_value: { numerator: 5, denominator: "TEN_THOUSAND" }, runtime_key: "mirrored" },
};
const ROUTES = [
  { match: { prefix: "/a", runtime_fraction: SHARE }, route: { cluster: "echo" } },
  { match: { prefix: "/b" }, route: { cluster: "echo", request_mirror_policies: [MIRROR] } },
  { match: { prefix: "/" }, route: { weighted_clusters: WEIGHTS } },
];

function known(): RuntimeKnowledge {
  const virtualHosts = [{ name: "all", domains: ["*"], routes: ROUTES }];
  const manager = { route_config: { name: "local", virtual_hosts: virtualHosts } };
  const file = JSON.parse(proxyFile({ port: 0, adminPort: 0, upstreamPort: 1, manager }));
  file.static_resources.clusters.push({ name: "other", load_assignment: { cluster_name: "other" } });
  file.layered_runtime = { layers: [{ name: "base", static_layer: { shift: { a: 40 }, own: "words" } }] };
  const { plan, errors } = loadPlan({ file: "f", text: JSON.stringify(file) });
  assert.deepEqual(errors, []);
  assert.ok(plan !== null);
  return runtimeKnowledge(plan);
}

describe("runtime keys of a configuration", () => {
  it("are those of its shares, its weights and its layers, with what each gives more to", () => {
    assert.deepEqual(known().keys, [
      { key: "shift.a", kind: "share", present: "40", grows: ["echo"], falls: ["echo", "other"] },
      { key: "split.echo", kind: "number", present: "90", grows: ["echo"], falls: ["other"] },
      { key: "split.other", kind: "number", present: "10", grows: ["other"], falls: ["echo"] },
      { key: "mirrored", kind: "share", present: "0.05", grows: [], falls: [] },
      { key: "own", kind: "text", present: "words", grows: [], falls: [] },
    ]);
  });

  it("are also those that every configuration has", () => {
    const keys = ["upstream.healthy_panic_threshold", "outlier_detection.consecutive_5xx", "health_check.min_interval"];
    for (const tracer of ["zipkin", "opentelemetry"])
      keys.push(`tracing.${tracer}.flush_interval_ms`, `tracing.${tracer}.min_flush_spans`);
    keys.push("tracing.zipkin.request_timeout");
    for (const key of [...keys, "circuit_breakers.some.cluster.high.max_retries"]) assert.ok(isCommonKey(key), key);
    for (const key of [
      "circuit_breakers.c.low.max_retries",
      "upstream.nothing",
      "shift.a",
      "tracing.opentelemetry.request_timeout",
    ])
      assert.ok(!isCommonKey(key), key);
  });
});
