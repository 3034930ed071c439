import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MirrorPlan } from "../../../src/config/plan/mirror.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster, FakeStream } from "../../support/fake-upstreams.ts";
import { forward, forwarding, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a.b:80\r\n\r\n";
const POST = "POST /x HTTP/1.1\r\nhost: a.b\r\ncontent-length: 6\r\n\r\n";
const MIRROR: MirrorPlan = {
  cluster: "shadow",
  clusterHeader: "",
  fraction: null,
  hostSuffix: true,
  host: "",
  mutations: [],
};

/** A world whose requests go to `up`, with copies by these policies; `shadow` and `other` are clusters. */
class Scene {
  readonly world: ExchangeWorld;
  readonly up: FakeCluster;
  readonly shadow: FakeCluster;
  readonly other: FakeCluster;

  constructor(...mirrors: readonly Partial<MirrorPlan>[]) {
    const policies = mirrors.map((mirror) => ({ ...MIRROR, ...mirror }));
    const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up", { mirrors: policies })]));
    this.world = new ExchangeWorld(listener(manager({ routes })));
    const { upstreams } = this.world;
    this.up = upstreams.add("up");
    this.shadow = upstreams.add("shadow");
    this.other = upstreams.add("other");
  }
}

describe("a mirrored request", () => {
  it("has a copy that says so, whose answer nobody sees", () => {
    const { world, up, shadow } = new Scene({});
    const client = world.connect();
    client.send(GET);
    assert.ok(up.stream().head.includes(":authority: a.b:80"));
    assert.ok(shadow.stream().head.includes(":authority: a.b-shadow:80"));
    assert.ok(shadow.stream().head.includes("x-envoy-internal: true"));
    shadow.stream().respond(500, {}, "nobody");
    assert.equal(client.received(), "");
    up.stream().respond(204);
    assert.match(client.received(), /^HTTP\/1.1 204 /);
    assert.equal(world.stat("cluster.shadow.internal.upstream_rq_500"), 1);
    assert.equal(world.stat("cluster.up.upstream_rq_204"), 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("sends its body on as it comes, and the copy goes on alone when it is whole", () => {
    const { world, up, shadow } = new Scene({});
    const client = world.connect();
    client.send(`${POST}abc`);
    assert.equal(shadow.stream().body, "abc");
    client.send("def");
    assert.equal(shadow.stream().body, "abcdef");
    up.stream().respond(204);
    client.hangUp();
    assert.equal(shadow.stream().resetCode, -1);
    shadow.stream().respond(200, {}, "later");
    assert.equal(world.stat("cluster.shadow.upstream_rq_200"), 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("takes its copy with it when it ends before it is whole", () => {
    const { world, shadow } = new Scene({});
    const client = world.connect();
    client.send(`${POST}abc`);
    client.hangUp();
    assert.notEqual(shadow.stream().resetCode, -1);
    assert.deepEqual(world.leaks(), []);
  });

  it("has as many copies as policies, each to its own cluster", () => {
    const { world, up, shadow, other } = new Scene(
      { host: "c.d" },
      { cluster: "", clusterHeader: "x-to", hostSuffix: false },
      { cluster: "missing" },
    );
    world.connect().send(GET.replace("\r\n\r\n", "\r\nx-to: other\r\n\r\n"));
    assert.ok(shadow.stream().head.includes(":authority: c.d"));
    assert.ok(other.stream().head.includes(":authority: a.b:80"));
    for (const { streams } of [up, shadow, other]) for (const stream of streams) stream.respond(204);
    assert.deepEqual(world.leaks(), []);
  });

  it("has a copy by share only, and changes of its own for the copy", () => {
    const none = { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] };
    const value = [{ kind: "literal", text: "1" }] as const;
    const add = { name: "x-copy", value, action: "append", keepEmpty: false } as const;
    const { world, up, shadow } = new Scene(
      { fraction: { numerator: 0, denominator: 100, runtimeKey: "" }, cluster: "other" },
      {
        mutations: [
          { ...none, requestAdd: [add] },
          { ...none, requestRemove: ["x-secret"] },
        ],
      },
    );
    world.connect().send(GET.replace("\r\n\r\n", "\r\nx-secret: 1\r\n\r\n"));
    assert.ok(shadow.stream().head.includes("x-copy: 1"));
    assert.ok(up.stream().head.includes("x-secret: 1"));
    assert.ok(!shadow.stream().head.includes("x-secret: 1"));
    up.stream().respond(204);
    shadow.stream().respond(204);
    assert.deepEqual(world.leaks(), []);
  });

  it("has no copy when it has no upstream", () => {
    const { world, up, shadow } = new Scene({});
    up.mode = "no_healthy_upstream";
    assert.match(world.ask(GET), /^HTTP\/1.1 503 /);
    assert.equal(shadow.streams.length, 0);
    assert.deepEqual(world.leaks(), []);
  });
});

describe("a mirror that fails", () => {
  const kinds = ["no_healthy_upstream", "overflow", "connection_failure", "connection_timeout"] as const;
  for (const kind of kinds) {
    it(`is nothing to the original: ${kind}`, () => {
      const { world, up, shadow } = new Scene({});
      shadow.mode = kind;
      const client = world.connect();
      client.send(`${POST}abcdef`);
      up.stream().respond(204);
      assert.match(client.received(), /^HTTP\/1.1 204 /);
      assert.equal(world.stat("cluster.shadow.upstream_rq_503"), 1);
      assert.deepEqual(world.leaks(), []);
    });
  }

  const endings: Readonly<Record<string, (stream: FakeStream) => void>> = {
    "resets before an answer": (stream) => stream.fail(),
    "resets in an answer": (stream) => {
      stream.respond(200, {}, null);
      stream.fail();
    },
    "answers before it has read": (stream) => stream.respond(413),
  };
  for (const [title, end] of Object.entries(endings)) {
    it(`is nothing to the original when it ${title}`, () => {
      const { world, up, shadow } = new Scene({});
      const client = world.connect();
      client.send(`${POST}abc`);
      end(shadow.stream());
      client.send("def");
      assert.equal(up.stream().body, "abcdef");
      up.stream().respond(204);
      assert.match(client.received(), /^HTTP\/1.1 204 /);
      assert.deepEqual(world.leaks(), []);
    });
  }

  it("has the route's timeout, as if it were the original", () => {
    const { world, up, shadow } = new Scene({});
    const client = world.connect();
    client.send(GET);
    up.stream().respond(204);
    world.clock.advanceMs(forward("up").timeoutMs + 100);
    assert.equal(world.stat("cluster.shadow.upstream_rq_timeout"), 1);
    assert.equal(world.stat("cluster.shadow.upstream_rq_504"), 1);
    assert.notEqual(shadow.stream().resetCode, -1);
    assert.deepEqual(world.leaks(), []);
  });

  it("is given up when it reads nothing and more than the listener's limit waits for it", () => {
    const { world, up, shadow } = new Scene({});
    const client = world.connect();
    const size = 2_000_000;
    client.send(POST.replace("6", String(size)));
    shadow.stream().backedUp = true;
    for (let sent = 0; sent < size; sent += 20_000) client.send(Buffer.alloc(20_000, "x"));
    assert.equal(up.stream().body.length, size);
    assert.notEqual(shadow.stream().resetCode, -1);
    assert.ok(shadow.stream().body.length < 100_000);
    assert.equal(world.stat("cluster.up.retry_or_shadow_abandoned"), 1);
    assert.equal(client.isPaused, false);
    up.stream().respond(204);
    assert.deepEqual(world.leaks(), []);
  });

  it("gets what waited for it when it reads again", () => {
    const { world, up, shadow } = new Scene({});
    const client = world.connect();
    client.send(POST.replace("6", "300000"));
    const stream = shadow.stream();
    stream.backedUp = true;
    for (let sent = 0; sent < 300_000; sent += 30_000) client.send(Buffer.alloc(30_000, "x"));
    up.stream().respond(204);
    stream.writable();
    assert.equal(stream.body.length, 300_000);
    stream.respond(204);
    assert.deepEqual(world.leaks(), []);
  });
});
