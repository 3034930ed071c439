// When lines of an access log are written, on a clock that the test moves: at the end, while a request lasts, when it comes.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { parseFormat } from "../../../src/config/compile/format.ts";
import type { FormatPartPlan } from "../../../src/config/plan/access-log.ts";
import type { HttpConnectionManagerPlan } from "../../../src/config/plan/listener.ts";
import type { LogFilterPlan } from "../../../src/config/plan/log-filter.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import { forwarding, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

/** What an endpoint says, and what the real Envoy writes for it. */
const GRPC_STATUSES: readonly (readonly [said: string | null, name: string, number: number])[] = [
  ["0", "OK", 0],
  ["5", "NotFound", 5],
  ["17", "17", 17],
  ["abc", "-1", -1],
  ["1e3", "-1", -1],
  ["-1", "-1", -1],
  ["007", "PermissionDenied", 7],
  ["+5", "NotFound", 5],
  ["18446744073709551616", "-1", -1],
  [null, "Unknown", 2],
];
const REQUEST = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

describe("lines of an access log", () => {
  let world: ExchangeWorld;

  afterEach(() => assert.deepEqual(world.leaks(), []));

  it("come at the end alone", () => {
    begin({});
    request(2_500);
    assert.equal(world.log(), "DownstreamEnd 200 2\n");
  });

  it("come while the request lasts, each interval one", () => {
    begin({ logIntervalMs: 1_000 });
    request(2_500);
    assert.equal(world.log(), "DownstreamPeriodic 0 0\nDownstreamPeriodic 0 0\nDownstreamEnd 200 2\n");
  });

  it("come when the request does", () => {
    begin({ logsNewRequests: true });
    request(0);
    assert.equal(world.log(), "DownstreamStart 0 0\nDownstreamEnd 200 2\n");
  });

  it("come where their filter wants them, by their type", () => {
    begin(
      { logIntervalMs: 1_000, logsNewRequests: true },
      { kind: "type", types: ["DownstreamPeriodic"], isExcluded: true },
    );
    request(1_500);
    assert.equal(world.log(), "DownstreamStart 0 0\nDownstreamEnd 200 2\n");
  });

  it("come where their filter wants them, by how long the request took", () => {
    const comparison = { operator: "GE", value: 1_000, runtimeKey: "" } as const;
    begin({}, { kind: "duration", comparison });
    request(900);
    request(1_100);
    assert.equal(world.log(), "DownstreamEnd 200 2\n");
  });

  it("tell a gRPC status as Envoy reads it, and stay JSON whatever an endpoint says", () => {
    const json = ["GRPC_STATUS", "GRPC_STATUS_NUMBER", "GRPC_STATUS(NUMBER)"].map((text) => {
      const parsed = parseFormat(`%${text}%`);
      assert.ok(parsed.ok);
      return { key: text, value: { kind: "text", parts: parsed.parts } } as const;
    });
    const accessLogs = [{ sink: "file", path: "log", format: [], json, omitEmpty: false, filter: null } as const];
    const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up")]));
    world = new ExchangeWorld(listener(manager({ accessLogs, routes })));
    const up = world.upstreams.add("up");
    for (const [said] of GRPC_STATUSES) {
      const client = world.connect();
      client.send("GET / HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\n\r\n");
      const fields: Record<string, string> = said === null ? {} : { "grpc-status": said };
      up.stream().respond(200, { "content-length": "0", ...fields }, "");
      client.hangUp();
    }
    const lines = world
      .log()
      .trim()
      .split("\n")
      .map((line) => Object.values(JSON.parse(line) as Record<string, unknown>));
    const wanted = GRPC_STATUSES.map(([, name, number]) => [name, number, number]);
    assert.deepEqual(lines, wanted);
  });

  function begin(fields: Partial<HttpConnectionManagerPlan>, filter: LogFilterPlan | null = null): void {
    const format: FormatPartPlan[] = ["ACCESS_LOG_TYPE", "RESPONSE_CODE", "BYTES_SENT"].flatMap((name, i) => [
      { kind: "operator", name, args: [], lengthMax: 99 },
      { kind: "literal", text: i < 2 ? " " : "\n" },
    ]);
    const accessLogs = [{ sink: "file", path: "log", format, json: null, omitEmpty: false, filter } as const];
    const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up", { timeoutMs: 60_000 })]));
    world = new ExchangeWorld(listener(manager({ accessLogs, routes, ...fields })));
  }

  /** One request whose answer takes so long. */
  function request(answerMs: number): void {
    const up = world.upstreams.add("up");
    const client = world.connect();
    client.send(REQUEST);
    world.clock.advanceMs(answerMs);
    up.stream().respond(200, { "content-length": "2" }, "ok");
    client.hangUp();
  }
});
