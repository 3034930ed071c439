import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { FieldMutationPlan, MutationsPlan } from "../../../../src/config/plan/filters/header-mutation.ts";
import { filterScene, override } from "../../../support/filter-scene.ts";
import { forwarding } from "../../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../../support/route-plans.ts";

function mutations(more: Partial<MutationsPlan>): MutationsPlan {
  return { request: [], query: [], requestTrailers: [], response: [], responseTrailers: [], ...more };
}

function overwrite(name: string, text: string): FieldMutationPlan {
  const field = { name, value: [{ kind: "literal" as const, text }], action: "overwrite" as const, keepEmpty: false };
  return { kind: "add", field };
}

describe("the header_mutation filter", () => {
  it("changes both heads, and leaves the last word to the least specific level unless told otherwise", () => {
    for (const [mostSpecificWins, winner] of [
      [false, "host"],
      [true, "route"],
    ] as const) {
      const entry = (text: string) => [
        override("m", {
          settings: { kind: "header_mutation", mutations: mutations({ request: [overwrite("x-level", text)] }) },
        }),
      ];
      const route = { ...forwarding("/", "up"), filterOverrides: entry("route") };
      const host = { ...virtualHost("all", ["*"], [route]), filterOverrides: entry("host") };
      const own = mutations({ request: [overwrite("x-level", "own")], response: [{ kind: "remove", name: "x-gone" }] });
      const { world, up } = filterScene({
        filters: { m: { kind: "header_mutation", mutations: own, mostSpecificWins } },
        manager: { routes: routeConfig(host) },
      });
      const client = world.connect();
      client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      assert.ok(up.stream().head.includes(`x-level: ${winner}`));
      up.stream().respond(204, { "x-gone": "1", "x-kept": "1" });
      assert.match(client.received(), /^HTTP\/1.1 204 (?!.*x-gone).*x-kept: 1/s);
      assert.deepEqual(world.leaks(), []);
    }
  });

  it("removes what matches, for itself and for a route", () => {
    const matching = (value: string): MutationsPlan =>
      mutations({
        response: [{ kind: "remove_matching", name: { kind: "regex", value, ignoreCase: false } }],
      });
    const settings = { kind: "header_mutation" as const, mutations: matching("x-route-.*") };
    const route = { ...forwarding("/", "up"), filterOverrides: [override("m", { settings })] };
    const { world, up } = filterScene({
      filters: { m: { kind: "header_mutation", mutations: matching("x-own-.*"), mostSpecificWins: false } },
      manager: { routes: routeConfig(virtualHost("all", ["*"], [route])) },
    });
    const client = world.connect();
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    up.stream().respond(204, { "x-own-a": "1", "x-route-a": "1", "x-kept": "1" });
    assert.match(client.received(), /^HTTP\/1.1 204 (?!.*x-own)(?!.*x-route).*x-kept: 1/s);
  });
});
