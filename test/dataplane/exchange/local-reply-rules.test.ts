// local_reply_config in one thread: what becomes of answers that the proxy gives by itself, and what does not become of others.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { FormatPartPlan } from "../../../src/config/plan/access-log.ts";
import type { BodyFormatPlan, ReplyMapperPlan } from "../../../src/config/plan/local-reply.ts";
import type { LogFilterPlan } from "../../../src/config/plan/log-filter.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import { acting, forwarding, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const operator = (name: string, ...args: readonly string[]): FormatPartPlan => ({
  kind: "operator",
  name,
  args,
  lengthMax: Number.POSITIVE_INFINITY,
});
const literal = (text: string): FormatPartPlan => ({ kind: "literal", text });
const statusOf = (value: number): LogFilterPlan => ({
  kind: "status",
  comparison: { operator: "EQ", value, runtimeKey: "" },
});
const plain: BodyFormatPlan = { contentType: "text/plain", format: [], json: null, omitEmpty: false };
const mapper = (filter: LogFilterPlan, more: Partial<ReplyMapperPlan>): ReplyMapperPlan => ({
  ...{ filter, status: -1, replyBody: null, bodyFormat: null, headersToAdd: [] },
  ...more,
});
const EVERYTHING: LogFilterPlan = { kind: "and", filters: [] };

describe("the mappers of local_reply_config", () => {
  let world: ExchangeWorld;

  afterEach(() => assert.deepEqual(world.leaks(), []));

  it("change status, body and fields of the answers that the first of them wants, and the log says so", () => {
    const value = [operator("RESPONSE_CODE"), literal(" "), operator("RESPONSE_FLAGS")];
    begin([
      mapper(statusOf(403), { status: 500 }),
      mapper(statusOf(404), {
        status: 418,
        replyBody: Buffer.from("nothing"),
        headersToAdd: [{ name: "x-was", value, action: "append", keepEmpty: false }],
      }),
      mapper(statusOf(418), { status: 599 }),
    ]);
    const answer = ask("/none");
    assert.match(answer, /^HTTP\/1\.1 418 .*\r\nx-was: 404 NR\r\ncontent-length: 7\r\ncontent-type: text\/plain\r\n/);
    assert.match(answer, /\r\n\r\nnothing$/);
    assert.match(ask("/here"), /^HTTP\/1\.1 500 .*\r\n\r\nforbidden$/s);
    assert.equal(world.log(), "418 7 NR route_not_found DownstreamEnd\n500 9 - direct_response DownstreamEnd\n");
    assert.equal(world.stat("http.main.downstream_rq_4xx"), 1);
    assert.equal(world.stat("http.main.downstream_rq_5xx"), 1);
  });

  it("leave alone what the upstream answers", () => {
    begin([mapper(EVERYTHING, { status: 200, replyBody: Buffer.from("all is well") })]);
    const up = world.upstreams.add("up");
    const client = world.connect();
    client.send("GET /up HTTP/1.1\r\nhost: a\r\n\r\n");
    up.streams[0]?.respond(503, { "content-length": "5" }, "oh no");
    assert.match(client.received(), /^HTTP\/1\.1 503 .*\r\n\r\noh no$/s);
    assert.equal(world.log(), "503 5 - via_upstream DownstreamEnd\n");
  });

  it("give a request of HEAD the length of the body that it does not get", () => {
    begin([mapper(EVERYTHING, { replyBody: Buffer.from("four") })]);
    assert.match(ask("/here", { method: "HEAD" }), /\r\ncontent-length: 4\r\n.*\r\n\r\n$/s);
    assert.equal(world.log(), "403 0 - direct_response DownstreamEnd\n");
  });

  it("give gRPC its status by the new one and the new body as message, without the end of a line of JSON", () => {
    const json = [{ key: "b", value: { kind: "text", parts: [operator("LOCAL_REPLY_BODY")] } } as const];
    begin([
      mapper(statusOf(403), { status: 429, replyBody: Buffer.from("50 %") }),
      mapper(statusOf(404), { bodyFormat: { ...plain, contentType: "application/json", json } }),
    ]);
    const lines = "content-type: application/grpc\r\n";
    assert.match(ask("/here", { lines }), /^HTTP\/1\.1 200 .*\r\ngrpc-status: 14\r\ngrpc-message: 50 %25\r\n/s);
    assert.match(ask("/none", { lines }), /\r\ngrpc-status: 12\r\ngrpc-message: {"b":""}\r\n/);
  });

  it("see a broken protocol as Envoy does, before its flag is set", () => {
    begin([
      mapper({ kind: "flags", flags: ["DPE"] }, { status: 599 }),
      mapper({ kind: "type", types: ["NotSet"], isExcluded: false }, { replyBody: Buffer.from("broken") }),
    ]);
    const client = world.connect();
    client.send("HELO\r\n\r\n");
    assert.match(client.received(), /^HTTP\/1\.1 400 .*\r\n\r\nbroken$/s);
    assert.equal(world.log(), "400 6 DPE http1.codec_error DownstreamEnd\n");
  });

  it("give no body to an answer that becomes one of 204", () => {
    begin([mapper(EVERYTHING, { status: 204 })]);
    assert.match(ask("/here"), /^HTTP\/1\.1 204 No Content\r\ndate: [^\r]*\r\nserver: envoy\r\n\r\n$/);
    assert.equal(world.log(), "204 0 - direct_response DownstreamEnd\n");
  });

  it("put bytes through a format as they are, and into JSON as characters", () => {
    const body = [operator("LOCAL_REPLY_BODY")];
    const json = [{ key: "b", value: { kind: "text", parts: body } } as const];
    begin([
      mapper(statusOf(403), { replyBody: Buffer.from([0xff, 0xc3]), bodyFormat: { ...plain, json } }),
      mapper(statusOf(404), { replyBody: Buffer.from([0xff, 0xc3]), bodyFormat: { ...plain, format: body } }),
    ]);
    assert.match(ask("/here"), /\r\n\r\n{"b":"\\u00ff\\u00c3"}\n$/);
    assert.match(ask("/none"), /\r\ncontent-length: 2\r\n/);
  });

  it("have the time of the request's begin although nobody logs it", () => {
    const format = [operator("START_TIME", "%s")];
    world = new ExchangeWorld(
      listener(manager({ localReplies: { mappers: [], bodyFormat: { ...plain, format } }, routes: ROUTES })),
    );
    const seconds = String(Math.floor(world.clock.wallMs() / 1_000));
    assert.ok(ask("/none").endsWith(`\r\n\r\n${seconds}`));
  });

  function begin(mappers: readonly ReplyMapperPlan[]): void {
    const format = LOGGED.flatMap((name, i) => [operator(name), literal(i < LOGGED.length - 1 ? " " : "\n")]);
    const log = { sink: "file", path: "log", format, json: null, omitEmpty: false, filter: null } as const;
    world = new ExchangeWorld(
      listener(manager({ accessLogs: [log], localReplies: { mappers, bodyFormat: null }, routes: ROUTES })),
    );
  }

  function ask(path: string, { method = "GET", lines = "" } = {}): string {
    const client = world.connect();
    client.send(`${method} ${path} HTTP/1.1\r\nhost: a\r\n${lines}\r\n`);
    return client.received();
  }
});

const LOGGED = ["RESPONSE_CODE", "BYTES_SENT", "RESPONSE_FLAGS", "RESPONSE_CODE_DETAILS", "ACCESS_LOG_TYPE"];
const ROUTES = routeConfig(
  virtualHost(
    "all",
    ["*"],
    [
      acting("/here", { kind: "direct_response", status: 403, body: Buffer.from("forbidden"), bodyFormat: null }),
      forwarding("/up", "up"),
    ],
  ),
);
