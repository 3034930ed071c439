import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { AnnounceSimulation, announced, type SimulatedNode, word } from "./announce-simulation.ts";

const TAKES = { clusters: [{ cluster: "orders", service: "shop.orders" }] };
const APP = { announce: { "shop.orders": [announced(8080)] } };

let mesh: AnnounceSimulation;
let proxy: SimulatedNode;

describe("announced endpoints", () => {
  beforeEach(() => {
    mesh = new AnnounceSimulation();
    proxy = mesh.join("proxy", TAKES);
  });

  it("are a cluster's as soon as their node announces them", () => {
    mesh.join("app", APP);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080"]);
  });

  it("carry weight, locality, metadata and canary, and say who announced them and since when", () => {
    const metadata = { "envoy.lb": { canary: true, stage: "next" } };
    const locality = { region: "r", zone: "z", subZone: "s" };
    mesh.passMs(3_000);
    mesh.join("app", { announce: { "shop.orders": [announced(8080, { weight: 7, locality, metadata })] } });
    const plan = proxy.endpoint("orders", "127.0.0.1:8080");
    assert.deepEqual([plan?.weight, plan?.locality, plan?.canary], [7, locality, true]);
    const since = Math.round(mesh.clock.wallMs());
    assert.deepEqual(plan?.metadata, { ...metadata, "starling.mesh": { source: "app", since_ms: since } });
  });

  it("are known to a node that comes later, within a quarter of a second", () => {
    mesh.join("app", APP);
    mesh.passMs(1_000);
    const late = mesh.join("late", TAKES);
    mesh.passMs(250);
    assert.deepEqual(late.hosts("orders"), ["127.0.0.1:8080"]);
  });

  it("are announced to a crowd of newcomers together", () => {
    const app = mesh.join("app", APP);
    mesh.passMs(1_000);
    const before = app.published.length;
    for (let i = 0; i < 50; i++) mesh.join(`late-${i}`, TAKES);
    mesh.passMs(300);
    assert.equal(app.published.length, before + 1);
    assert.deepEqual(mesh.nodes.at(-1)?.hosts("orders"), ["127.0.0.1:8080"]);
  });

  it("are out at once when their node leaves", () => {
    mesh.join("app", APP).leave();
    assert.deepEqual(proxy.hosts("orders"), []);
    assert.equal(proxy.counters()["leases_withdrawn"], 1);
  });

  it("are out at once when their node leaves and its last words are lost but for one", () => {
    const app = mesh.join("app", APP);
    mesh.reaches = () => false;
    app.leave();
    proxy.tell({ type: "member-left", member: app.id });
    assert.deepEqual(proxy.hosts("orders"), []);
  });

  it("are out five seconds after the last beat of a node that dies", () => {
    mesh.join("app", APP);
    mesh.passMs(2_000);
    mesh.nodes[1]?.die();
    mesh.passMs(4_950);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080"]);
    mesh.passMs(300);
    assert.deepEqual(proxy.hosts("orders"), []);
    assert.equal(proxy.counters()["leases_lost"], 1);
    const lost = "service 'shop.orders': app is silent, its lease has ended: 127.0.0.1:8080";
    assert.equal(proxy.logs.at(-1), lost);
  });

  it("are out at once when the membership gives their node up", () => {
    const app = mesh.join("app", APP);
    app.die();
    proxy.tell({ type: "member-lost", member: app.id });
    assert.deepEqual(proxy.hosts("orders"), []);
  });

  it("come back with a node that was silent and beats again, not with a late copy of its words", () => {
    const app = mesh.join("app", APP);
    mesh.reaches = () => false;
    mesh.passMs(6_000);
    assert.deepEqual(proxy.hosts("orders"), []);
    proxy.tell(word({ ...app.id, endpoints: [announced(8080)] }));
    assert.deepEqual(proxy.hosts("orders"), [], "a late copy");
    mesh.reaches = () => true;
    mesh.passMs(3_000);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080"]);
  });

  it("do not come back with a late word or beat of a process that has left", () => {
    const app = mesh.join("app", APP);
    app.leave();
    proxy.tell({ type: "beat-heard", member: app.id });
    proxy.tell(word({ ...app.id, sequence: 99 }));
    assert.deepEqual(proxy.hosts("orders"), []);
    assert.equal(proxy.counters()["announcements_stale"], 1);
  });

  it("follow the newest word: an older one that comes late changes nothing", () => {
    proxy.tell(word({ sequence: 5, endpoints: [announced(1), announced(2)] }));
    proxy.tell(word({ sequence: 7, endpoints: [announced(2), announced(3)] }));
    proxy.tell(word({ sequence: 6, endpoints: [announced(4)] }));
    proxy.tell(word({ sequence: 7, endpoints: [announced(5)] }));
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:2", "127.0.0.1:3"]);
    assert.equal(proxy.counters()["announcements_stale"], 1);
  });

  it("keep their lease by beats alone: words said again do not prolong it", () => {
    proxy.tell(word());
    for (let i = 0; i < 10; i++) {
      mesh.passMs(500);
      proxy.tell(word());
    }
    mesh.passMs(300);
    assert.deepEqual(proxy.hosts("orders"), []);
  });

  it("are known two seconds after a word about them was lost", () => {
    mesh.reaches = () => false;
    mesh.join("app", APP);
    mesh.reaches = () => true;
    mesh.passMs(2_050);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080"]);
  });

  it("change when their node is configured anew", () => {
    const app = mesh.join("app", APP);
    app.assign({ announce: { "shop.orders": [announced(8080, { weight: 3 }), announced(8081)] } });
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080", "127.0.0.1:8081"]);
    assert.equal(proxy.endpoint("orders", "127.0.0.1:8080")?.weight, 3);
    app.assign({});
    assert.deepEqual(proxy.hosts("orders"), []);
    app.assign(APP);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080"]);
  });

  it("are told whole when facts of one that stays change, else by what changed", () => {
    const app = mesh.join("app", APP);
    app.assign({ announce: { "shop.orders": [announced(8080), announced(8081)] } });
    app.assign({ announce: { "shop.orders": [announced(8080, { weight: 2 }), announced(8081)] } });
    assert.deepEqual(proxy.told, ["found", "moved", "moved", "found"]);
  });

  it("are one endpoint when two nodes announce one address, until both are gone", () => {
    mesh.join("app-b", { announce: { "shop.orders": [announced(8080, { weight: 2 })] } });
    mesh.join("app-a", { announce: { "shop.orders": [announced(8080, { weight: 5 })] } });
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080"]);
    assert.equal(proxy.endpoint("orders", "127.0.0.1:8080")?.weight, 5, "every node takes the first by name");
    mesh.nodes[2]?.leave();
    assert.equal(proxy.endpoint("orders", "127.0.0.1:8080")?.weight, 2);
    mesh.nodes[1]?.leave();
    assert.deepEqual(proxy.hosts("orders"), []);
  });

  it("of two nodes at one address are the same on every node, whatever came first", () => {
    const [b, a] = [
      word({ node: "b", instance: "b".repeat(32), endpoints: [announced(1, { weight: 2 })] }),
      word({ node: "a", instance: "a".repeat(32), endpoints: [announced(1, { weight: 9 })] }),
    ];
    const other = mesh.join("other", TAKES);
    for (const message of [a, b]) proxy.tell(message);
    for (const message of [b, a]) other.tell(message);
    assert.deepEqual(proxy.endpoint("orders", "127.0.0.1:1"), other.endpoint("orders", "127.0.0.1:1"));
  });

  it("of a node that was started again under its name replace the old ones after two missed beats", () => {
    mesh.join("app", APP).die();
    mesh.join("app", { announce: { "shop.orders": [announced(8081)] } });
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080", "127.0.0.1:8081"]);
    mesh.passMs(2_500);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8081"]);
  });

  it("of a node that was started again at the same address never leave", () => {
    mesh.join("app", APP).die();
    mesh.join("app", APP);
    const before = proxy.told.length;
    mesh.passMs(10_000);
    assert.deepEqual(proxy.told.slice(before), []);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080"]);
  });

  it("of the node itself are its clusters' too", () => {
    const both = mesh.join("both", { ...TAKES, ...APP });
    assert.deepEqual(both.hosts("orders"), ["127.0.0.1:8080"]);
    mesh.passMs(20_000);
    assert.deepEqual(both.hosts("orders"), ["127.0.0.1:8080"]);
  });

  it("belong to every cluster of their service, and to a cluster that comes later", () => {
    mesh.join("app", APP);
    const more = [...TAKES.clusters, { cluster: "twin", service: "shop.orders" }];
    proxy.assign({ clusters: more });
    assert.deepEqual(proxy.hosts("twin"), ["127.0.0.1:8080"]);
    proxy.assign({ clusters: [] });
    assert.equal(proxy.held, 0);
    proxy.assign(TAKES);
    assert.deepEqual(proxy.hosts("orders"), [], "nobody has said it again yet");
    mesh.passMs(2_050);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080"]);
  });

  it("are dropped and counted when no cluster takes their service", () => {
    proxy.tell(word({ service: "somebody.elses" }));
    assert.equal(proxy.held, 0);
    assert.equal(proxy.counters()["announcements_unused"], 1);
  });

  it("that are no announcement are counted", () => {
    proxy.tell({ type: "announcement-garbled" });
    assert.deepEqual(proxy.counters(), { announcements_heard: 1, announcements_malformed: 1 });
  });
});
