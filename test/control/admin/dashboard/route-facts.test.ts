import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../../src/config/compile/load-plan.ts";
import { RuntimeValues } from "../../../../src/config/plan/runtime.ts";
import { routeFacts } from "../../../../src/control/admin/dashboard/route-facts.ts";
import { nodeFile } from "../../../support/proxy-file.ts";

const FILE = nodeFile(
  {
    domains: ["a.example", "*"],
    routes: [
      {
        match: {
          prefix: "/canary",
          runtime_fraction: {
            default_value: { numerator: 500, denominator: "TEN_THOUSAND" },
            runtime_key: "canary.share",
          },
        },
        route: { cluster: "one" },
      },
      {
        match: { path: "/split", headers: [{ name: "x-user", present_match: true }] },
        route: {
          weighted_clusters: {
            runtime_key_prefix: "split",
            clusters: [
              { name: "one", weight: 75 },
              { name: "two", weight: 25 },
            ],
          },
        },
      },
      { match: { safe_regex: { regex: "/r.*" } }, redirect: { response_code: "FOUND" } },
      { match: { prefix: "/" }, direct_response: { status: 404 } },
    ],
  },
  [{ name: "one" }, { name: "two" }],
);

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
          { name: "one", share: 0.75, key: "split.one", weight: 75 },
          { name: "two", share: 0.25, key: "split.two", weight: 25 },
        ],
      ],
      ["~ /r.*", "redirect 302", []],
      ["/*", "answer 404", []],
    ]);
  });

  it("name the runtime key of a share of requests, and have it in percent", () => {
    const { plan } = loadPlan({ text: FILE, file: "a.yaml" });
    const of = (runtime: Record<string, string>) =>
      routeFacts(plan?.listeners ?? [], new RuntimeValues(runtime)) as Record<string, unknown>[];
    const [canary, split] = of({});
    assert.deepEqual([canary?.["key"], canary?.["percent"], split?.["key"]], ["canary.share", 5, undefined]);
    assert.equal(of({ "canary.share": "20" })[0]?.["percent"], 20);
  });

  it("have the shares that the runtime says", () => {
    const [canary, split] = rows({ "canary.share": "20", "split.one": "0", "split.two": "10" });
    assert.deepEqual(canary, ["/canary*, 20 % of requests", "", [{ name: "one", share: 1 }]]);
    assert.deepEqual(split, [
      "/split, header x-user",
      "",
      [
        { name: "one", share: 0, key: "split.one", weight: 0 },
        { name: "two", share: 1, key: "split.two", weight: 10 },
      ],
    ]);
    assert.deepEqual((rows({ "split.one": "0", "split.two": "0" })[1] as unknown[])[2], [
      { name: "one", share: 0, key: "split.one", weight: 0 },
      { name: "two", share: 0, key: "split.two", weight: 0 },
    ]);
  });
});
