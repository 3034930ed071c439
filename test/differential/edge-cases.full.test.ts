// Requests at the edges of HTTP through the real Envoy and through Starling: the answers and what the upstream saw are compared.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, type Program } from "../support/live-proxy.ts";
import { exchange, masked } from "../support/raw-exchange.ts";
import { RecordingUpstream } from "../support/recording-upstream.ts";
import { Stage } from "../support/stage.ts";
import { LIMIT_CASES } from "./connection-limit-cases.ts";
import { DEVIATIONS } from "./deviations.ts";
import { EDGE_CASES, type EdgeCase, MANAGERS, type ManagerName, STALL_CASE } from "./edge-cases.ts";

const PROGRAMS: readonly Program[] = ["envoy", "starling"];
const deliberate = new Map(DEVIATIONS.map((one) => [one.case, one]));

describe("requests at the edges, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  const rooms = new Map<string, Room>();

  before(async function () {
    if (!envoyInstalled()) this.skip();
    for (const manager of Object.keys(MANAGERS) as ManagerName[]) {
      for (const program of PROGRAMS) rooms.set(`${program} ${manager}`, await Room.start(program, manager));
    }
  });

  after(async () => {
    for (const room of rooms.values()) await room.stop();
  });

  const seenBy = (program: Program, one: EdgeCase): Promise<string> => {
    const room = rooms.get(`${program} ${one.manager}`);
    if (room === undefined) throw new Error("not started");
    return room.ask(one.bytes);
  };

  for (const one of EDGE_CASES) {
    const deviation = deliberate.get(one.name);
    it(deviation === undefined ? one.name : `${one.name}: differs, ${deviation.why}`, async () => {
      const [theirs, ours] = await Promise.all([seenBy("envoy", one), seenBy("starling", one)]);
      if (deviation === undefined) assert.equal(ours, theirs);
      else assert.notEqual(ours, theirs, "it does not differ any more: take it out of the table");
    });
  }

  it("every deliberate difference names a case", () => {
    const names = new Set([STALL_CASE, ...[...EDGE_CASES, ...LIMIT_CASES].map(({ name }) => name)]);
    assert.deepEqual(
      DEVIATIONS.filter((one) => one.shownBy === undefined && !names.has(one.case)),
      [],
    );
  });
});

/** A proxy with an upstream of its own. */
class Room {
  private readonly stage: Stage;
  private readonly upstream: RecordingUpstream;

  private constructor(stage: Stage, upstream: RecordingUpstream) {
    this.stage = stage;
    this.upstream = upstream;
  }

  static async start(program: Program, manager: ManagerName): Promise<Room> {
    const upstream = await RecordingUpstream.start();
    const stage = await Stage.start({ program, upstreamPort: upstream.port, manager: MANAGERS[manager] });
    return new Room(stage, upstream);
  }

  /** The answer, and what the upstream saw, as one text. */
  async ask(bytes: string): Promise<string> {
    const answer = await exchange(this.stage.port, bytes);
    const requests = this.upstream.requests
      .splice(0)
      .map(({ startLine, lines, framing, body }) => [startLine, ...lines, `<${framing}> ${body}`].join("\n"));
    const wrong = this.upstream.violations.splice(0);
    return masked([answer.replaceAll("\r\n", "\n"), "upstream:", ...requests, ...wrong].join("\n"));
  }

  async stop(): Promise<void> {
    await this.stage.stop();
    await this.upstream.stop();
  }
}
