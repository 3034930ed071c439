import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import type { Diagnostic } from "../../../src/config/load/checked.ts";

const FOLDER = "test/golden/envoy";

/** What of Envoy's the files use that is refused, by the words of the refusal. */
const REFUSED: Readonly<Record<string, readonly RegExp[]>> = {
  "responses.yaml": [/fault/, /rbac/, /local_ratelimit/, /buffer/, /health_check/],
};

describe("the files that Envoy serves", () => {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"))) {
    const refused = REFUSED[file] ?? [];
    it(`${file} ${refused.length === 0 ? "has a plan" : "is refused for features by name only"}`, () => {
      const { plan, errors } = loadPlan({ path: `${FOLDER}/${file}`, yaml: "" });
      const unexpected = errors.filter(
        ({ message }) => !message.startsWith("not supported: ") || !refused.some((words) => words.test(message)),
      );
      assert.deepEqual(unexpected, []);
      assert.equal(plan === null, refused.length > 0);
    });
  }
});

describe("the health-check document's files", () => {
  const files = readdirSync(FOLDER).filter((name) => name.startsWith("health-checks."));
  const said = (found: readonly Diagnostic[]): readonly string[] =>
    found
      .filter(({ path }) => path.includes("health_checks"))
      .map(({ line, column, message }) => `${line}:${column} ${message}`);

  for (const file of files) {
    it(`${file} is served, with the modern form of what Envoy refuses`, () => {
      const { plan, warnings } = loadPlan({ path: `${FOLDER}/${file}` });
      assert.notEqual(plan, null);
      assert.deepEqual(
        said(warnings).map((one) => one.replace(/.*; write (end: \d+|\w+).*/, "$1")),
        MODERN[file] ?? [],
      );
    });

    it(`${file} has Envoy's verdict with --compat envoy`, () => {
      const { errors } = loadPlan({ path: `${FOLDER}/${file}` }, { compat: "envoy" });
      assert.deepEqual(said(errors), REFUSED_BY_ENVOY[file] ?? []);
      assert.equal(errors.length, said(errors).length);
    });
  }
});

describe("a file with mistakes and refused features", () => {
  const mistaken = `
static_resources:
  listeners:
  - name: first
    address: { socket_address: { address: 127.0.0.1, port_value: 1 } }
    filter_chains:
    - filters:
      - name: redis
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.redis_proxy.v3.RedisProxy
          stat_prefix: redis
          settings: { op_timeout: 5s }
  clusters:
  - name: discovered
    type: EDS
  - { name: misspelt, lb_polcy: RANDOM }
`;

  it("is told both at once", () => {
    const { plan, errors } = loadPlan({ text: mistaken, file: "f" });
    assert.equal(plan, null);
    assert.deepEqual(
      errors.map(({ line, message }) => [line, message.replace(/;.*/, "")]),
      [
        [9, "not supported: the network filter 'redis' (envoy.extensions.filters.network.redis_proxy.v3.RedisProxy)"],
        [15, "not supported: clusters of type EDS"],
        [16, "envoy.config.cluster.v3.Cluster has no field lb_polcy (did you mean lb_policy?)"],
      ],
    );
  });
});

const MODERN: Readonly<Record<string, readonly string[]>> = {
  "health-checks.3.2.1-http.yaml": ["end: 201"],
  "health-checks.3.2.3-grpc.yaml": ["typed_extension_protocol_options"],
};

const REFUSED_BY_ENVOY: Readonly<Record<string, readonly string[]>> = {
  "health-checks.3.2.1-http.yaml": [
    "17:11 Invalid http expected status range: expecting start < end, but found start=200 and end=200",
  ],
  "health-checks.3.2.3-grpc.yaml": ["9:7 grpc_service_cluster cluster must support HTTP/2 for gRPC healthchecking"],
};
