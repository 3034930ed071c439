import assert from "node:assert/strict";
import fc from "fast-check";
import { beforeEach, describe, it } from "mocha";
import { SeededRandom } from "../../../../src/base/random.ts";
import { ANNOUNCERS_MAX, HELD_MAX } from "../../../../src/control/mesh/announce/leases.ts";
import { AnnounceSimulation, announced, type SimulatedNode, word } from "./announce-simulation.ts";

const TAKES = { clusters: [{ cluster: "orders", service: "shop.orders" }] };
const APP = { announce: { "shop.orders": [announced(8080)] } };

let mesh: AnnounceSimulation;
let proxy: SimulatedNode;

describe("announced endpoints of a node without its bus", () => {
  beforeEach(() => {
    mesh = new AnnounceSimulation();
  });

  it("stay as long as the bus is lost, and five seconds more", () => {
    proxy = mesh.join("proxy", TAKES);
    mesh.join("app", APP).die();
    proxy.tell({ type: "bus-lost" });
    mesh.passMs(60_000);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080"]);
    assert.equal(proxy.isHeld, true);
    proxy.tell({ type: "bus-connected" });
    mesh.passMs(4_950);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:8080"]);
    mesh.passMs(300);
    assert.deepEqual(proxy.hosts("orders"), []);
  });

  it("are announced again when the bus is back", () => {
    const app = mesh.join("app", APP);
    app.tell({ type: "bus-lost" });
    const before = app.published.length;
    mesh.passMs(10_000);
    assert.equal(app.published.length, before);
    app.tell({ type: "bus-connected" });
    assert.equal(app.published.length, before + 1);
    assert.equal(app.published.at(-1)?.sequence, 1, "nothing has changed");
  });

  for (const [what, words] of [
    ["connected and has not waited for its peers", ["bus-connected"]],
    ["waited for its peers in vain", ["mesh-joined"]],
  ] as const) {
    it(`are not taken away by a node that is ${what}`, () => {
      proxy = mesh.start("proxy", TAKES);
      for (const type of words) proxy.tell({ type });
      assert.equal(proxy.hosts("orders"), null);
    });
  }

  it("are not taken away by a successor on a lossy network: it hears everybody once more before it tells", () => {
    mesh.join("app", APP);
    mesh.reaches = () => false;
    proxy = mesh.join("proxy", { ...TAKES, isSuccessor: true });
    mesh.reaches = () => true;
    mesh.passMs(2_400);
    proxy.tell({ type: "mesh-joined" });
    assert.equal(proxy.hosts("orders"), null);
    mesh.passMs(200);
    assert.deepEqual([proxy.hosts("orders"), proxy.told], [["127.0.0.1:8080"], ["found"]]);
  });

  it("are told by a successor only while it is connected", () => {
    proxy = mesh.join("proxy", { ...TAKES, isSuccessor: true });
    proxy.tell({ type: "bus-lost" });
    mesh.passMs(10_000);
    assert.equal(proxy.hosts("orders"), null);
    proxy.tell({ type: "bus-connected" });
    mesh.passMs(2_600);
    assert.deepEqual(proxy.hosts("orders"), []);
  });

  it("do not end because this node itself stood still", () => {
    proxy = mesh.join("proxy", TAKES);
    proxy.tell(word());
    mesh.passMs(1_000);
    mesh.clock.jumpMs(10_000);
    mesh.passMs(3_500);
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:9090"]);
    mesh.passMs(1_500);
    assert.deepEqual(proxy.hosts("orders"), []);
  });
});

describe("announcements beyond every measure", () => {
  beforeEach(() => {
    mesh = new AnnounceSimulation();
    proxy = mesh.join("proxy", TAKES);
  });

  const flood = (senders: number, endpoints: number): void => {
    for (let i = 0; i < senders; i++) {
      const list = Array.from({ length: endpoints }, (_, at) =>
        announced(at + 1, { host: `10.0.${i >> 8}.${i & 255}` }),
      );
      proxy.tell(word({ node: `n${i}`, instance: i.toString(16).padStart(32, "e"), endpoints: list }));
    }
  };

  it("are refused beyond the number of announcers, and room comes back with leases that end", () => {
    flood(ANNOUNCERS_MAX + 10, 1);
    assert.equal(proxy.held, ANNOUNCERS_MAX);
    assert.equal(proxy.counters()["announcements_refused"], 10);
    mesh.passMs(6_000);
    assert.equal(proxy.held, 0);
    proxy.tell(word());
    assert.deepEqual(proxy.hosts("orders"), ["127.0.0.1:9090"]);
  }).timeout(20_000);

  it("are dropped when they would make a node of another machine dial itself", () => {
    proxy = mesh.join("far", { ...TAKES, takesLoopback: false });
    for (const [at, host] of ["127.0.0.1", "127.8.8.8", "::1"].entries()) {
      proxy.tell(
        word({
          instance: `${at}`.padStart(32, "d"),
          endpoints: [announced(1, { host: "10.0.0.1" }), announced(9901, { host })],
        }),
      );
    }
    assert.deepEqual([proxy.hosts("orders"), proxy.held], [[], 0]);
    assert.equal(proxy.counters()["announcements_loopback"], 3);
    proxy.tell(word({ endpoints: [announced(1, { host: "10.0.0.1" })] }));
    assert.deepEqual(proxy.hosts("orders"), ["10.0.0.1:1"]);
  });

  it("are refused beyond the number of endpoints", () => {
    flood(HELD_MAX / 32 + 1, 32);
    assert.equal(proxy.held, HELD_MAX);
    assert.equal(proxy.counters()["announcements_refused"], 1);
    proxy.tell(word({ node: "n0", instance: "0".padStart(32, "e"), sequence: 2, endpoints: [] }));
    assert.equal(proxy.held, HELD_MAX - 32, "fewer are always taken");
  });

  it("leave every node with the truth once they end, whatever was lost, doubled or swapped before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        const random = new SeededRandom(seed);
        mesh = new AnnounceSimulation();
        const takers = [mesh.join("p0", TAKES), mesh.join("p1", TAKES)];
        const shape = () => ({
          announce: { "shop.orders": [1, 2, 3].filter(() => random.below(2) === 0).map((port) => announced(port)) },
        });
        const apps = [mesh.join("a0", shape()), mesh.join("a1", shape()), mesh.join("a2", shape())];
        mesh.reaches = () => random.below(3) > 0;
        for (let i = 0; i < 20; i++) {
          const app = apps[random.below(3)] as SimulatedNode;
          const fate = app.isAlive ? random.below(12) : -1;
          if (fate === 0) app.leave();
          else if (fate === 1) app.die();
          else if (fate > 1) app.assign(shape());
          const old = app.published[random.below(app.published.length)];
          if (old !== undefined) takers[random.below(2)]?.tell({ type: "announcement-heard", announcement: old });
          mesh.passMs(50 * random.below(30));
        }
        mesh.reaches = () => true;
        mesh.passMs(8_000);
        const living = apps
          .filter(({ isAlive }) => isAlive)
          .flatMap(({ published }) => published.at(-1)?.endpoints ?? []);
        const truth = [...new Set(living.map(({ port }) => `127.0.0.1:${port}`))].sort();
        for (const taker of takers) assert.deepEqual(taker.hosts("orders"), truth);
      }),
      { numRuns: 60 },
    );
  }).timeout(30_000);
});
