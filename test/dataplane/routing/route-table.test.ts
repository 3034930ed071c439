import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { RoutePlan } from "../../../src/config/plan/route.ts";
import { RouteTable } from "../../../src/dataplane/routing/route-table.ts";
import { runtimeView } from "../../../src/dataplane/routing/runtime-view.ts";
import { requestHead } from "../../support/head.ts";
import { pathMatch, route, routeConfig, virtualHost } from "../../support/route-plans.ts";

const noRuntime = runtimeView({});

function chosen(
  table: RouteTable,
  line: string,
  fields: Record<string, string | readonly string[]> = {},
  random = 0,
): string {
  return table.select(requestHead(line, fields), noRuntime, random)?.plan.name ?? "none";
}

describe("virtual hosts are chosen in Envoy's order", () => {
  const table = new RouteTable(
    routeConfig(
      virtualHost("any", ["*"], [route("any", pathMatch("prefix", "/"))]),
      virtualHost("short", ["*.com"], [route("short", pathMatch("prefix", "/"))]),
      virtualHost("long", ["*.b.com"], [route("long", pathMatch("prefix", "/"))]),
      virtualHost("prefix", ["a.*"], [route("prefix", pathMatch("prefix", "/"))]),
      virtualHost("exact", ["a.b.com", "a.b.com:8080"], [route("exact", pathMatch("prefix", "/"))]),
    ),
  );
  for (const [authority, name] of [
    ["a.b.com", "exact"],
    ["A.B.Com", "exact"],
    ["a.b.com:8080", "exact"],
    ["a.b.com:9", "prefix"],
    ["x.b.com", "long"],
    ["x.com", "short"],
    [".b.com", "short"],
    ["a.org", "prefix"],
    ["a.", "any"],
    ["org", "any"],
  ] as const) {
    it(`${authority} is served by ${name}`, () => assert.equal(chosen(table, `GET http://${authority}/`), name));
  }

  it("answers nothing when no domain matches", () => {
    const strict = new RouteTable(routeConfig(virtualHost("a", ["a"], [route("a", pathMatch("prefix", "/"))])));
    assert.equal(chosen(strict, "GET http://b/"), "none");
  });
});

describe("a route matches by path", () => {
  const cases: readonly (readonly [string, ReturnType<typeof pathMatch>, string, boolean])[] = [
    ["prefix", pathMatch("prefix", "/service/1"), "/service/12?x", true],
    ["prefix without case", pathMatch("prefix", "/Service", false), "/SERVICE/1", true],
    ["prefix with case", pathMatch("prefix", "/Service"), "/service", false],
    ["path ignores the query", pathMatch("path", "/k"), "/k?z=1", true],
    ["path is exact", pathMatch("path", "/k"), "/k/", false],
    ["separated prefix at a slash", pathMatch("path_separated_prefix", "/g"), "/g/x", true],
    ["separated prefix whole", pathMatch("path_separated_prefix", "/g"), "/g?x", true],
    ["separated prefix inside a word", pathMatch("path_separated_prefix", "/g"), "/gg", false],
    ["regex matches the whole path", pathMatch("regex", "/r/[0-9]+"), "/r/12?a=b", true],
    ["regex does not match a part", pathMatch("regex", "/r/[0-9]+"), "/r/12x", false],
    ["connect matches no path", pathMatch("connect", ""), "/", false],
  ];
  for (const [title, path, target, matches] of cases) {
    it(title, () => {
      const table = new RouteTable(routeConfig(virtualHost("v", ["*"], [route("hit", path)])));
      assert.equal(chosen(table, `GET http://a${target}`), matches ? "hit" : "none");
    });
  }
});

describe("a route matches by headers, query and share", () => {
  const string = { kind: "exact", value: "v", ignoreCase: false } as const;
  const header = { name: "h", match: { kind: "string", string }, invert: false, treatMissingAsEmpty: false } as const;
  const withHeader = (change: object): RouteTable =>
    new RouteTable(
      routeConfig(
        virtualHost("v", ["*"], [route("hit", pathMatch("prefix", "/"), { headers: [{ ...header, ...change }] })]),
      ),
    );
  const cases: readonly (readonly [string, object, Record<string, string>, boolean])[] = [
    ["an equal value matches", {}, { h: "v" }, true],
    ["another value does not", {}, { h: "w" }, false],
    ["inverted, another value matches", { invert: true }, { h: "w" }, true],
    ["inverted, a missing header does not match", { invert: true }, {}, false],
    [
      "a missing header may count as empty",
      { treatMissingAsEmpty: true, match: { kind: "string", string: { ...string, value: "" } } },
      {},
      true,
    ],
    ["presence matches", { match: { kind: "present", present: true } }, { h: "" }, true],
    ["inverted presence matches absence", { match: { kind: "present", present: true }, invert: true }, {}, true],
    ["absence matches", { match: { kind: "present", present: false } }, {}, true],
    ["a range holds its start", { match: { kind: "range", start: 1, end: 5 } }, { h: "1" }, true],
    ["a range does not hold its end", { match: { kind: "range", start: 1, end: 5 } }, { h: "5" }, false],
    [
      "inverted, what is no number matches a range",
      { match: { kind: "range", start: 1, end: 5 }, invert: true },
      { h: "zz" },
      true,
    ],
    ["case may be ignored", { match: { kind: "string", string: { ...string, ignoreCase: true } } }, { h: "V" }, true],
  ];
  for (const [title, change, fields, matches] of cases) {
    it(title, () => assert.equal(chosen(withHeader(change), "GET http://a/", fields), matches ? "hit" : "none"));
  }

  it("compares query parameters undecoded and takes the first of a name", () => {
    const query = [{ name: "q", string: { kind: "exact", value: "a%20b", ignoreCase: false }, present: true }] as const;
    const table = new RouteTable(
      routeConfig(virtualHost("v", ["*"], [route("hit", pathMatch("prefix", "/"), { query })])),
    );
    assert.equal(chosen(table, "GET http://a/?p&q=a%20b&q=c"), "hit");
    assert.equal(chosen(table, "GET http://a/?q=c&q=a%20b"), "none");
    assert.equal(chosen(table, "GET http://a/"), "none");
  });

  it("takes the share of the runtime over that of the file, and ignores what is no fraction", () => {
    const fraction = { numerator: 50, denominator: 100, runtimeKey: "k" };
    const table = new RouteTable(
      routeConfig(virtualHost("v", ["*"], [route("hit", pathMatch("prefix", "/"), { fraction })])),
    );
    const hits = (value: Record<string, string>, random: number): boolean =>
      table.select(requestHead("GET http://a/"), runtimeView(value), random) !== null;
    assert.deepEqual([hits({}, 49), hits({}, 50)], [true, false]);
    assert.deepEqual([hits({ k: "10" }, 9), hits({ k: "10" }, 10)], [true, false]);
    assert.deepEqual([hits({ k: "abc" }, 49), hits({ k: "-5" }, 49), hits({ k: "33.3" }, 50)], [true, true, false]);
    const json = '{"numerator":255,"denominator":"TEN_THOUSAND"}';
    assert.deepEqual([hits({ k: json }, 254), hits({ k: json }, 255)], [true, false]);
  });
});

describe("many routes keep the order of the file", () => {
  it("the index finds the same route as trying one after another", () => {
    const piece = fc.constantFrom("/", "/a", "/ab", "/a/b", "/b", "/b/a", "/A");
    const path = fc.record({
      kind: fc.constantFrom("prefix", "path", "path_separated_prefix"),
      value: piece,
      caseSensitive: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(path, { minLength: 13, maxLength: 40 }), piece, (paths, target) => {
        const plans = paths.map((p, i) => route(`r${i}`, pathMatch(p.kind as "prefix", p.value, p.caseSensitive)));
        const indexed = new RouteTable(routeConfig(virtualHost("v", ["*"], plans)));
        assert.equal(chosen(indexed, `GET http://a${target}`), oneByOne(plans, target));
      }),
    );
  });

  function oneByOne(plans: readonly RoutePlan[], target: string): string {
    const single = plans.find((plan) => {
      const table = new RouteTable(routeConfig(virtualHost("v", ["*"], [plan])));
      return table.select(requestHead(`GET http://a${target}`), noRuntime, 0) !== null;
    });
    return single?.name ?? "none";
  }
});
