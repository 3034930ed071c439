import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeStream } from "../../support/fake-upstreams.ts";
import { goldenCases, steady } from "../../support/golden-responses.ts";
import { goldenListener } from "./golden-plan.ts";

/** How the upstream behaves in a case, or what time does; the rest is the captured request itself. */
type Script = (world: ExchangeWorld, client: ClientChannel) => void;

const cases = goldenCases("main-21500.txt");
const logLines = readFileSync(new URL("../../golden/responses/access-detail.log", import.meta.url), "latin1").split(
  "\n",
);

const nothing: Script = () => {};

function answers(status: number, fields: Record<string, string>, body: string): Script {
  return (world) => upstream(world).respond(status, fields, body);
}

function fails(kind: Parameters<FakeStream["fail"]>[0]): Script {
  return (world) => upstream(world).fail(kind);
}

function after(ms: number): Script {
  return (world) => world.clock.advanceMs(ms);
}

function upstream(world: ExchangeWorld): FakeStream {
  const cluster = world.upstreams.cluster("up") as ReturnType<ExchangeWorld["upstreams"]["add"]>;
  return cluster.stream();
}

const html = "text/html; charset=utf-8";
const date = "Sat, 21 Nov 2026 04:05:42 GMT";

const SCRIPTS: Readonly<Record<string, Script>> = {
  ok: answers(200, { "content-type": html, "content-length": "15", date }, "ServerName: up\n"),
  "404-no-route": nothing,
  "404-no-vhost": nothing,
  "vhost-require-tls": nothing,
  "upstream-404": answers(404, { "content-type": html, "content-length": "10", date }, "Not Found\n"),
  "upstream-503": answers(503, { "content-type": "text/plain", "content-length": "11", date }, "status 503\n"),
  "upstream-204": answers(204, { date }, ""),
  "upstream-304": answers(304, { etag: '"x"', date }, ""),
  chunked: (world) => {
    upstream(world).respond(200, { "content-type": "text/plain", date }, null);
    upstream(world).data("a\n", false);
    upstream(world).data("b\n", false);
    upstream(world).data("", true);
  },
  "no-healthy-upstream": nothing,
  refused: nothing,
  "cluster-missing": nothing,
  "cluster-missing-500": nothing,
  "cluster-header-none": nothing,
  "cluster-header-unknown": nothing,
  "cluster-header-ok": answers(200, { "content-type": html, "content-length": "15", date }, "ServerName: up\n"),
  "connect-timeout": nothing,
  "tls-to-plain": nothing,
  "h2-to-h1": (world) => {
    const cluster = world.upstreams.cluster("h2up") as ReturnType<ExchangeWorld["upstreams"]["add"]>;
    cluster.stream().fail("codec_error");
  },
  "cb-pending-overflow": nothing,
  "route-timeout": after(350),
  "upstream-reset": fails("connection_closed"),
  "upstream-rst": fails("connection_closed"),
  "upstream-garbage": fails("codec_error"),
  "upstream-reset-mid": (world) => {
    upstream(world).respond(200, { "content-length": "1000", date }, null);
    upstream(world).data("partial", false);
    upstream(world).fail("codec_error");
  },
  "route-idle-timeout": after(350),
  "max-stream-duration": after(350),
  redirect301: nothing,
  "redirect-https": nothing,
  "redirect-host": nothing,
  direct: nothing,
  "direct-head": nothing,
  "query-match": nothing,
  "query-nomatch": nothing,
  psp: nothing,
  "psp-no": nothing,
  re: nothing,
  "re-no": nothing,
  "grpc-direct-503": nothing,
  "grpc-no-healthy": nothing,
  "grpc-404": nothing,
  "grpc-timeout": after(350),
  "grpc-refused": nothing,
  "ws-not-enabled": nothing,
  "conn-close": answers(200, { "content-type": html, "content-length": "15", date }, "ServerName: up\n"),
  "te-and-cl": nothing,
  http10: nothing,
  nohost: nothing,
  garbage: nothing,
  badheader: nothing,
  "bad-cl": nothing,
  manyhdr: nothing,
  "slow-headers": after(1_050),
  "idle-body": after(3_050),
  fragment: nothing,
};

function worldOfGolden(): ExchangeWorld {
  const world = new ExchangeWorld(goldenListener());
  world.upstreams.add("up");
  world.upstreams.add("h2up").protocol = "http2";
  world.upstreams.add("none").mode = "no_healthy_upstream";
  world.upstreams.add("overflow").mode = "overflow";
  world.upstreams.add("blackhole").mode = "connection_timeout";
  for (const [name, text] of [
    ["refused", "delayed_connect_error:_Connection_refused"],
    ["tlsup", TLS_TEXT],
  ] as const) {
    const cluster = world.upstreams.add(name);
    cluster.mode = "connection_failure";
    cluster.transportText = text;
  }
  return world;
}

describe("answers beside those of Envoy 1.40", () => {
  for (const [name, script] of Object.entries(SCRIPTS)) {
    it(`are the same bytes: ${name}`, () => {
      const golden = cases.get(name);
      assert.ok(golden !== undefined);
      const world = worldOfGolden();
      const client = world.connect();
      client.send(golden.request);
      script(world, client);
      assert.equal(steady(client.received()), steady(golden.head + golden.body));
      assert.deepEqual(world.leaks(), []);
    });
  }

  it("are in the access log with its flags, details, attempts and sizes", () => {
    const ours: string[] = [];
    const theirs: string[] = [];
    for (const [name, script] of Object.entries(SCRIPTS)) {
      const line = logLines.find((text) => text.startsWith(`case=${name} `));
      if (line === undefined) continue;
      const world = worldOfGolden();
      const client = world.connect();
      client.send(cases.get(name)?.request ?? "");
      script(world, client);
      client.hangUp();
      ours.push(world.log().trimEnd());
      theirs.push(
        line
          .replace(/ term=-/, "")
          .replace(/ cluster=\S+/, "")
          .replace(/127\.0\.0\.1:215\d\d/, "127.0.0.1:80"),
      );
    }
    assert.ok(ours.length > 40);
    assert.deepEqual(ours, theirs);
  });
});

const TLS_TEXT = "TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end";
