// Clients that mean ill, or are broken: none of them keeps the admin address from others, nor makes it hold more than its limits.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, afterEach, before, describe, it } from "mocha";
import { systemClock } from "../../../src/base/clock.ts";
import { type AdminServer, startAdminServer } from "../../../src/control/admin/admin-server.ts";
import { READERS_MAX } from "../../../src/control/admin/dashboard/event-stream.ts";
import { TAPS_MAX } from "../../../src/control/admin/tap/watch-desk.ts";
import type { RunningNode } from "../../../src/supervisor/node.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { askAdmin, exchange } from "../../support/admin-client.ts";
import { eventually, startTestNode } from "../../support/nodes.ts";
import { bareListener, barePlan } from "../../support/plans.ts";
import { RawClient } from "../../support/raw-client.ts";

const ANY_PORT = { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false } as const;
// Long enough for a machine that is busy with other tests.
const LIMITS = { headMs: 1_000, requestMs: 1_500, stallMs: 2_000, connectionsMax: 300 };

let node: RunningNode;
let server: AdminServer;
let port = 0;
const clients: RawClient[] = [];
const stats = new StatsWriter(() => {});

/** Connections that the admin server holds. */
function active(): number {
  const { values, at } = stats.gauge("http.admin.downstream_cx_active");
  return values[at] as number;
}

async function open(text: string, at: number = port): Promise<RawClient> {
  const client = await RawClient.open(at);
  clients.push(client);
  client.socket.write(text);
  return client;
}

const isReady = async (at: number = port): Promise<boolean> => (await askAdmin(at, "GET /ready")).body === "LIVE\n";

describe("clients that mean ill to the admin address", () => {
  before(async () => {
    node = await startTestNode(barePlan([bareListener("a")]));
    server = await startAdminServer(node.view, ANY_PORT, stats, LIMITS);
    port = server.address.kind === "socket" ? server.address.port : 0;
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.socket.destroy();
  });

  after(async () => {
    await server.close();
    await node.stop();
  });

  it("a form from another site changes nothing, whatever its encoding", async () => {
    const types = ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"];
    for (const type of types) {
      for (const origin of ["https://evil.example", "null"]) {
        const fields = { "content-type": type, origin, "sec-fetch-site": "cross-site" };
        const { status } = await askAdmin(port, "POST /healthcheck/fail", { fields, body: "a=b" });
        assert.equal(status, 403, `${type} ${origin}`);
      }
    }
    const preflight = await askAdmin(port, "OPTIONS /healthcheck/fail", { fields: { origin: "https://evil.example" } });
    assert.equal(preflight.head.join().includes("access-control"), false);
    assert.equal(node.view.readiness().state, "LIVE");
    // Nor is a picture put into another site's page, or a page into its frame.
    for (const path of ["/dashboard", "/?commands"]) {
      const { head } = await askAdmin(port, `GET ${path}`);
      assert.ok(
        head.some((line) => line.toLowerCase() === "x-frame-options: deny"),
        path,
      );
    }
  });

  it("a form without an end is refused as soon as it is too large, and is not read on", async () => {
    const client = await open("POST /runtime_modify HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    const chunk = `4000\r\n${"a".repeat(0x4000)}\r\n`;
    for (let i = 0; i < 5; i++) client.socket.write(chunk);
    await client.closed();
    assert.ok(client.socket.bytesRead > 0);
    assert.ok(await isReady());
  });

  it("heads that come byte by byte, bodies that never come, and connections without a word are ended, hundreds of them too", async () => {
    const startMs = systemClock.nowMs();
    const slow = await Promise.all(
      Array.from({ length: 200 }, (_, at) =>
        open(
          ["GET /stats HTTP/1.1\r\nhost", "", "POST /logging HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nl"][
            at % 3
          ] ?? "",
        ),
      ),
    );
    const drip = setInterval(() => slow[0]?.socket.write("x"), 50);
    assert.ok(await isReady());
    await Promise.all(slow.map((client) => client.closed()));
    clearInterval(drip);
    assert.ok(systemClock.nowMs() - startMs < 10_000);
  });

  it("of hundreds of readers of events so many are served, the newest refused with 503, and pages are served all the while", async () => {
    const head = "GET /dashboard/events HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    const answers = await Promise.all(Array.from({ length: 200 }, () => statusOf(head)));
    assert.equal(answers.filter(({ status }) => status === 200).length, READERS_MAX);
    assert.equal(answers.filter(({ status }) => status === 503).length, 200 - READERS_MAX);
    assert.ok(await isReady());
    for (const { socket } of answers) socket.destroy();
    await eventually(() => active() === 0); // else both together are more than connectionsMax
    const taps = await Promise.all(
      Array.from({ length: 100 }, () => statusOf("GET /tap HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")),
    );
    assert.equal(taps.filter(({ status }) => status === 200).length, TAPS_MAX);
    assert.equal(taps.filter(({ status }) => status === 503).length, 100 - TAPS_MAX);
    for (const { socket } of taps) socket.destroy();
    // Places are free again when readers have gone.
    await eventually(async () => {
      const { status, socket } = await statusOf(head);
      socket.destroy();
      return status === 200;
    });
  });

  it("whoever asks for page after page and reads none is ended, and makes nobody wait meanwhile", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.pause();
    socket.on("error", () => {});
    // So many that their answers are more than sockets hold, in parts that the server, which has this thread, makes in a moment: else others
    // are over their limits before they are read, however short the wait is on a machine that is not busy.
    const pages = "GET /stats HTTP/1.1\r\nhost: a\r\n\r\n".repeat(30);
    for (let i = 0; i < 100 && socket.write(pages); i++) assert.ok(await isReady());
    await eventually(() => active() >= 1);
    assert.ok(await isReady());
    await eventually(() => active() === 0);
    socket.destroy();
  });

  it("connections have an end, and those that are there go on", async () => {
    // Those that are held say nothing, and must not be ended for it before all of them are there.
    const patient = { connectionsMax: LIMITS.connectionsMax };
    const other = await startAdminServer(node.view, ANY_PORT, new StatsWriter(() => {}), patient);
    const own = other.address.kind === "socket" ? other.address.port : 0;
    const held = await Promise.all(Array.from({ length: LIMITS.connectionsMax }, () => open("", own)));
    const more = await exchange(own, "GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").catch(() => "");
    assert.equal(more, "");
    assert.ok(held.every((client) => !client.isClosed));
    for (const one of held.slice(0, 5)) one.socket.destroy();
    await eventually(() => isReady(own).catch(() => false));
    await other.close();
  });
});

/** The status of an answer whose body is not waited for. */
function statusOf(text: string): Promise<{ readonly status: number; readonly socket: Socket }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", reject);
    socket.once("data", (bytes) => resolve({ status: Number(bytes.toString().split(" ")[1]), socket }));
    socket.write(text);
  });
}
