import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PathMatchPlan, RedirectPlan } from "../../../src/config/plan/route.ts";
import { redirectLocation } from "../../../src/dataplane/routing/redirect.ts";
import { rewrittenPath } from "../../../src/dataplane/routing/rewrite.ts";
import { pathMatch, redirect } from "../../support/route-plans.ts";

type Case = readonly [string, Partial<RedirectPlan>, PathMatchPlan, string, string, string];

describe("the location of a redirect, as the real Envoy 1.40 answers", () => {
  const regex = { kind: "regex", pattern: "/s/(.*)", substitution: "/t/\\1" } as const;
  const cases: readonly Case[] = [
    [
      "prefix, host and https",
      { scheme: "https", host: "other", path: { kind: "prefix", value: "/zz" } },
      pathMatch("prefix", "/H", false),
      "foo:99",
      "/h/a?b=c",
      "https://other/zz/a?b=c",
    ],
    [
      "a query of its own and a port",
      { port: 8443, path: { kind: "path", value: "/new?x=1" } },
      pathMatch("regex", "/r/.*"),
      "foo:99",
      "/r/12?a=b",
      "http://foo:8443/new?x=1",
    ],
    [
      "a regex, the query stripped",
      { scheme: "ftp", stripQuery: true, path: regex },
      pathMatch("prefix", "/s"),
      "127.0.0.1:19080",
      "/s/q?a=b",
      "ftp://127.0.0.1:19080/t/q",
    ],
    [
      "the default port of the old scheme goes",
      { scheme: "ftp", stripQuery: true, path: regex },
      pathMatch("prefix", "/s"),
      "foo:80",
      "/s/q?a=b",
      "ftp://foo/t/q",
    ],
    [
      "nothing but the scheme",
      { scheme: "https" },
      pathMatch("prefix", "/"),
      "[::1]:8080",
      "/x",
      "https://[::1]:8080/x",
    ],
  ];
  for (const [title, change, match, authority, path, expected] of cases) {
    it(title, () =>
      assert.equal(redirectLocation(redirect(change), match, { scheme: "http", authority, path }), expected),
    );
  }
});

describe("the path that goes upstream", () => {
  const host = { kind: "none" } as const;
  it("has its matched prefix replaced and keeps the query", () => {
    const rewrite = { path: { kind: "prefix", value: "/v2" }, host } as const;
    assert.equal(rewrittenPath(rewrite, pathMatch("prefix", "/v1"), "/v1/x?y=/v1"), "/v2/x?y=/v1");
  });
  it("is rewritten by regex without its query", () => {
    const rewrite = { path: { kind: "regex", pattern: "^/a/(.*)/b$", substitution: "/\\1" }, host } as const;
    assert.equal(rewrittenPath(rewrite, pathMatch("prefix", "/"), "/a/x/b?q=/a/z/b"), "/x?q=/a/z/b");
  });
});
