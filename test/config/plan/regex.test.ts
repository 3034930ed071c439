import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { compileRegex } from "../../../src/config/plan/regex.ts";

const HOSTILE = [
  "(a+)+$",
  "(a|a)*b",
  "(a|aa)+$",
  "(.*a){12}b",
  "([a-zA-Z]+)*1",
  "(a*)*b",
  "(x+x+)+y",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  "(a{1,30}){1,30}b",
  "((a+)+)+b",
  "(.*)*c",
  "^(a?){40}a{40}$",
  "(\\w+\\s?)+$!",
  "(0|[1-9]+)*x",
  "(?:a|b|ab)*c",
  "[a-z]+@[a-z]+([.][a-z]+)+!",
];

describe("a configured regex", () => {
  it("answers in linear time: 16 hostile ones on 32 bytes in under 50 ms", () => {
    const matchers = HOSTILE.map(compileRegex);
    const text = `${"a".repeat(31)}!`;
    for (const matcher of matchers) matcher.test(text); // compiled lazily
    const begun = process.hrtime.bigint();
    for (const matcher of matchers) matcher.fullMatch(text);
    const ms = Number(process.hrtime.bigint() - begun) / 1e6;
    assert.ok(ms < 50, `${ms} ms`);
  });

  const cases: readonly (readonly [string, string, boolean, "v8" | "re2"])[] = [
    ["/service/[0-9]+", "/service/12", true, "v8"],
    ["/service/[0-9]+", "/service/12/", false, "v8"],
    ["a.c", "a\rc", true, "v8"],
    ["a.c", "a\nc", false, "v8"],
    ["a\\sc", "a\u00a0c", false, "v8"],
    ["[[:alpha:]]+", "abc", true, "re2"],
    ["\\Aabc\\z", "abc", true, "re2"],
    ["\\Qa.c\\E", "a.c", true, "re2"],
    ["\\Qa.c\\E", "abc", false, "re2"],
    ["(?i)ABC", "abc", true, "re2"],
    ["(?s)a.c", "a\nc", true, "re2"],
    ["[]a]+", "]a", true, "re2"],
    ["\\pL+", "é", true, "re2"],
    ["a|b", "ab", false, "v8"],
    ["", "", true, "v8"],
  ];
  for (const [pattern, text, matches, engine] of cases) {
    it(`${pattern} ${matches ? "is" : "is not"} the whole of ${JSON.stringify(text)} (${engine})`, () => {
      const matcher = compileRegex(pattern);
      assert.deepEqual([matcher.fullMatch(text), matcher.engine], [matches, engine]);
    });
  }

  for (const [pattern, text, substitution, expected] of [
    ["^/service/([^/]+)(/.*)$", "/service/foo/v1/api", "\\2/instance/\\1", "/v1/api/instance/foo"],
    ["one", "/xxx/one/yyy/one/zzz", "two", "/xxx/two/yyy/two/zzz"],
    ["(?i)/xXx/", "/aaa/XxX/bbb", "/yyy/", "/aaa/yyy/bbb"],
    ["a", "aa", "\\\\\\0", "\\a\\a"],
  ] as const) {
    it(`replaces ${pattern} in ${text}`, () =>
      assert.equal(compileRegex(pattern).replace(text, substitution), expected));
  }

  for (const pattern of ["(", "[a", "a**", "(?=a)", "\\1", "a{1001}"]) {
    it(`refuses ${pattern}`, () => assert.throws(() => compileRegex(pattern), Error));
  }
});
