import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../../src/config/compile/load-plan.ts";
import { RuntimeValues } from "../../../../src/config/plan/runtime.ts";
import { routeFacts } from "../../../../src/control/admin/dashboard/route-facts.ts";

const FILE = `
static_resources:
  listeners:
  - address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          route_config:
            virtual_hosts:
            - name: all
              domains: [a.example, "*"]
              routes:
              - match: { prefix: /canary, runtime_fraction: { default_value: { numerator: 500, denominator: TEN_THOUSAND }, runtime_key: canary.share } }
                route: { cluster: one }
              - match: { path: /split, headers: [{ name: x-user, present_match: true }] }
                route:
                  weighted_clusters:
                    runtime_key_prefix: split
                    clusters: [{ name: one, weight: 75 }, { name: two, weight: 25 }]
              - match: { safe_regex: { regex: "/r.*" } }
                redirect: { response_code: FOUND }
              - match: { prefix: / }
                direct_response: { status: 404 }
          http_filters:
          - name: router
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
  clusters:
  - { name: one }
  - { name: two }
`;

function rows(runtime: Readonly<Record<string, string>>): unknown[] {
  const { plan, errors } = loadPlan({ text: FILE, file: "a.yaml" });
  assert.deepEqual(errors, []);
  const facts = routeFacts(plan?.listeners ?? [], new RuntimeValues(runtime)) as Record<string, unknown>[];
  return facts.map(({ match, does, clusters }) => [match, does, clusters]);
}

describe("the dashboard's routes", () => {
  it("say which requests go where, and in which shares", () => {
    assert.deepEqual(rows({}), [
      ["/canary*, 5 % of requests", "", [{ name: "one", share: 1 }]],
      [
        "/split, header x-user",
        "",
        [
          { name: "one", share: 0.75 },
          { name: "two", share: 0.25 },
        ],
      ],
      ["~ /r.*", "redirect 302", []],
      ["/*", "answer 404", []],
    ]);
  });

  it("have the shares that the runtime says", () => {
    const [canary, split] = rows({ "canary.share": "20", "split.one": "0", "split.two": "10" });
    assert.deepEqual(canary, ["/canary*, 20 % of requests", "", [{ name: "one", share: 1 }]]);
    assert.deepEqual(split, [
      "/split, header x-user",
      "",
      [
        { name: "one", share: 0 },
        { name: "two", share: 1 },
      ],
    ]);
    assert.deepEqual((rows({ "split.one": "0", "split.two": "0" })[1] as unknown[])[2], [
      { name: "one", share: 0 },
      { name: "two", share: 0 },
    ]);
  });
});
