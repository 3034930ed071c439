import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { RequestWatch } from "../../../src/dataplane/exchange/request-watch.ts";
import type { TapTerms, WatchTold } from "../../../src/telemetry/request-watch.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import { forwarding, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const ANY: TapTerms = {
  id: 1,
  cluster: "",
  route: "",
  path: "",
  classes: [],
  method: "",
  header: "",
  headerValue: "",
  share: 1,
};
const LOAD = { cpu: 0.5, busy: 0.25, connections: 1, requests: 2 };

describe("what a worker tells of its requests while somebody looks", () => {
  let world: ExchangeWorld;
  let told: WatchTold[];

  beforeEach(() => {
    told = [];
    const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up", { timeoutMs: 60_000 })]));
    world = new ExchangeWorld(listener(manager({ routes })));
  });

  afterEach(() => assert.deepEqual(world.leaks(), []));

  function watch(): RequestWatch {
    const { clock, wheel, random } = world.services;
    const { context } = world;
    context.watch = new RequestWatch({
      ...{ clock, wheel, random },
      load: () => LOAD,
      tell: (one) => told.push(one),
      onOver: () => {
        context.watch = null;
      },
    });
    return context.watch;
  }

  /** One request whose answer takes so long. */
  function request(path: string, answerMs: number, fields = ""): void {
    const up = world.upstreams.add("up");
    const client = world.connect();
    client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\nreferer: http://x/?key=s3cret\r\ncookie: s3cret\r\n${fields}\r\n`);
    world.clock.advanceMs(answerMs);
    up.stream().respond(200, { "content-length": "2", "set-cookie": "s3cret" }, "ok");
    client.hangUp();
  }

  it("are times, each with its cluster, endpoint, route and status, and once a second what it does itself", () => {
    watch().assign({ leaseMs: 7_000, times: true, taps: [], redacts: [] });
    request("/a", 20);
    world.clock.advanceMs(2_000);
    const times = told.flatMap((one) => one.times);
    assert.equal(times.length, 1);
    const [one] = times;
    assert.deepEqual([one?.cluster, one?.status, one?.ms], ["up", 200, 20]);
    assert.deepEqual(told.filter(({ load }) => load !== null).length, 2);
    assert.deepEqual(told.find(({ load }) => load !== null)?.load, LOAD);
  });

  it("are requests that a tap asks for, their secrets left out; those too many are counted", () => {
    watch().assign({
      leaseMs: 7_000,
      times: false,
      taps: [{ ...ANY, path: "/a" }],
      redacts: ["key", "cookie", "set-cookie"],
    });
    request("/b", 1);
    request("/a?x=1&key=s3cret", 20);
    for (let i = 0; i < 60; i++) request("/a", 0);
    world.clock.advanceMs(300);
    const [tap] = told.flatMap(({ taps }) => taps);
    assert.deepEqual([tap?.id, tap?.requests.length, tap?.dropped], [1, 50, 11]);
    const [first] = tap?.requests ?? [];
    assert.equal(first?.path, "/a?x=1&key=[redacted]");
    assert.doesNotMatch(JSON.stringify(tap), /s3cret/);
    assert.deepEqual([first?.requestMs, first?.answerMs, first?.totalMs], [0, 20, 20]);
    assert.equal((first?.startWallMs ?? 0) + 20 <= world.clock.wallMs(), true);
  });

  it("are not chosen by what is secret of them: filters would tell it letter by letter", () => {
    const terms = [
      { path: "/a?key=s3" },
      { header: "referer", headerValue: "key=s3" },
      { header: "cookie", headerValue: "s3" },
      { path: "/a?key=[" },
      { header: "cookie" },
    ];
    const taps = terms.map((one, id) => ({ ...ANY, ...one, id }));
    watch().assign({ leaseMs: 7_000, times: false, taps, redacts: ["key", "cookie"] });
    request("/a?key=s3cret", 20);
    world.clock.advanceMs(300);
    assert.deepEqual(
      told.flatMap((one) => one.taps).map(({ id }) => id),
      [3, 4],
    );
  });

  it("show no secret of a fragment, nor of an address in any other field", () => {
    watch().assign({ leaseMs: 7_000, times: false, taps: [ANY], redacts: ["token"] });
    request("/a?%74oken=s3cret?token=s3cret&x", 0, "x-original-uri: /b#a=1&token=s3cret\r\n");
    world.clock.advanceMs(300);
    const [one] = told.flatMap(({ taps }) => taps[0]?.requests ?? []);
    assert.equal(one?.path, "/a?%74oken=[redacted]&x");
    const uri = one?.requestHeaders.find(([name]) => name === "x-original-uri");
    assert.equal(uri?.[1], "/b#a=1&token=[redacted]");
  });

  it("are those of the newest terms, when a tap's number comes again after its desk died", () => {
    const one = watch();
    one.assign({ leaseMs: 7_000, times: false, taps: [{ ...ANY, path: "/old" }], redacts: [] });
    one.assign({ leaseMs: 7_000, times: false, taps: [{ ...ANY, path: "/new" }], redacts: [] });
    request("/new", 0);
    request("/old", 0);
    world.clock.advanceMs(300);
    const paths = told.flatMap(({ taps }) => taps.flatMap(({ requests }) => requests.map(({ path }) => path)));
    assert.deepEqual(paths, ["/new"]);
  });

  it("are so many times at most, with the number of all requests", () => {
    watch().assign({ leaseMs: 7_000, times: true, taps: [], redacts: [] });
    for (let i = 0; i < 150; i++) request("/", 0);
    world.clock.advanceMs(300);
    assert.deepEqual([told[0]?.times.length, told[0]?.ended], [100, 150]);
  });

  it("end with the lease, at once when nobody looks any more, and last when it is renewed", () => {
    const one = watch();
    one.assign({ leaseMs: 1_000, times: true, taps: [], redacts: [] });
    world.clock.advanceMs(900);
    one.assign({ leaseMs: 1_000, times: true, taps: [], redacts: [] });
    world.clock.advanceMs(900);
    assert.equal(world.context.watch, one);
    world.clock.advanceMs(400);
    assert.equal(world.context.watch, null);
    const before = told.length;
    world.clock.advanceMs(5_000);
    assert.equal(told.length, before);
    const next = watch();
    next.assign({ leaseMs: 9_000, times: true, taps: [], redacts: [] });
    next.assign({ leaseMs: 9_000, times: false, taps: [], redacts: [] });
    world.clock.advanceMs(300);
    assert.equal(world.context.watch, null);
  });
});
