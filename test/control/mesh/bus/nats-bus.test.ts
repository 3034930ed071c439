import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../../../src/base/clock.ts";
import { DrivenWheel } from "../../../../src/base/driven-wheel.ts";
import { SeededRandom } from "../../../../src/base/random.ts";
import type { Bus, BusEvent, PublishOutcome } from "../../../../src/control/mesh/bus/bus.ts";
import type { BusConnection } from "../../../../src/control/mesh/bus/connection.ts";
import { NatsBus } from "../../../../src/control/mesh/bus/nats-bus.ts";
import { NATS_PACE, type NatsPace } from "../../../../src/control/mesh/bus/nats-pace.ts";
import { EmbeddedBroker, NatsStage, plainConnection, TEST_PACE } from "../../../support/bus-stage.ts";
import { eventually } from "../../../support/nodes.ts";

describe("a bus over NATS on a server that misbehaves", () => {
  let wheel: DrivenWheel;
  let server: ScriptedServer;
  let buses: NatsBus[];

  beforeEach(async () => {
    wheel = new DrivenWheel(systemClock);
    buses = [];
    server = await ScriptedServer.open();
  });

  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    server.resume();
    await eventually(() => server.openSockets === 0);
    await server.close();
    wheel.stop();
  });

  it("gives up one that accepts and says nothing, keeps no socket of it, and says why", async () => {
    server.onLine = () => {};
    server.greeting = "";
    const { events } = start({}, { dialTimeoutMs: 500 });
    await eventually(() => events.length > 0);
    assert.deepEqual(events, [{ type: "disconnected", reason: "no answer in time" }]);
    // The server may hear of the next connection before it has noticed the end of the first.
    await eventually(() => server.accepted === 2 && server.openSockets === 1);
  });

  it("notices after two unanswered pings that one says nothing any more", async () => {
    const { bus, events } = start({}, { pingIntervalMs: 100 });
    await eventually(() => bus.isConnected);
    const since = systemClock.nowMs();
    server.onLine = () => {};
    await eventually(() => events.length === 2);
    assert.deepEqual(events[1], { type: "disconnected", reason: "no answer to two pings" });
    assert.ok(systemClock.nowMs() - since > 200);
  });

  it("gives up one that takes no more bytes, says `full` before it does, and tells once", async () => {
    const { bus, events } = start();
    await eventually(() => bus.isConnected);
    server.pause();
    const outcomes = new Set<PublishOutcome>();
    for (let i = 0; i < 4_000 && !outcomes.has("full"); i++) {
      outcomes.add(bus.publish("x", new Uint8Array(65_536)));
      await new Promise(setImmediate);
    }
    assert.deepEqual([...outcomes], ["sent", "full"]);
    assert.equal(bus.publish("x", new Uint8Array(1)), "full");
    assert.deepEqual(events.slice(1), [{ type: "slow-consumer", reason: "the broker does not take what is sent" }]);
    await eventually(() => events.length > 2);
    assert.deepEqual(events[2], { type: "disconnected", reason: "no answer to two pings" });
  });

  it("tells what the server says of it: slow, lame duck, not permitted", async () => {
    const { bus, events } = start();
    bus.subscribe("secret.>", () => {});
    await eventually(() => bus.isConnected);
    server.say("-ERR 'Slow Consumer'", 'INFO {"ldm":true}');
    server.say(`-ERR 'Permissions Violation for Publish to "a.b"'`);
    server.say(`-ERR 'Permissions Violation for Subscription to "secret.>"'`);
    await eventually(() => events.length === 5);
    assert.deepEqual(events.slice(1), [
      { type: "slow-consumer", reason: "Slow Consumer" },
      { type: "lame-duck" },
      { type: "permission-violation", operation: "publish", subject: "a.b" },
      { type: "permission-violation", operation: "subscribe", subject: "secret.>" },
    ]);
    server.drop();
    await eventually(() => server.lines.filter((line) => line.startsWith("SUB secret.>")).length === 2);
  });

  it("says why it is turned away, again when the reason changes, and tries for ever", async () => {
    server.onLine = (socket, line) => {
      if (line.startsWith("CONNECT"))
        socket.end(`-ERR '${server.accepted < 3 ? "Authorization Violation" : "maximum connections exceeded"}'\r\n`);
    };
    const { events } = start();
    await eventually(() => server.accepted >= 6);
    assert.deepEqual(
      events.map((event) => (event.type === "disconnected" ? event.reason : event.type)),
      ["Authorization Violation", "maximum connections exceeded"],
    );
  });

  it("drops and counts what none of ours sends, and hears the rest", async () => {
    const { bus } = start();
    const heard: unknown[] = [];
    bus.subscribe("x", ({ headers, payload }) => heard.push([headers, payload.length]));
    await eventually(() => bus.isConnected);
    server.say(`MSG x ${server.sid} 65537`, "x".repeat(65_537));
    const block = "NATS/1.0\r\nbad name: x\r\n\r\n";
    server.say(`HMSG x ${server.sid} ${block.length} ${block.length}`, block);
    server.say(`MSG x 99 1`, "x", `MSG x ${server.sid} 2`, "ok");
    await eventually(() => heard.length > 0);
    assert.deepEqual([heard, bus.counters.dropped, bus.counters.received], [[[[], 2]], 2, 1]);
  });

  it("leaves a server that talks nonsense, and comes back", async () => {
    const { bus, events } = start();
    await eventually(() => bus.isConnected);
    server.say("GARBAGE");
    await eventually(() => events.length === 3);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["connected", "disconnected", "connected"],
    );
    assert.deepEqual(events[1], { type: "disconnected", reason: "the server sent what is not NATS" });
  });

  it("takes the server's own limit on payloads for ours", async () => {
    server.greeting = 'INFO {"version":"2.9.0","headers":true,"max_payload":100}\r\n';
    const { bus } = start();
    await eventually(() => bus.isConnected);
    assert.deepEqual(
      [bus.publish("x", new Uint8Array(101)), bus.publish("x", new Uint8Array(100))],
      ["too-large", "sent"],
    );
  });

  it("connects to another of its servers when one is away", async () => {
    const { bus, events } = start({ servers: ["nats://127.0.0.1:1", `nats://127.0.0.1:${server.port}`] });
    await eventually(() => bus.isConnected);
    server.refuses = true;
    server.drop();
    await eventually(() =>
      events.some((event) => event.type === "disconnected" && event.reason === "connection refused"),
    );
    server.refuses = false;
    await eventually(() => bus.isConnected);
  });

  it("asks for TLS where the address says so, and needs it said where the server wants it", async () => {
    const { events } = start({ servers: [`tls://127.0.0.1:${server.port}`] });
    await eventually(() => events.length > 0);
    assert.deepEqual(events[0], { type: "disconnected", reason: "server does not support 'tls'" });
    server.greeting = 'INFO {"version":"2.9.0","headers":true,"max_payload":100,"tls_required":true}\r\n';
    const plain = start();
    await eventually(() => plain.events.length > 0);
    const reason = "the server requires TLS: its address must begin with tls://";
    assert.deepEqual(plain.events[0], { type: "disconnected", reason });
  });

  it("says what a server may want that ends TLS without a word", async () => {
    server.greeting = 'INFO {"version":"2.9.0","headers":true,"max_payload":100,"tls_required":true}\r\n';
    server.onBytes = (socket) => socket.resetAndDestroy();
    const { events } = start({ servers: [`tls://127.0.0.1:${server.port}`] });
    await eventually(() => events.length > 0);
    const reason = "the server ended the TLS connection (ECONNRESET): it may want a client certificate (--mesh-cert)";
    assert.deepEqual(events[0], { type: "disconnected", reason });
  });

  it("says which file it cannot read any more, and goes on when it is back", async () => {
    const { events } = start({ caFile: "/nowhere/ca.pem" });
    await eventually(() => events.length > 0);
    assert.deepEqual(events[0], { type: "disconnected", reason: "cannot read the CA file '/nowhere/ca.pem': ENOENT" });
  });

  it("does not answer for a handler's bug: it ends the thread", async () => {
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const thrown = new Promise<Error>((resolve) => process.once("uncaughtException", resolve));
    const { bus } = start();
    bus.subscribe("x", () => {
      throw new Error("a bug");
    });
    await eventually(() => bus.isConnected);
    server.say(`MSG x ${server.sid} 1`, "x");
    assert.equal((await thrown).message, "a bug");
    for (const listener of listeners) process.on("uncaughtException", listener);
    assert.equal(await bus.flush(), true);
  });

  function start(
    change: Partial<BusConnection> = {},
    pace: Partial<NatsPace> = {},
  ): { readonly bus: Bus; readonly events: readonly BusEvent[] } {
    const events: BusEvent[] = [];
    const parts = {
      wheel,
      random: new SeededRandom(2),
      pace: { ...TEST_PACE, ...pace },
      onEvent: (event: BusEvent) => void events.push(event),
    };
    const bus = new NatsBus(parts, { ...plainConnection(`nats://127.0.0.1:${server.port}`), ...change });
    buses.push(bus);
    return { bus, events };
  }
});

describe("fifty buses", () => {
  it("are all back within ten seconds of their broker's restart, spread over time", async () => {
    const broker = new EmbeddedBroker();
    const stage = await NatsStage.open(broker, NATS_PACE);
    const members = await Promise.all(Array.from({ length: 50 }, () => stage.join()));
    await stage.stopBroker();
    await stage.until(() => members.every(({ bus }) => !bus.isConnected));
    const since = systemClock.nowMs();
    await stage.startBroker();
    const halfMs = stage
      .until(() => members.filter(({ bus }) => bus.isConnected).length >= 25)
      .then(() => systemClock.nowMs() - since);
    await stage.until(() => members.every(({ bus }) => bus.isConnected));
    const allMs = systemClock.nowMs() - since;
    assert.ok(allMs < 10_000 && allMs - (await halfMs) > 100, `half after ${await halfMs} ms, all after ${allMs} ms`);
    await stage.close();
  });
});

/** A server that greets, answers pings, and does what the test says. */
class ScriptedServer {
  greeting = 'INFO {"version":"2.9.0","headers":true,"max_payload":1048576}\r\n';
  readonly lines: string[] = [];
  accepted = 0;
  refuses = false;
  onLine: (socket: Socket, line: string) => void = (socket, line) => {
    if (line === "PING") socket.write("PONG\r\n");
  };
  onBytes: (socket: Socket) => void = () => {};
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor() {
    this.server = createServer((socket) => this.accept(socket));
  }

  static async open(): Promise<ScriptedServer> {
    const server = new ScriptedServer();
    await new Promise<void>((resolve) => server.server.listen(0, "127.0.0.1", () => resolve()));
    return server;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get openSockets(): number {
    return this.sockets.size;
  }

  /** What the client calls its subscription to `x`. */
  get sid(): string {
    return this.lines.find((line) => line.startsWith("SUB x "))?.split(" ")[2] ?? "";
  }

  say(...lines: string[]): void {
    for (const socket of this.sockets) socket.write(lines.map((line) => `${line}\r\n`).join(""));
  }

  pause(): void {
    for (const socket of this.sockets) socket.pause();
  }

  resume(): void {
    for (const socket of this.sockets) socket.resume();
  }

  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.drop();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private accept(socket: Socket): void {
    this.accepted++;
    if (this.refuses) return void socket.destroy();
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => {});
    socket.write(this.greeting);
    let text = ""; // a line may come in pieces
    socket.setEncoding("latin1").on("data", (more: string) => {
      this.onBytes(socket);
      const lines = (text + more).split("\r\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        this.lines.push(line);
        this.onLine(socket, line);
      }
    });
  }
}
