import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { CorsPolicyPlan } from "../../../../src/config/plan/filters/cors.ts";
import { type FilterScene, filterScene, override } from "../../../support/filter-scene.ts";
import { forwarding } from "../../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../../support/route-plans.ts";

function policy(more: Partial<CorsPolicyPlan>): CorsPolicyPlan {
  return {
    kind: "cors",
    origins: [],
    allowMethods: "",
    allowHeaders: "",
    exposeHeaders: "",
    maxAge: "",
    allowsCredentials: null,
    allowsPrivateNetwork: null,
    forwardsPreflights: null,
    enabled: null,
    shadowEnabled: null,
    ...more,
  };
}

/** One route with a policy, below a virtual host with another. */
function scene(ofHost: CorsPolicyPlan, ofRoute: CorsPolicyPlan): FilterScene {
  const route = { ...forwarding("/", "up"), filterOverrides: [override("c", { settings: ofRoute })] };
  const host = { ...virtualHost("all", ["*"], [route]), filterOverrides: [override("c", { settings: ofHost })] };
  return filterScene({ filters: { c: { kind: "cors" } }, manager: { routes: routeConfig(host) } });
}

const HOST = policy({
  origins: [{ kind: "exact", value: "o", ignoreCase: false }],
  maxAge: "60",
  allowsCredentials: true,
});
const PREFLIGHT = "OPTIONS / HTTP/1.1\r\nhost: a\r\norigin: o\r\naccess-control-request-method: PUT\r\n\r\n";

describe("the cors filter", () => {
  it("answers a preflight itself, each thing as the most specific level that says it has it", () => {
    const { world, up } = scene(HOST, policy({ allowMethods: "*", allowsCredentials: false }));
    const answer = world.ask(PREFLIGHT);
    assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
    assert.match(answer, /\r\naccess-control-allow-origin: o\r\n/);
    assert.match(answer, /\r\naccess-control-allow-methods: PUT\r\n/);
    assert.match(answer, /\r\naccess-control-max-age: 60\r\n/);
    assert.doesNotMatch(answer, /credentials/);
    assert.equal(up.streams.length, 0);
    assert.equal(world.stat("http.main.cors.origin_valid"), 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("only counts where it is watched", () => {
    const never = { numerator: 0, denominator: 100, runtimeKey: "" };
    const { world, up } = scene(HOST, policy({ enabled: never, shadowEnabled: { ...never, numerator: 100 } }));
    const client = world.connect();
    client.send(PREFLIGHT);
    up.stream().respond(204);
    assert.doesNotMatch(client.received(), /access-control/);
    assert.equal(world.stat("http.main.cors.origin_valid"), 1);
    assert.deepEqual(world.leaks(), []);
  });
});
