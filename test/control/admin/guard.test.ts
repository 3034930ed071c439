import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { beforeEach, describe, it } from "mocha";
import { AdminGuard, type GuardedRequest } from "../../../src/control/admin/guard.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const TOKEN = "a-token-of-enough-letters";
const DIGEST = createHash("sha256").update(TOKEN).digest("hex");

let clock: VirtualClock;
let lines: string[];
let stats: StatsWriter;

function guard(tokenDigest: string, host: string = "127.0.0.1"): AdminGuard {
  const address = { kind: "socket", host, port: 9901, ipv4Compat: false } as const;
  return new AdminGuard({ clock, stats, tokenDigest, address, log: { write: ({ text }) => lines.push(text) } });
}

function request(
  headers: Readonly<Record<string, string>>,
  method: string = "POST",
  url: string = "/x",
): GuardedRequest {
  const all = { host: "127.0.0.1:9901", ...headers };
  return { headers: all, method, url, socket: { remoteAddress: "192.0.2.7" } } as unknown as GuardedRequest;
}

const bearer = (token: string) => request({ authorization: `Bearer ${token}` });

beforeEach(() => {
  clock = new VirtualClock();
  lines = [];
  stats = new StatsWriter(() => {});
});

describe("who may change a node without a token", () => {
  const rows: readonly (readonly [who: string, headers: Record<string, string>, status: number])[] = [
    ["curl", {}, 0],
    ["curl by any name", { host: "admin.example:9901" }, 0],
    ["the node's own page", { origin: "http://127.0.0.1:9901", "sec-fetch-site": "same-origin" }, 0],
    ["a page typed in", { "sec-fetch-site": "none" }, 0],
    ["the node's own page at localhost", { host: "localhost:9901", origin: "http://localhost:9901" }, 0],
    ["the node's own page at an IPv6 address", { host: "[::1]:9901", origin: "http://[::1]:9901" }, 0],
    ["the node's own page at a name of this network", { host: "envoy:9901", origin: "http://envoy:9901" }, 0],
    ["another site's page", { origin: "https://evil.example" }, 403],
    ["another port's page", { origin: "http://127.0.0.1:8080" }, 403],
    ["a page without an origin", { origin: "null" }, 403],
    ["another site's form", { "sec-fetch-site": "cross-site" }, 403],
    ["another name's page of the same site", { "sec-fetch-site": "same-site" }, 403],
    [
      "a page whose name was made to point here",
      { host: "evil.example:9901", origin: "http://evil.example:9901" },
      403,
    ],
  ];
  for (const [who, headers, status] of rows) {
    it(`${who}: ${status === 0 ? "may" : status}`, () => {
      const refusal = guard("").refusesChange(request(headers));
      assert.deepEqual(refusal?.answer.status ?? 0, status);
    });
  }
});

describe("who may change a node with a token", () => {
  it("whoever has it, and nobody else: 401 names the way, at once without one and late with a wrong one", () => {
    const one = guard(DIGEST);
    assert.equal(one.refusesChange(bearer(TOKEN)), null);
    assert.equal(one.refusesChange(request({ authorization: `bearer  ${TOKEN}` })), null);
    const missing = one.refusesChange(request({}));
    assert.deepEqual([missing?.answer.status, missing?.waitMs], [401, 0]);
    assert.match(missing?.answer.body ?? "", /^the token is missing: .*--admin-token-file/);
    assert.deepEqual(missing?.answer.fields, ["www-authenticate", 'Bearer realm="starling"']);
    for (const wrong of [`${TOKEN}x`, TOKEN.slice(1), "x", "é".repeat(40)]) {
      const refusal = one.refusesChange(bearer(wrong));
      assert.deepEqual([refusal?.answer.status, refusal?.waitMs], [401, 500], wrong);
      assert.match(refusal?.answer.body ?? "", /^the token is wrong/);
    }
    assert.equal(one.refusesChange(request({ authorization: `Basic ${btoa(TOKEN)}` }))?.answer.status, 401);
    assert.equal(one.refusesChange(request({ authorization: `Bearer ${DIGEST}` }))?.answer.status, 401);
  });

  it("of many wrong ones only some wait; a right one does not notice, and half a second later there is place again", () => {
    const one = guard(DIGEST);
    const answers = Array.from({ length: 1_000 }, () => one.refusesChange(bearer("wrong")));
    assert.equal(answers.filter((refusal) => refusal?.waitMs === 500).length, 32);
    assert.equal(answers.filter((refusal) => refusal?.answer.status === 429 && refusal.waitMs === 0).length, 968);
    assert.equal(one.refusesChange(bearer(TOKEN)), null);
    clock.advanceMs(500);
    assert.equal(one.refusesChange(bearer("wrong"))?.answer.status, 401);
  });

  it("is logged once a minute with the number, counted each time, and no log has a token or a path", () => {
    const one = guard(DIGEST);
    for (let i = 0; i < 20; i++)
      one.refusesChange(request({ authorization: "Bearer guessed" }, "POST", "/x?token=guessed"));
    assert.deepEqual(lines, ["refused 192.0.2.7 with 401: the token is wrong"]);
    clock.advanceMs(60_000);
    one.refusesChange(request({}));
    assert.deepEqual(lines.slice(1), [
      "refused 192.0.2.7 with 401: the token is missing (20 since this was last said)",
    ]);
    const { values, at } = stats.counter("starling.admin_refused");
    assert.equal(values[at], 21);
  });
});

describe("who may look into requests", () => {
  it("without a token: whoever reaches loopback by its address, no page of another name, and nobody elsewhere", () => {
    const local = guard("");
    assert.deepEqual([local.tap, guard("", "0.0.0.0").tap, guard(DIGEST, "0.0.0.0").tap], ["open", "off", "token"]);
    assert.equal(local.refusesTap(request({}, "GET"), ""), null);
    // A page at its own origin sends no field that curl would not send.
    const rebound = local.refusesTap(request({ host: "evil.example:9901" }, "GET"), "");
    assert.equal(rebound?.answer.status, 403);
    assert.equal(local.refusesTap(request({ "sec-fetch-site": "cross-site" }, "GET"), "")?.answer.status, 403);
    const far = guard("", "0.0.0.0").refusesTap(request({}, "GET"), "");
    assert.deepEqual([far?.answer.status, far?.answer.body.split(":")[0]], [403, "the tap is off"]);
  });

  it("with a token: whoever has it, by whatever name", () => {
    const one = guard(DIGEST, "0.0.0.0");
    assert.equal(one.refusesTap(request({ host: "evil.example" }, "GET"), "")?.answer.status, 401);
    const authorization = `Bearer ${TOKEN}`;
    assert.equal(one.refusesTap(request({ host: "node.example", authorization }, "GET"), ""), null);
  });

  it("a member with the same token that has checked it says so for a while, to one node and for one target, and cannot be copied", () => {
    const [here, there] = [guard(DIGEST), guard(DIGEST, "0.0.0.0")];
    const authorization = here.proof("there", "/tap?cluster=a") ?? "";
    assert.doesNotMatch(authorization, new RegExp(TOKEN));
    const proven = (url: string, node: string, method = "GET", field = authorization): number =>
      there.refusesTap(request({ authorization: field }, method, url), node)?.answer.status ?? 0;
    assert.equal(proven("/tap?cluster=a", "there"), 0);
    assert.equal(proven("/tap", "there"), 401);
    assert.equal(proven("/tap?cluster=a", "elsewhere"), 401);
    assert.equal(proven("/tap?cluster=a", "there", "POST"), 401);
    assert.equal(
      proven(
        "/tap?cluster=a",
        "there",
        "GET",
        authorization.replace(/.$/, (c) => (c === "0" ? "1" : "0")),
      ),
      401,
    );
    assert.equal(there.refusesChange(request({ authorization }, "POST", "/tap?cluster=a"))?.answer.status, 401);
    clock.advanceMs(31_000);
    const late = there.refusesTap(request({ authorization }, "GET", "/tap?cluster=a"), "there");
    assert.match(late?.answer.body ?? "", /started with another token, or its clock is 30 s off/);
    assert.equal(late?.answer.status, 401);
    assert.equal(guard("").proof("there", "/tap"), null);
  });
});
