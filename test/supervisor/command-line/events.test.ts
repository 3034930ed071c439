import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { MeshEvent } from "../../../src/control/mesh/events/mesh-event.ts";
import { writeEvent } from "../../../src/control/mesh/events/write-event.ts";
import { meshSubjects } from "../../../src/control/mesh/subjects.ts";
import { EmbeddedBroker, NatsStage, TEST_PACE } from "../../support/bus-stage.ts";
import { healthDown } from "../../support/mesh-events.ts";
import { Program, runProgram } from "../../support/program.ts";

const DOWN: MeshEvent = healthDown();

const LINE =
  "2026-11-21T07:14:00.123Z  health   shop 192.0.2.1:8080: healthy -> unhealthy: timeout, seen by front, back\n";

const broker = new EmbeddedBroker();
let stage: NatsStage;
let mesh = "";

/** Publishes as a node does, and as its other owner does once more. */
async function tell(event: MeshEvent, name: string = "default"): Promise<void> {
  const { bus } = await stage.join();
  for (const node of ["front", "back"]) {
    const { subject, payload, headers } = writeEvent(
      event,
      { mesh: name, node },
      Date.UTC(2026, 10, 21, 7, 14, 0, 123),
    );
    assert.equal(bus.publish(subject, payload, headers), "sent");
  }
  await bus.flush();
}

describe("starling events", () => {
  before(async () => {
    stage = await NatsStage.open(broker, TEST_PACE);
    mesh = `nats://127.0.0.1:${broker.port}`;
  });

  after(() => stage.close());

  it("prints each event once, and ends with 0 at Ctrl-C", async () => {
    const program = new Program("events", "--mesh", mesh);
    await program.says(/^starling: connected at .*: events of the mesh 'default'$/m);
    await tell(DOWN);
    await tell({ ...DOWN, id: "of another mesh" }, "other");
    await program.says(/^2026-.*\n/);
    const { code, out } = await program.end("SIGINT");
    assert.deepEqual([code, out], [0, LINE]);
  });

  it("prints JSON of one cluster's events of a mesh with a name", async () => {
    const program = new Program("events", "--mesh", mesh, "--mesh-name", "blue", "--cluster", "shop", "--json");
    await program.says(/connected/);
    await tell({ ...DOWN, cluster: "other" }, "blue");
    await tell(DOWN, "blue");
    await program.says(/^\{.*\}\n/);
    const { code, out } = await program.end("SIGTERM");
    const event = JSON.parse(out);
    assert.deepEqual([code, event.type, event.data.cluster], [0, "dev.starling.endpoint.health.changed.v1", "shop"]);
  });

  it("says that no node of the mesh is there, and which mesh is", async () => {
    const program = new Program("events", "--mesh", mesh, "--mesh-name", "defalt");
    const { bus } = await stage.join();
    await program.says(/connected/);
    const beats = setInterval(() => bus.publish(meshSubjects("default").beat("a"), Buffer.alloc(1)), 100);
    await program.says(/^starling: no node of the mesh 'defalt' is heard; there is default$/m);
    clearInterval(beats);
    assert.equal((await program.end("SIGINT")).code, 0);
  });

  it("ends with 1 when the broker goes, but waits for it when it follows", async () => {
    const program = new Program("events", "--mesh", mesh);
    const following = new Program("events", "--mesh", mesh, "--follow");
    for (const one of [program, following]) await one.says(/connected/);
    await stage.stopBroker();
    const { code, err } = await program.outcome;
    assert.equal(code, 1);
    assert.match(err, /^starling: lost the broker at nats:\/\/127\.0\.0\.1:\d+: /m);
    await following.says(/lost the broker/);
    await stage.startBroker();
    await following.says(/^starling: back at /m);
    await tell(DOWN);
    await following.says(/^2026-.*\n/);
    const ended = await following.end("SIGINT");
    assert.deepEqual([ended.code, ended.out], [0, LINE]);
  });

  it("says what is wrong: no broker, an address that is open to all, a word too many", async () => {
    const rows: readonly (readonly [args: readonly string[], says: RegExp])[] = [
      [
        ["--mesh", "nats://127.0.0.1:1"],
        /^starling: no broker answers at nats:\/\/127\.0\.0\.1:1: connection refused$/,
      ],
      [["--mesh", "nats://192.0.2.1"], /^starling: --mesh: nats:\/\/192\.0\.2\.1 is not on this machine .*--mesh-nkey/],
      [["--mesh", mesh, "now"], /^starling: unexpected argument 'now'$/],
    ];
    for (const [args, says] of rows) {
      const { code, err } = await runProgram("events", ...args);
      assert.equal(code, 1);
      assert.match(err.trimEnd(), says);
    }
  });
});
