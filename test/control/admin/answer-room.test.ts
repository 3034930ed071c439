import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { AnswerRoom } from "../../../src/control/admin/answer-room.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { eventually } from "../../support/nodes.ts";

/** More than sockets hold for a client that does not read. */
const LARGE = Buffer.alloc(16_000_000, "x");
const SMALL = Buffer.alloc(1_000, "x");

describe("room for large answers", () => {
  let room: AnswerRoom;
  let stats: StatsWriter;
  let server: Server;
  let nowMs: number;
  let statuses: number[];
  const clients: Socket[] = [];
  let accepted: Socket[];
  let asked: number;
  const counted = (name: string): number => {
    const { values, at } = stats.counter(`starling.admin_answers_${name}`);
    return values[at] as number;
  };
  const port = (): number => (server.address() as AddressInfo).port;

  beforeEach(async () => {
    nowMs = 0;
    statuses = [];
    accepted = [];
    asked = 0;
    stats = new StatsWriter(() => {});
    room = new AnswerRoom({ stats, nowMs: () => nowMs });
    server = createServer((request, response) => {
      asked++;
      const answer = (): void => {
        const body = request.url === "/small" ? SMALL : request.url === "/own" ? Buffer.from(LARGE) : LARGE;
        const isAdmitted = room.admits(response, body);
        statuses.push(isAdmitted ? 200 : 503);
        response.writeHead(isAdmitted ? 200 : 503);
        room.send(response, isAdmitted ? body : Buffer.from("no"));
      };
      if (request.url === "/late") response.once("close", answer);
      else answer();
    });
    server.on("connection", (socket) => accepted.push(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    server.closeAllConnections();
    server.close();
  });

  /** Clients that ask and never read. */
  const neverReading = async (count: number, path: string, times: number = 1): Promise<void> => {
    const before = statuses.length;
    for (let i = 0; i < count; i++) {
      const client = connect(port(), "127.0.0.1");
      client.on("error", () => {});
      client.pause();
      client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(times));
      clients.push(client);
    }
    await eventually(() => statuses.length === before + count * times);
  };
  const refused = (): number => statuses.filter((status) => status === 503).length;

  it("sends a large answer whole", async () => {
    const answer = await fetch(`http://127.0.0.1:${port()}/`);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(LARGE));
  });

  it("holds the same bytes for 64 readers, and refuses one more as long as they are new", async () => {
    await neverReading(64, "/");
    assert.equal(refused(), 0);
    await neverReading(1, "/");
    assert.deepEqual([refused(), counted("refused"), counted("cut")], [1, 1, 0]);
  });

  it("holds 64 MiB of different answers", async () => {
    await neverReading(5, "/own");
    assert.deepEqual([refused(), counted("refused")], [1, 1]);
  });

  it("cuts who has not read for three seconds in favour of somebody new", async () => {
    await neverReading(64, "/");
    nowMs = 3_000;
    const answer = await fetch(`http://127.0.0.1:${port()}/`);
    assert.equal((await answer.arrayBuffer()).byteLength, LARGE.length);
    assert.deepEqual([refused(), counted("cut")], [0, 1]);
  });

  it("counts bytes that another one still reads after one of their readers was cut", async () => {
    await neverReading(2, "/");
    const [first] = accepted as [Socket, ...Socket[]];
    assert.ok(room.hasStalled(first));
    await eventually(() => first.closed);
    await neverReading(4, "/own");
    assert.equal(refused(), 1);
  });

  it("has room again when clients have gone", async () => {
    await neverReading(4, "/own");
    for (const client of clients.splice(0)) client.destroy();
    await eventually(() => room.isEmpty);
    await neverReading(4, "/own");
    assert.equal(refused(), 0);
  });

  it("cuts a client that reads, but for more than a minute", async () => {
    await neverReading(1, "/");
    nowMs = 60_001;
    clients[0]?.resume();
    await eventually(() => counted("cut") === 1);
  });

  it("admits small answers whatever is under way", async () => {
    await neverReading(64, "/");
    await neverReading(1, "/small");
    assert.equal(refused(), 0);
  });

  it("holds one answer of a client that asks for more before it has read", async () => {
    await neverReading(1, "/own", 5);
    assert.deepEqual(statuses, [200, 503, 503, 503, 503]);
  });

  it("holds nothing for a client that has gone before its answer was there", async () => {
    const client = connect(port(), "127.0.0.1");
    client.write("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    await eventually(() => asked === 1);
    client.destroy();
    await eventually(() => statuses.length === 1);
    assert.deepEqual([room.isEmpty, counted("refused")], [true, 0]);
  });
});
