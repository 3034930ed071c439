// The buffer filter beside the real Envoy's: statuses, bodies, and the head that the upstream sees.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { FilterTwins } from "../../support/filter-twins.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";

const PER_ROUTE = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute";
const FILTER_CONFIG = "type.googleapis.com/envoy.config.route.v3.FilterConfig";

function route(prefix: string, entry: Readonly<Record<string, unknown>>): unknown {
  return { match: { prefix }, route: { cluster: "echo" }, typed_per_filter_config: { b: entry } };
}

const ROUTES = [
  route("/off", { "@type": PER_ROUTE, disabled: true }),
  route("/more", { "@type": PER_ROUTE, buffer: { max_request_bytes: 12 } }),
  route("/disabled", { "@type": FILTER_CONFIG, disabled: true }),
  route("/enabled", { "@type": FILTER_CONFIG, config: {} }),
  { match: { prefix: "/answer" }, direct_response: { status: 200, body: { inline_string: "here" } } },
  { match: { prefix: "/" }, route: { cluster: "echo" } },
];

// What is over a limit is not whole: Envoy sees the end of a body apart from its last byte and closes the connection then too.
const CASES: Readonly<Record<string, string>> = {
  "a chunked body within the limit":
    "POST /a.B/Echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  "a body with a length": "POST /a.B/Echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
  "a body of the limit": "POST /a.B/Echo HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nabcdefgh",
  "a body over the limit": "POST /a.B/Echo HTTP/1.1\r\nhost: a\r\ncontent-length: 20\r\n\r\nabcdefghi",
  "a chunked body over the limit":
    "POST /a.B/Echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n9\r\nabcdefghi\r\n",
  "no body": "GET /a.B/Echo HTTP/1.1\r\nhost: a\r\n\r\n",
  "a route where it is off": "POST /off/Echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabcdefghi",
  "a route with another limit": "POST /more/Echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabcdefghi",
  "more than the other limit": "POST /more/Echo HTTP/1.1\r\nhost: a\r\ncontent-length: 20\r\n\r\nabcdefghijklm",
  "a route that disables it": "POST /disabled/Echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabcdefghi",
  "a route that enables it": "POST /enabled/Echo HTTP/1.1\r\nhost: a\r\ncontent-length: 20\r\n\r\nabcdefghi",
  "a direct response": "POST /answer HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
  "too much for a direct response": "POST /answer HTTP/1.1\r\nhost: a\r\ncontent-length: 20\r\n\r\nabcdefghi",
};

for (const disabled of [false, true]) {
  describe(`the buffer filter, ${disabled ? "off" : "on"} by default, the real Envoy beside Starling`, function () {
    this.timeout(60_000);
    let twins: FilterTwins | undefined;

    before(async function () {
      if (!envoyInstalled()) this.skip();
      const filters = { b: { "@type": "buffer.v3.Buffer", max_request_bytes: 8 } };
      twins = await FilterTwins.start({ filters, more: { b: { disabled } }, routes: ROUTES });
    });

    after(() => twins?.stop());

    // What is not whole would wait for its rest.
    const cases = Object.entries(CASES).filter(([title]) => !disabled || !/over|more than|enables/.test(title));
    for (const [title, bytes] of cases) {
      it(`does alike with ${title}`, async () => {
        const [theirs, ours] = (await twins?.raw(bytes)) ?? [];
        assert.equal(ours, theirs);
      });
    }
  });
}
