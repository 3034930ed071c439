import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { formatDiagnostic } from "../../../src/config/load/format-diagnostic.ts";
import { upgradeV1 } from "../../../src/config/upgrade/upgrade-v1.ts";

const golden = (name: string): string => readFileSync(join(import.meta.dirname, "../../golden/upgrade", name), "utf8");

/** A file with these fields in the one virtual host or the one route. */
function v1(
  route: unknown,
  host: Readonly<Record<string, unknown>> = {},
  config: Readonly<Record<string, unknown>> = {},
) {
  const virtualHost = { name: "all", domains: ["*"], routes: [route], ...host };
  return JSON.stringify({ route_config: { virtual_hosts: [virtualHost], ...config } }, null, 1);
}

function upgraded(text: string) {
  const { yaml, errors, warnings } = upgradeV1(text, "old.json");
  const file = parse(yaml ?? "{}") as { static_resources: { listeners: [{ filter_chains: [{ filters: [Filter] }] }] } };
  const config = file.static_resources?.listeners[0].filter_chains[0].filters[0].typed_config.route_config;
  const host = config?.virtual_hosts[0];
  const says = [...errors, ...warnings].map(formatDiagnostic);
  return { yaml: yaml ?? "", config, host, route: host?.routes[0], says, isWhole: errors.length === 0 };
}

interface Filter {
  readonly typed_config: {
    readonly route_config: Readonly<Record<string, unknown>> & { readonly virtual_hosts: readonly Host[] };
  };
}

type Host = Readonly<Record<string, unknown>> & { readonly routes: readonly unknown[] };

describe("a file of Envoy's v1 API", () => {
  for (const name of ["traffic-shift-v1", "traffic-split-v1"]) {
    it(`is printed as v3, which is valid: ${name} as the document has it`, () => {
      const { yaml, errors } = upgradeV1(golden(`${name}.json.txt`), name);
      assert.deepEqual(errors, []);
      assert.equal(yaml, golden(`${name}.yaml`));
      assert.notEqual(loadPlan({ text: yaml ?? "", file: name }).plan, null);
    });
  }

  it("may have the document's comma before a closing bracket, which is told with its place", () => {
    assert.deepEqual(upgradeV1(golden("traffic-shift-v1.json.txt"), "old.json").warnings.map(formatDiagnostic), [
      "old.json:18:27: a comma before a closing bracket: JSON has none here; taken out",
    ]);
    assert.deepEqual(upgraded(v1({ prefix: "/a, }", cluster: "c" })).says, []);
  });

  it("is refused when it is to be served, with the command that helps", () => {
    for (const file of ["traffic-shift-v1.json.txt", "traffic-shift.json"]) {
      const { plan, errors } = loadPlan({ text: golden("traffic-shift-v1.json.txt"), file });
      assert.equal(plan, null);
      assert.deepEqual(errors.map(formatDiagnostic), [
        `${file}:2:1 route_config: this is configuration of Envoy's v1 API, which Envoy refuses as well: 'starling validate --upgrade ${file}' prints it as v3`,
      ]);
    }
  });

  it("has every match of a route mapped", () => {
    const headers = [{ name: "x-a", value: "1" }, { name: "x-b" }, { name: "x-c", value: "a.*", regex: true }];
    const { route, says, isWhole, yaml } = upgraded(
      v1({
        ...{
          regex: "/a.*",
          case_sensitive: false,
          cluster: "c",
          headers,
          query_parameters: [{ name: "q", value: "1" }],
        },
      }),
    );
    assert.deepEqual((route as { match: unknown }).match, {
      safe_regex: { regex: "/a.*" },
      case_sensitive: false,
      headers: [
        { name: "x-a", string_match: { exact: "1" } },
        { name: "x-b", present_match: true },
        { name: "x-c", string_match: { safe_regex: { regex: "a.*" } } },
      ],
      query_parameters: [{ name: "q", string_match: { exact: "1" } }],
    });
    assert.equal(isWhole, true);
    assert.equal(says.length, 2);
    assert.notEqual(loadPlan({ text: yaml, file: "v3" }).plan, null);
  });

  it("has every action of a route mapped", () => {
    const { route, isWhole, yaml } = upgraded(
      v1({
        prefix: "/",
        cluster_header: "x-to",
        timeout_ms: 1_500,
        prefix_rewrite: "/b",
        host_rewrite: "b",
        priority: "high",
        use_websocket: true,
        retry_policy: { retry_on: "5xx", num_retries: 2, per_try_timeout_ms: 250 },
        request_headers_to_add: [{ key: "x-a", value: "1" }],
      }),
    );
    assert.deepEqual(route, {
      match: { prefix: "/" },
      route: {
        cluster_header: "x-to",
        timeout: "1.5s",
        prefix_rewrite: "/b",
        host_rewrite_literal: "b",
        priority: "HIGH",
        upgrade_configs: [{ upgrade_type: "websocket" }],
        retry_policy: { retry_on: "5xx", num_retries: 2, per_try_timeout: "0.25s" },
      },
      request_headers_to_add: [{ header: { key: "x-a", value: "1" } }],
    });
    assert.equal(isWhole, true);
    assert.notEqual(loadPlan({ text: yaml, file: "v3" }).plan, null);
  });

  it("has mirroring, hashing and redirects mapped", () => {
    const mirrored = upgraded(
      v1({ prefix: "/", cluster: "a", shadow: { cluster: "b", runtime_key: "k" }, hash_policy: { header_name: "x" } }),
    );
    assert.deepEqual((mirrored.route as { route: unknown }).route, {
      cluster: "a",
      hash_policy: [{ header: { header_name: "x" } }],
      request_mirror_policies: [
        {
          cluster: "b",
          runtime_fraction: { runtime_key: "k", default_value: { numerator: 0, denominator: "TEN_THOUSAND" } },
        },
      ],
    });
    const { route } = upgraded(v1({ path: "/old", path_redirect: "/new", host_redirect: "b" }));
    assert.deepEqual(route, { match: { path: "/old" }, redirect: { host_redirect: "b", path_redirect: "/new" } });
  });

  it("has what virtual hosts and the whole say mapped", () => {
    const { host, config, isWhole } = upgraded(
      v1(
        { prefix: "/", cluster: "c" },
        { require_ssl: "all" },
        { validate_clusters: true, internal_only_headers: ["x-i"], response_headers_to_remove: ["x-r"] },
      ),
    );
    assert.equal(host?.["require_tls"], "ALL");
    assert.deepEqual(
      ["validate_clusters", "internal_only_headers", "response_headers_to_remove"].map((key) => config?.[key]),
      [true, ["x-i"], ["x-r"]],
    );
    assert.equal(isWhole, true);
  });

  it("has what cannot be mapped named with its place, and the rest printed", () => {
    const { says, yaml } = upgraded(v1({ prefix: "/", cluster: "c", rate_limits: [], what: 1, timeout_ms: "soon" }));
    assert.deepEqual(says, [
      "old.json:13:7 route_config.virtual_hosts[0].routes[0].rate_limits: 'rate_limits' is not mapped to v3: write them anew with v3's rate_limits",
      "old.json:14:7 route_config.virtual_hosts[0].routes[0].what: 'what' is not mapped to v3",
      "old.json:15:7 route_config.virtual_hosts[0].routes[0].timeout_ms: must be a whole number",
    ]);
    assert.match(yaml, /cluster: c\n/);
  });

  it("has one match and one action a route", () => {
    const { says } = upgraded(v1({ prefix: "/", path: "/a", cluster: "c", cluster_header: "h" }));
    assert.equal(says.length, 2);
    assert.match(says.join("\n"), /a route has one of prefix, path and regex/);
    assert.match(says.join("\n"), /leads to one of cluster, cluster_header and weighted_clusters/);
  });

  it("is known as a whole bootstrap too, of which only routes are mapped", () => {
    const text = JSON.stringify({ listeners: [], cluster_manager: {} });
    assert.match(upgraded(text).says.join("\n"), /of a v1 bootstrap only route_config is, as a file of its own/);
    assert.match(loadPlan({ text, file: "old.json" }).errors[0]?.message ?? "", /v1 API/);
  });

  it("is no v3 file", () => {
    assert.match(upgraded("static_resources: {}").says.join("\n"), /not a file of Envoy's v1 API/);
    assert.deepEqual(loadPlan({ text: "static_resources: {}", file: "f" }).errors, []);
  });
});
