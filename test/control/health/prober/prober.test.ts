import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { grpcCheck, httpCheck, tcpCheck } from "../../../support/check-plans.ts";
import { type Door, ProbeBench } from "../../../support/probe-bench.ts";
import { clientTls } from "../../../support/tls-plans.ts";

describe("a prober", () => {
  let bench: ProbeBench;

  afterEach(() => bench.end());

  const answering = (): Promise<Door> => bench.answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");

  it("keeps no connection while there are more probes than it may keep, and says so once", async () => {
    const said: number[] = [];
    bench = new ProbeBench({ connectionsKeptMax: 2, onConnectionsNotKept: (probes) => said.push(probes) });
    const door = await answering();
    const probes = [bench.create(door, httpCheck()), bench.create(door, httpCheck())];
    for (const probe of probes) await probe.ask();
    for (const probe of probes) await probe.ask();
    assert.deepEqual([door.connections, said], [2, []]);
    const third = bench.create(door, httpCheck());
    for (const probe of [...probes, third]) assert.equal((await probe.ask()).kind, "success");
    await door.empty();
    assert.deepEqual(said, [3]);
    third.close();
    await probes[0]?.ask();
    await probes[0]?.ask();
    assert.equal(door.connections, 4);
    bench.create(door, httpCheck());
    assert.deepEqual(said, [3]);
  });

  it("leaves neither socket nor timer behind", async () => {
    bench = new ProbeBench({ handshakesPerSecond: 1 });
    const { wheel } = bench.net;
    const door = await answering();
    const silent = await bench.behaving(() => {});
    const idle = bench.create(door, httpCheck());
    await idle.ask();
    const running = [
      bench.create(silent, httpCheck()),
      bench.create(silent, grpcCheck()),
      bench.create(silent, tcpCheck("PING", ["PONG"])),
      bench.create(silent, httpCheck(), { cluster: { tls: clientTls() } }),
      bench.create(silent, httpCheck(), { cluster: { tls: clientTls() } }),
    ];
    for (const probe of running) probe.start();
    assert.ok(wheel.size > 0);
    bench.prober.close();
    assert.equal(wheel.size, 0);
    await Promise.all([door.empty(), silent.empty()]);
    assert.deepEqual(
      running.map(({ outcomes }) => outcomes),
      [0, 0, 0, 0, 0],
    );
  });

  it("runs thousands of probes at once over a few turns", async () => {
    bench = new ProbeBench();
    const door = await answering();
    const probes = Array.from({ length: 1_000 }, () => bench.create(door, httpCheck()));
    const first = await Promise.all(probes.map((probe) => probe.ask()));
    const second = await Promise.all(probes.map((probe) => probe.ask()));
    assert.deepEqual(new Set([...first, ...second].map(({ kind }) => kind)), new Set(["success"]));
    assert.equal(door.connections, 1_000);
  });
});
