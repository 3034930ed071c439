import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { LOAD_CONNECTIONS, MergedLoad, until } from "../support/merged-load.ts";
import { waitMs } from "../support/mesh-processes.ts";
import { NatsServer, natsServerInstalled } from "../support/nats-server.ts";

describe("the load of a mesh in one stream, under load", function () {
  this.timeout(600_000);
  const broker = new NatsServer();
  let stage: MergedLoad;

  before(async function () {
    if (!natsServerInstalled()) this.skip();
    await broker.start();
    stage = new MergedLoad(`nats://127.0.0.1:${broker.port}`);
    await stage.start(NAMES);
    await reporter();
  });

  after(async () => {
    await stage?.stop();
    await broker.remove();
  });

  async function reporters(): Promise<Set<string>> {
    return new Set(await Promise.all(Array.from(stage.nodes.values(), (node) => node.reporter())));
  }

  /** Whom all name. */
  async function reporter(): Promise<string> {
    let name = "";
    await until(
      async () => {
        const [first = "", ...others] = await reporters();
        name = others.length === 0 ? first : "";
        return name !== "";
      },
      () => "all name one reporter",
    );
    return name;
  }

  /** Everything of everybody is at the server once. */
  async function isExact(): Promise<void> {
    await stage.settle();
    const names = [...stage.nodes.keys()];
    assert.deepEqual(
      names.map((name) => [name, stage.reported(name)]),
      names.map((name) => [name, stage.answered(name)]),
    );
    assert.ok(names.every((name) => stage.reported(name) > 100));
    for (const node of stage.nodes.values()) node.begin();
  }

  it("has every count once after ten restarts of the server", async () => {
    for (let i = 0; i < 10; i++) {
      await waitMs(1_000);
      await stage.restartServer(i * 150);
    }
    await isExact();
  });

  it("has every count once after ten restarts of nodes, the reporter's among them", async () => {
    for (let i = 0; i < 10; i++) {
      const name = i % 3 === 0 ? await reporter() : (NAMES[i % NAMES.length] as string);
      await waitMs(500);
      await stage.endNode(name);
      await stage.startNode(name);
    }
    await isExact();
  });

  it("has every count once after NATS was gone in the middle of reports, for a moment and for long", async () => {
    for (const awayMs of [200, 1_500, 9_000]) {
      await waitMs(1_100);
      await broker.stop();
      await waitMs(awayMs);
      await broker.start();
    }
    await reporter();
    await isExact();
  });

  it("loses of a killed reporter only what it had counted last, and nothing of the others", async () => {
    for (const isReporter of [true, false, true]) {
      const first = await reporter();
      const name = isReporter ? first : (NAMES.find((one) => one !== first) as string);
      await stage.settle();
      const [there, given, told] = [stage.reported(name), stage.answered(name), await toldBy(name)];
      for (const node of stage.nodes.values()) node.begin();
      await waitMs(4_000);
      const early = (await toldBy(name)) - told;
      await waitMs(HANDED_MS);
      stage.killNode(name);
      const late = stage.answered(name) - given;
      await waitMs(1_000);
      await stage.settle();
      const others = [...stage.nodes.keys()];
      assert.deepEqual(
        others.map((one) => [one, stage.reported(one)]),
        others.map((one) => [one, stage.answered(one)]),
      );
      const reported = stage.reported(name) - there;
      // Each of its connections may have had an answer on its way.
      assert.ok(
        reported >= early && reported <= late + LOAD_CONNECTIONS,
        `${name}: ${early} early, ${late} late, ${reported} reported`,
      );
      stage.writeOff(name);
      for (const node of stage.nodes.values()) node.begin();
      await stage.startNode(name);
    }
    await reporter();
  });

  /** What the counters of its process have told. */
  async function toldBy(name: string): Promise<number> {
    return (await stage.nodes.get(name)?.stat("cluster.echo.upstream_rq_200")) ?? 0;
  }
});

const NAMES = ["n0", "n1", "n2"];
/** A count is with the reporter, or reported, after two intervals, and this machine may be busy. */
const HANDED_MS = 3_000;
