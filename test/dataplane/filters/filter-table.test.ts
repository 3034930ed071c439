import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { FilterOverridePlan } from "../../../src/config/plan/http-filter.ts";
import { filterScene, override } from "../../support/filter-scene.ts";
import { acting, forward } from "../../support/listener-plans.ts";
import { noChanges, routeConfig, virtualHost } from "../../support/route-plans.ts";

const BODY = "content-length: 6\r\n\r\nabcdef";
const off = override("b", { disabled: true });
const limit = (requestBytesMax: number): FilterOverridePlan =>
  override("b", { settings: { kind: "buffer", settings: { kind: "buffer", requestBytesMax } } });

/** Statuses of a POST of six bytes to each path; the filter `b` allows 5. */
function statuses(
  levels: { host?: readonly FilterOverridePlan[]; paths: Readonly<Record<string, readonly FilterOverridePlan[]>> },
  disabled: boolean = false,
): Record<string, string> {
  const routes = Object.entries(levels.paths).map(([path, filterOverrides]) =>
    acting(path, forward("up"), { filterOverrides }),
  );
  const host = { ...virtualHost("all", ["*"], routes), filterOverrides: levels.host ?? [] };
  const { world, up } = filterScene({
    filters: { b: { kind: "buffer", requestBytesMax: 5, disabled } },
    manager: { routes: routeConfig(host) },
  });
  const answers = Object.keys(levels.paths).map((path) => {
    const client = world.connect();
    client.send(`POST ${path} HTTP/1.1\r\nhost: a\r\n${BODY}`);
    for (const stream of up.streams.filter(({ isOver }) => !isOver)) stream.respond(204);
    return [path, client.received().slice(9, 12)];
  });
  assert.deepEqual(world.leaks(), []);
  return Object.fromEntries(answers);
}

describe("the filters of a route", () => {
  it("are those of the manager where nobody says anything", () => {
    assert.deepEqual(statuses({ paths: { "/a": [] } }), { "/a": "413" });
  });

  it("follow the most specific level", () => {
    assert.deepEqual(statuses({ host: [limit(9)], paths: { "/a": [], "/b": [limit(3)], "/c": [off] } }), {
      "/a": "204",
      "/b": "413",
      "/c": "204",
    });
  });

  it("are off by default and on where an entry names them", () => {
    const paths = { "/a": [], "/b": [override("b", {})], "/c": [limit(3)], "/d": [off] };
    assert.deepEqual(statuses({ paths }, true), { "/a": "204", "/b": "413", "/c": "413", "/d": "204" });
  });

  it("are turned on again below the level that turned them off", () => {
    assert.deepEqual(statuses({ host: [off], paths: { "/a": [], "/b": [override("b", {})] } }), {
      "/a": "204",
      "/b": "413",
    });
  });

  it("are those of the weighted cluster that is chosen, before its head goes up", () => {
    const entry = (name: string, weight: number, filterOverrides: readonly FilterOverridePlan[]) => {
      return { name, key: name, weight, headers: noChanges, hostRewrite: "", filterOverrides, metadataMatch: null };
    };
    const clusters = [entry("up", 1, []), entry("other", 1, [off])];
    const choice = {
      kind: "weighted",
      by: "chance",
      clusters,
      totalWeight: 2,
      runtimeKeyPrefix: "",
      headerName: "x-pick",
    } as const;
    const { world, up } = filterScene({
      filters: { b: { kind: "buffer", requestBytesMax: 5 } },
      manager: { routes: routeConfig(virtualHost("all", ["*"], [acting("/", forward(choice))])) },
    });
    const other = world.upstreams.add("other");
    assert.match(world.ask(`POST / HTTP/1.1\r\nhost: a\r\nx-pick: 0\r\n${BODY}`), /^HTTP\/1.1 413/);
    const client = world.connect();
    client.send(`POST / HTTP/1.1\r\nhost: a\r\nx-pick: 1\r\n${BODY}`);
    other.stream().respond(204);
    assert.match(client.received(), /^HTTP\/1.1 204/);
    assert.equal(up.streams.length, 0);
    assert.deepEqual(world.leaks(), []);
  });
});
