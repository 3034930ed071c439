import assert from "node:assert/strict";
import { connect as connectSocket, type Socket } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, it } from "mocha";
import { connect, headers, type NatsConnection, StringCodec } from "nats";
import { EmbeddedBroker } from "../../../../support/bus-stage.ts";
import { eventually } from "../../../../support/nodes.ts";

const codec = StringCodec();

describe("the embedded broker and other clients", () => {
  let broker: EmbeddedBroker;
  let clients: NatsConnection[];
  let sockets: Socket[];

  beforeEach(async () => {
    clients = [];
    sockets = [];
    broker = new EmbeddedBroker();
    await broker.start();
  });

  afterEach(async () => {
    for (const client of clients) await client.close();
    for (const socket of sockets) socket.destroy();
    await broker.stop();
    broker.wheel.stop();
  });

  it("serves the official client: wildcards, groups, headers, requests, verbose and pedantic", async () => {
    const [one, two] = [await join({ name: "one", verbose: true, pedantic: true }), await join({ noEcho: true })];
    const heard: string[] = [];
    const subscription = one.subscribe("greet.*.>", {
      callback: (_, message) => heard.push(`${message.subject} ${message.headers?.values("kind")} ${message.string()}`),
    });
    for (let i = 0; i < 3; i++)
      one.subscribe("ask", { queue: "g", callback: (_, message) => message.respond(message.data) });
    await one.flush();
    const kinds = headers();
    kinds.append("kind", "a");
    kinds.append("kind", "b");
    two.publish("greet.x.y.z", codec.encode("hello"), { headers: kinds });
    assert.equal((await two.request("ask", codec.encode("echo"))).string(), "echo");
    await assert.rejects(two.request("nobody", codec.encode("")), { code: "503" });
    await two.flush();
    await one.flush();
    assert.deepEqual(heard, ["greet.x.y.z a,b hello"]);
    subscription.unsubscribe();
    two.subscribe("own", { callback: () => heard.push("own") });
    two.publish("own");
    await two.flush();
    assert.deepEqual(heard.length, 1);
    assert.ok((await two.rtt()) < 1_000);
  });

  it("serves the official client a hundred thousand messages, in order, at its pace", async () => {
    const [one, two] = [await join({}), await join({})];
    let next = 0;
    one.subscribe("flood", {
      callback: (_, message) => {
        assert.equal(message.data.length, 16 + (next % 50));
        next++;
      },
    });
    await one.flush();
    for (let i = 0; i < 100_000; i++) {
      two.publish("flood", new Uint8Array(16 + (i % 50)));
      if (i % 1_000 === 0) await two.flush();
    }
    await two.flush();
    await eventually(() => next === 100_000);
    assert.equal(broker.serving.broker.counters.slowConsumers, 0);
  });

  it("ends a subscription after the messages that a client wanted", async () => {
    const client = await join({});
    const heard: number[] = [];
    client.subscribe("few", { max: 3, callback: (_, message) => heard.push(message.data.length) });
    await client.flush();
    for (let i = 0; i < 10; i++) client.publish("few", new Uint8Array(i));
    await client.flush();
    assert.deepEqual(heard, [0, 1, 2]);
  });

  it("cuts off a client that stops reading, within bounded memory, while others hear everything", async () => {
    const [quick, sender] = [await join({}), await join({})];
    let count = 0;
    quick.subscribe("heavy", { callback: () => count++ });
    await quick.flush();
    const slow = await raw();
    slow.write("SUB heavy 1\r\nPING\r\n");
    await once(slow, "data");
    slow.pause();
    for (let i = 0; i < 600; i++) {
      sender.publish("heavy", new Uint8Array(65_536));
      if (i % 10 === 0) await sender.flush();
    }
    await sender.flush();
    await eventually(() => count === 600);
    assert.deepEqual([broker.serving.broker.counters.slowConsumers, broker.serving.broker.clientCount], [1, 2]);
  });

  it("survives garbled bytes of many clients, and serves one that is well", async () => {
    const well = await join({});
    const heard: string[] = [];
    well.subscribe("well", { callback: (_, message) => heard.push(message.string()) });
    const line = fc.constantFrom(
      "PUB well 3\r\nabc\r\n",
      "SUB > 1\r\n",
      "UNSUB 1 2\r\n",
      "PING\r\n",
      "CONNECT {}\r\n",
      "HPUB a 1 2\r\n",
    );
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      line.map((text) => Buffer.from(text)),
    );
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 20 }), async (chunks) => {
        const socket = await raw();
        for (const bytes of chunks) socket.write(bytes);
        socket.end();
        socket.resume();
        await once(socket, "close");
        const isThere = heard.length;
        well.publish("well", codec.encode(`still ${++runs}`));
        await well.flush();
        assert.ok(heard.slice(isThere).includes(`still ${runs}`));
      }),
      { numRuns: 200 },
    );
    assert.equal(broker.serving.broker.clientCount, 1);
  });

  async function join(options: Parameters<typeof connect>[0]): Promise<NatsConnection> {
    const client = await connect({ ...options, port: broker.port });
    clients.push(client);
    return client;
  }

  async function raw(): Promise<Socket> {
    const socket = connectSocket(broker.port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  }
});

function once(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve) => socket.once(event, () => resolve()));
}
