import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { HeaderMatcherPlan } from "../../../src/config/plan/match.ts";
import { routeGroups } from "../../../src/dataplane/exchange/request-groups.ts";
import { REQUESTS } from "../../../src/telemetry/request-stats.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { requestHead } from "../../support/head.ts";
import { pathMatch, route, routeConfig, virtualHost } from "../../support/route-plans.ts";

const HAS_A: HeaderMatcherPlan = {
  name: "x-a",
  match: { kind: "present", present: true },
  invert: false,
  treatMissingAsEmpty: false,
};

describe("requests counted by name", () => {
  const plain = route("plain", pathMatch("prefix", "/"));
  const named = { ...route("named", pathMatch("prefix", "/n")), statPrefix: "n" };
  const stats = new StatsWriter(() => {});
  const total = (prefix: string): number => stats.block(REQUESTS, prefix)[REQUESTS.at.upstream_rq_total] as number;

  it("have no groups where a host has no virtual clusters and a route no stat_prefix", () => {
    assert.equal(routeGroups(routeConfig(virtualHost("h", ["*"], [plain])), stats).size, 0);
  });

  it("count as the first virtual cluster that matches, or as other, and as their route's", () => {
    const virtualClusters = [
      { name: "a", headers: [HAS_A] },
      { name: "again", headers: [HAS_A] },
    ];
    const groups = routeGroups(routeConfig({ ...virtualHost("h", ["*"], [plain, named]), virtualClusters }), stats);
    const [a, none] = [requestHead("GET http://h/", { "x-a": "1" }), requestHead("GET http://h/")];
    for (const [at, head] of [
      [plain, a],
      [named, a],
      [named, none],
    ] as const)
      groups.get(at)?.of(head).count("upstream_rq_total");
    assert.equal(total("vhost.h.vcluster.a."), 2);
    assert.equal(total("vhost.h.vcluster.again."), 0);
    assert.equal(total("vhost.h.vcluster.other."), 1);
    assert.equal(total("vhost.h.route.n."), 2);
    assert.equal(groups.get(plain)?.of(a).virtualCluster, "a");
    assert.equal(groups.get(named)?.of(none).virtualCluster, undefined);
  });
});
