// That a plan's regexes are compiled when it is applied: the first one loads the engine, and no request is to wait for it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { RE2JS as Engine } from "re2js";
import type { RouteActionPlan } from "../../../src/config/plan/route.ts";
import { compileHashPatterns, regexOf } from "../../../src/dataplane/routing/patterns.ts";
import { RouteTable } from "../../../src/dataplane/routing/route-table.ts";
import { forward } from "../../support/listener-plans.ts";
import { pathMatch, redirect, route, routeConfig, virtualHost } from "../../support/route-plans.ts";

/** As src/ loads it: the package is there once for `import` and once for `require`. */
const { RE2JS } = createRequire(import.meta.url)("re2js") as { RE2JS: typeof Engine };
const substitution = "";
const compile = RE2JS.compile.bind(RE2JS);
let compiled: string[] = [];

describe("regexes that rewrite", () => {
  beforeEach(() => {
    compiled = [];
    RE2JS.compile = (pattern, flags) => {
      compiled.push(pattern);
      return compile(pattern, flags);
    };
  });

  afterEach(() => {
    RE2JS.compile = compile;
  });

  const rows: readonly (readonly [title: string, patterns: readonly string[], action: RouteActionPlan])[] = [
    ["a redirect", ["redirect+"], redirect({ path: { kind: "regex", pattern: "redirect+", substitution } })],
    [
      "path, host and hashed header of a route",
      ["path+", "host+", "hash+"],
      forward("up", {
        rewrite: {
          path: { kind: "regex", pattern: "path+", substitution },
          host: { kind: "path_regex", pattern: "host+", substitution },
        },
        hashPolicy: [{ kind: "header", header: "x", rewrite: { pattern: "hash+", substitution }, terminal: false }],
      }),
    ],
  ];
  for (const [title, patterns, action] of rows) {
    it(`are compiled when routes are made: of ${title}`, () => {
      const made = new RouteTable(
        routeConfig(virtualHost("v", ["*"], [{ ...route("r", pathMatch("prefix", "/")), action }])),
      );
      assert.ok(made.host("any") !== null);
      assert.deepEqual(compiled, patterns);
      for (const pattern of patterns) assert.ok(regexOf(pattern).fullMatch(pattern.slice(0, -1)));
      assert.deepEqual(compiled, patterns, "no request compiles one");
    });
  }

  it("are compiled once for all routes and clusters that have the same", () => {
    const one = { kind: "header", header: "x", rewrite: { pattern: "same+", substitution }, terminal: true } as const;
    compileHashPatterns([one, { ...one, header: "y" }]);
    compileHashPatterns([one]);
    assert.deepEqual(compiled, ["same+"]);
  });
});
