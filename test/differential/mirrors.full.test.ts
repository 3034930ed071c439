// The same requests mirrored by the real Envoy and by Starling: what client, upstream and mirrors saw, and what is counted of the mirror.
import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "mocha";
import { settleAlike } from "../support/compare-rooms.ts";
import { envoyInstalled, type Program } from "../support/live-proxy.ts";
import { exchange, masked } from "../support/raw-exchange.ts";
import { RecordingUpstream } from "../support/recording-upstream.ts";
import { Stage } from "../support/stage.ts";

const action = (fields: Readonly<Record<string, unknown>>): unknown => ({ cluster: "echo", ...fields });
const mirror = (...policies: readonly unknown[]): unknown => action({ request_mirror_policies: policies });
const SHADOW = { cluster: "shadow" };
const add = (key: string, value: string): unknown => ({ header: { key, value } });
const percent = (numerator: number, key: string): unknown => ({
  default_value: { numerator, denominator: "HUNDRED" },
  runtime_key: key,
});
const ROUTES = [
  { match: { prefix: "/header" }, route: mirror({ cluster_header: "x-to" }) },
  { match: { prefix: "/plain-host" }, route: mirror({ ...SHADOW, disable_shadow_host_suffix_append: true }) },
  { match: { prefix: "/two" }, route: mirror(SHADOW, { cluster: "other" }) },
  { match: { prefix: "/never" }, route: mirror({ ...SHADOW, runtime_fraction: percent(0, "mirror.never") }) },
  { match: { prefix: "/always" }, route: mirror({ ...SHADOW, runtime_fraction: percent(100, "mirror.always") }) },
  { match: { prefix: "/lying" }, route: mirror({ cluster: "lying" }) },
  { match: { prefix: "/nobody" }, route: mirror({ cluster: "nobody" }) },
  { match: { prefix: "/inherited" }, route: action({ prefix_rewrite: "/rewritten" }) },
  {
    match: { prefix: "/changed" },
    route: action({
      host_rewrite_literal: "new.host:81",
      timeout: "3s",
      request_mirror_policies: [
        {
          ...SHADOW,
          host_rewrite_literal: "copy.host:9",
          request_headers_mutations: [{ append: add("x-copy", "%REQ(:path)%") }, { remove: "x-secret" }],
        },
      ],
    }),
  },
  { match: { prefix: "/direct" }, direct_response: { status: 200 } },
  { match: { prefix: "/" }, route: mirror(SHADOW), request_headers_to_add: [add("x-route", "1")] },
];

const get = (path: string, more: string = "", host: string = "a.b"): string =>
  `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${more}\r\n`;
const CASES: Readonly<Record<string, string>> = {
  "a GET": get("/a"),
  "a host with a port": get("/a", "", "a.b:8080"),
  "an address as host": get("/a", "", "[::1]:80"),
  "an address without a port": get("/a", "", "[::1]"),
  "a body with a length": "POST /a HTTP/1.1\r\nhost: a.b\r\ncontent-length: 3\r\n\r\nabc",
  "a chunked body":
    "POST /a HTTP/1.1\r\nhost: a.b\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
  "a HEAD": get("/a").replace("GET", "HEAD"),
  "x-forwarded-for of before": get("/a", "x-forwarded-for: 1.2.3.4\r\n"),
  "retries and timeouts asked for": get("/a", "x-envoy-retry-on: 5xx\r\nx-envoy-upstream-rq-timeout-ms: 900\r\n"),
  "a cluster named by a header": get("/header", "x-to: other\r\n"),
  "a header that names no cluster": get("/header", "x-to: unknown\r\n"),
  "no header that names a cluster": get("/header"),
  "no suffix of the host": get("/plain-host"),
  "two mirrors": get("/two"),
  "a share of none": get("/never"),
  "a share of all": get("/always"),
  "the virtual host's mirror": get("/inherited"),
  "changes of the copy": get("/changed", "x-secret: 1\r\n"),
  "an answer of the proxy": get("/direct"),
  "a mirror that resets": "POST /lying HTTP/1.1\r\nhost: a.b\r\ncontent-length: 3\r\n\r\nabc",
  "a mirror that is not there": "POST /nobody HTTP/1.1\r\nhost: a.b\r\ncontent-length: 3\r\n\r\nabc",
};

/** Counters of mirrors that say what became of the copies. */
const COUNTED =
  /^cluster\.(shadow|other|nobody|lying)\.((internal\.|external\.)?upstream_rq_(\d\d\d|\dxx|completed|total|timeout|retry)|upstream_cx_connect_fail|retry_or_shadow_abandoned)$/;
/** Gauges of copies that are under way. */
const COPIES = /^cluster\.(shadow|other|nobody|lying)\.upstream_rq_(pending_)?active$/;

class Room {
  readonly stage: Stage;
  private readonly upstreams: Readonly<Record<string, RecordingUpstream>>;
  private readonly liar: Server;

  private constructor(stage: Stage, upstreams: Room["upstreams"], liar: Server) {
    this.stage = stage;
    this.upstreams = upstreams;
    this.liar = liar;
  }

  static async start(program: Program): Promise<Room> {
    const upstreams = {
      echo: await RecordingUpstream.start(),
      shadow: await RecordingUpstream.start(),
      other: await RecordingUpstream.start(),
    };
    const liar = createServer((socket: Socket) =>
      socket.on("error", () => {}).once("data", () => socket.resetAndDestroy()),
    );
    await new Promise<void>((resolve) => liar.listen(0, "127.0.0.1", resolve));
    const { port: lying } = liar.address() as { readonly port: number };
    const host = { name: "all", domains: ["*"], routes: ROUTES, request_mirror_policies: [{ cluster: "other" }] };
    const manager = {
      route_config: { name: "local", request_mirror_policies: [SHADOW], virtual_hosts: [host] },
    };
    const { echo, shadow, other } = upstreams;
    const morePorts = { shadow: shadow.port, other: other.port, lying, nobody: 1 };
    const stage = await Stage.start({ program, upstreamPort: echo.port, manager, morePorts });
    return new Room(stage, upstreams, liar);
  }

  /** A request: the answer, and what each server saw of it. */
  async ask(request: string): Promise<string> {
    const answer = masked(await exchange(this.stage.port, request));
    await this.stage.untilIdle();
    // A copy may be on its way when the request is answered: it has come and is answered when no cluster has one open.
    const isOver = (stats: ReadonlyMap<string, number>): boolean =>
      [...stats].every(([name, value]) => value === 0 || !COPIES.test(name));
    await this.stage.until(isOver);
    await this.stage.until(isOver); // one may have gone from a gauge to the other while they were read
    const seen = Object.entries(this.upstreams).flatMap(([name, { requests }]) =>
      requests
        .splice(0)
        .map(({ startLine, lines, body }) => [name, startLine, ...lines.toSorted(), "", body].join("\n")),
    );
    return masked([answer, ...seen].join("\n---\n")).replace(/(?<=x-forwarded-for: (.*,)?)[0-9a-f.:]+$/gm, "<own>");
  }

  async counted(): Promise<readonly string[]> {
    return [...(await this.stage.stats())]
      .filter(([name, value]) => COUNTED.test(name) && value > 0)
      .map(([name, value]) => `${name}: ${value}`)
      .sort();
  }

  async stop(): Promise<void> {
    await this.stage.stop();
    await Promise.all(Object.values(this.upstreams).map((upstream) => upstream.stop()));
    this.liar.close();
  }
}

describe("mirrored requests, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let envoy: Room | undefined;
  let starling: Room | undefined;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await Room.start("envoy");
    starling = await Room.start("starling");
  });

  after(async () => {
    await envoy?.stop();
    await starling?.stop();
  });

  for (const [title, request] of Object.entries(CASES)) {
    it(`are alike with ${title}`, async () => {
      const [theirs, ours] = [await envoy?.ask(request), await starling?.ask(request)];
      assert.match(theirs ?? "", /^HTTP\/1.1 200 /);
      assert.equal(ours, theirs);
    });
  }

  it("are counted alike", async () => {
    assert.ok(((await envoy?.counted()) ?? []).length > 10);
    await settleAlike(() => Promise.all([starling?.counted(), envoy?.counted()]));
  });
});
