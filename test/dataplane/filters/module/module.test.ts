import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseFormat } from "../../../../src/config/compile/format.ts";
import type { ModuleFilterPlan } from "../../../../src/config/plan/filters/module.ts";
import type { FilterOverridePlan } from "../../../../src/config/plan/http-filter.ts";
import type { RoutePlan } from "../../../../src/config/plan/route.ts";
import { type FilterScene, filterScene, override } from "../../../support/filter-scene.ts";
import { acting, forward } from "../../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../../support/route-plans.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
const POST = "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc";

/** A module whose factory has this body; `callbacks`, `config` and `context` are in its reach. */
function factory(body: string, config: ModuleFilterPlan["config"] = {}): ModuleFilterPlan {
  const types = 'import type { FilterConfig, FilterContext, StreamCallbacks } from "starling";';
  const head = `${types} export function open(config: FilterConfig, context: FilterContext) {`;
  const text = `${head}\n  return (callbacks: StreamCallbacks) => {\n${body}\n};\n}`;
  return { kind: "module", file: "/filters/mine.ts", text, config };
}

function sceneOf(body: string, config?: ModuleFilterPlan["config"]): FilterScene {
  return filterScene({ filters: { mine: factory(body, config) } });
}

describe("a filter module", () => {
  it("changes the heads of both directions", () => {
    const { world, up } = sceneOf(`return {
      decodeHeaders(headers) { headers.set("X-Seen", headers.get(":path")); headers.remove("x-secret"); },
      encodeHeaders(headers) { headers.add("x-status", headers.get(":status")); headers.set(":status", "202"); },
    };`);
    const client = world.connect();
    client.send("GET /x HTTP/1.1\r\nhost: a\r\nx-secret: 1\r\n\r\n");
    assert.ok(up.stream().head.includes("x-seen: /x"));
    assert.ok(!up.stream().head.some((field) => field.startsWith("x-secret")));
    up.stream().respond(200);
    assert.match(client.received(), /^HTTP\/1.1 202 Accepted\r\n.*x-status: 200\r\n/s);
    assert.deepEqual(world.leaks(), []);
  });

  it("answers in place of the upstream, and sees its own answer", () => {
    const { world, up } = sceneOf(`return {
      decodeHeaders() { callbacks.sendLocalReply({ status: 403, body: "no", headers: { "x-why": "rule" }, details: "my rule" }); return "StopIteration"; },
      encodeHeaders(headers) { headers.set("x-seen", headers.get(":status")); },
    };`);
    const answer = world.ask(GET);
    assert.match(answer, /^HTTP\/1.1 403 Forbidden\r\n.*x-why: rule\r\n.*\r\n\r\nno$/s);
    assert.match(answer, /x-seen: 403/);
    assert.equal(up.streams.length, 0);
    assert.deepEqual(world.leaks(), []);
  });

  it("holds a request until it says so, with the body that came meanwhile", () => {
    const held: { go?: () => void } = {};
    Object.assign(globalThis, { held });
    const { world, up } = sceneOf(`return {
      decodeHeaders() { globalThis.held.go = () => callbacks.continueDecoding(); return "StopIteration"; },
    };`);
    world.connect().send(POST);
    assert.equal(up.streams.length, 0);
    held.go?.();
    assert.equal(up.stream().body, "abc");
    up.stream().respond(204);
    held.go?.();
    assert.deepEqual(world.leaks(), []);
  });

  it("may wait for a promise in the hooks for heads", async () => {
    const { world, up } = sceneOf(`return {
      async decodeHeaders(headers) { await null; headers.set("x-late", "1"); },
      async encodeHeaders(headers) { await null; headers.set("x-late", "2"); },
    };`);
    const client = world.connect();
    client.send(GET);
    assert.equal(up.streams.length, 0);
    await turn();
    assert.ok(up.stream().head.includes("x-late: 1"));
    up.stream().respond(204);
    assert.equal(client.received(), "");
    await turn();
    assert.match(client.received(), /^HTTP\/1.1 204 .*x-late: 2/s);
    assert.deepEqual(world.leaks(), []);
  });

  it("gives other bytes in place of those of a body", () => {
    const { world, up } = sceneOf(`return {
      decodeHeaders(headers) { headers.remove("content-length"); },
      decodeData(data, end) { return Buffer.concat([Buffer.from("<"), data, Buffer.from(end ? "!" : "-")]); },
    };`);
    world.connect().send(POST);
    assert.equal(up.stream().body, "<abc!");
    up.stream().respond(204);
    assert.deepEqual(world.leaks(), []);
  });

  it("gives metadata that JSON can hold, as it is then, and no other", () => {
    const mine = factory(`return { decodeHeaders(headers) {
      const cycle: Record<string, unknown> = {};
      cycle.self = cycle;
      const list = [1];
      callbacks.setDynamicMetadata("mine", "list", list);
      list.push(2);
      const refused = [5n, cycle, () => 1, undefined].filter((value) => {
        try { callbacks.setDynamicMetadata("mine", "list", value); return false; } catch { return true; }
      });
      headers.set("x-refused", String(refused.length));
    } };`);
    const parsed = parseFormat("%DYNAMIC_METADATA(mine:list)%\n");
    assert.ok(parsed.ok);
    const log = {
      sink: "file",
      path: "log",
      format: parsed.parts,
      json: null,
      omitEmpty: false,
      filter: null,
    } as const;
    const { world, up } = filterScene({ filters: { mine }, manager: { accessLogs: [log] } });
    world.connect().send(GET);
    assert.ok(up.stream().head.includes("x-refused: 4"), up.stream().head.join());
    up.stream().respond(204);
    assert.equal(world.log(), "[1]\n");
    assert.deepEqual(world.leaks(), []);
  });

  it("is opened anew with what a route gives it, and is told what the request is", () => {
    const settings = { kind: "module", config: { who: "route" } } as const;
    const to = (path: string, ...filterOverrides: FilterOverridePlan[]): RoutePlan =>
      acting(path, forward("up"), { filterOverrides });
    const all = [
      to("/route", override("mine", { settings })),
      to("/off", override("mine", { disabled: true })),
      to("/"),
    ];
    const routes = routeConfig(virtualHost("everyone", ["*"], all));
    const plan = factory(
      `const { streamInfo: { protocol, downstreamRemoteAddress, clusterName, virtualHostName } } = callbacks;
      return { decodeHeaders(headers) {
        headers.set("x-who", config.who);
        headers.set("x-info", [protocol, downstreamRemoteAddress, clusterName, virtualHostName].join());
      } };`,
      { who: "filter" },
    );
    const { world, up } = filterScene({ filters: { mine: plan }, manager: { routes } });
    for (const path of ["/route", "/off", "/"]) {
      world.connect().send(GET.replace("/x", path));
      up.streams.at(-1)?.respond(204);
    }
    const of = (name: string): (string | undefined)[] =>
      up.streams.map(({ head }) => head.find((field) => field.startsWith(name)));
    assert.deepEqual(of("x-who"), ["x-who: route", undefined, "x-who: filter"]);
    assert.match(String(of("x-info")[2]), /^x-info: HTTP\/1.1,[0-9.]+,up,everyone$/);
    assert.deepEqual(world.leaks(), []);
  });

  it("counts and logs under its own name, bounded", () => {
    const { world, up } = sceneOf(`return { decodeHeaders() {
      context.counter("seen").add(2);
      for (let i = 0; i < 30; i++) context.log("info", "line " + i + "\\n");
    } };`);
    world.connect().send(GET);
    up.stream().respond(204);
    assert.equal(world.stat("http.main.module.mine.seen"), 2);
    assert.equal(world.lines.length, 20);
    assert.equal(world.lines[0], "info: filter module 'mine': line 0 ");
  });
});

const MISTAKES: Readonly<Record<string, readonly [body: string, request: string, says: RegExp]>> = {
  "throws in a hook for a head": [
    `return { decodeHeaders() {\n throw new TypeError("of mine"); } };`,
    GET,
    /decodeHeaders failed: \/filters\/mine.ts:4:\d+: TypeError: of mine$/,
  ],
  "throws in a hook for data": [`return { decodeData() { throw 7; } };`, POST, /decodeData failed: .*mine.ts: 7$/],
  "throws where it makes its filter": [`return null.x;`, GET, /factory failed: .*mine.ts:3:\d+: TypeError/],
  "answers what no hook may": [`return { decodeHeaders() { return "continue"; } };`, GET, /answered 'continue'$/],
  "answers a promise for data": [`return { async decodeData() {} };`, POST, /decodeData answered a promise$/],
  "makes no filter": [`return 3;`, GET, /the factory answered number/],
  "writes what splits a head": [
    `return { decodeHeaders(headers) { headers.set("x", "a\\r\\nb: c"); } };`,
    GET,
    /illegal value of the field x$/,
  ],
  "writes a field of the framing": [
    `return { decodeHeaders(headers) { headers.set("transfer-encoding", "chunked"); } };`,
    GET,
    /transfer-encoding is not a filter's to set$/,
  ],
  "makes a body longer than its head says": [
    `return { decodeData(data) { return Buffer.concat([data, data]); } };`,
    POST,
    /the body is to have 3 bytes/,
  ],
};

describe("the request of a filter module that makes a mistake", () => {
  for (const [title, [body, request, says]] of Object.entries(MISTAKES)) {
    it(`ends with 500 when it ${title}`, () => {
      const { world } = sceneOf(body);
      const answer = world.ask(request);
      assert.match(answer, /^HTTP\/1.1 500 Internal Server Error\r\n.*\r\n\r\nInternal Server Error$/s);
      assert.match(world.lines.join(), says);
      assert.equal(world.stat("http.main.module.mine.failed"), 1);
      assert.deepEqual(world.leaks(), []);
    });
  }

  it("ends with 500 when a promise fails", async () => {
    const { world } = sceneOf(`return { async decodeHeaders() { await null; throw new Error("no such user"); } };`);
    const client = world.connect();
    client.send(GET);
    await turn();
    assert.match(client.received(), /^HTTP\/1.1 500 /);
    assert.deepEqual(world.leaks(), []);
  });

  it("is broken off when the answer has begun", () => {
    const { world, up } = sceneOf(`return { encodeData() { throw new Error("late"); } };`);
    const client = world.connect();
    client.send(GET);
    up.stream().respond(200, {}, "body");
    assert.equal(client.ending, "close");
    assert.deepEqual(world.leaks(), []);
  });

  it("gets another answer when the hook for the answer's head throws", () => {
    const { world, up } = sceneOf(`return { encodeHeaders() { throw new Error("early"); } };`);
    const client = world.connect();
    client.send(GET);
    up.stream().respond(200, {}, "body");
    assert.match(client.received(), /^HTTP\/1.1 500 /);
    assert.deepEqual(world.leaks(), []);
  });

  it("is refused when the module cannot be opened, and its file is loaded anew when its text changes", () => {
    const plan: ModuleFilterPlan = {
      kind: "module",
      file: "/filters/mine.ts",
      text: "export const open = 1;",
      config: {},
    };
    const { world } = filterScene({ filters: { mine: plan } });
    assert.match(world.ask(GET), /^HTTP\/1.1 500 /);
    assert.match(world.lines.join(), /open failed: .*it exports no function 'open'$/);
    const text = "export const open = () => () => null;";
    const { world: other, up } = filterScene({ filters: { mine: { ...plan, text } } });
    other.connect().send(GET);
    up.stream().respond(204);
    assert.deepEqual([...world.leaks(), ...other.leaks()], []);
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
