import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { redirectTarget } from "../../../src/dataplane/routing/redirect-target.ts";

/** Location, and `scheme authority path` of where it leads; what the real Envoy makes of them: internal-redirect.full.test.ts. */
const LEADING: Readonly<Record<string, string>> = {
  "http://a.b/two?x=1": "http a.b /two?x=1",
  "http://a.b": "http a.b /",
  "http://a.b?x=1": "http a.b ?x=1",
  "http://a.b/two?a#b?c#d": "http a.b /two?a",
  "http://u:p@a.b/two": "http a.b /two",
  "http://[::1]:80/two": "http [::1]:80 /two",
  "HTTP://A.b/two": "HTTP A.b /two",
  "http://a.b:080/two": "http a.b:080 /two",
  "http://a.b:65535/two": "http a.b:65535 /two",
  'http://a.b/two|%7c"<>\\': 'http a.b /two|%7c"<>\\',
  "https+x://1.2.3.4/two": "https+x 1.2.3.4 /two",
};

const LEADING_NOWHERE: readonly string[] = [
  "",
  "*",
  "/two",
  "//a.b/two",
  "mailto:x",
  "http:/a.b/two",
  "http:///two",
  "http://a.b#f",
  "http://a.b:/two",
  "http://a.b:65536/two",
  "http://a_b/two",
  "http://a%20b/two",
  "http://a.b!/two",
  "http://u@v@a.b/two",
  "http://[::1/two",
  "http://[::zz]/two",
  "http://[fe80::1%25eth0]/two",
  "http://a.b/two\ttab",
  "http://a.b/two\xe9",
  "1a://a.b/two",
  "a_b://a.b/two",
];

describe("the location of a redirect that is followed here", () => {
  for (const [location, expected] of Object.entries(LEADING)) {
    it(`leads somewhere: ${location}`, () => {
      const target = redirectTarget(location);
      assert.equal(`${target?.scheme} ${target?.authority} ${target?.path}`, expected);
    });
  }

  for (const location of LEADING_NOWHERE) {
    it(`leads nowhere: ${JSON.stringify(location)}`, () => {
      assert.equal(redirectTarget(location), null);
    });
  }
});
