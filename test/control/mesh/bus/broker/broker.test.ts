import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { SeededRandom } from "../../../../../src/base/random.ts";
import { Broker } from "../../../../../src/control/mesh/bus/broker/broker.ts";
import type { BrokerClient, ClientOutput } from "../../../../../src/control/mesh/bus/broker/broker-client.ts";
import { BROKER_LIMITS, type BrokerLimits } from "../../../../../src/control/mesh/bus/broker/broker-limits.ts";
import { VirtualClock } from "../../../../support/virtual-clock.ts";

describe("the broker without sockets", () => {
  let clock: VirtualClock;
  let broker: Broker;

  beforeEach(() => {
    clock = new VirtualClock();
    broker = brokerWith({});
  });

  it("greets with what it can", () => {
    const client = new Wire(broker);
    const [greeting = ""] = client.all();
    const info = JSON.parse(greeting.slice("INFO ".length)) as Record<string, unknown>;
    assert.deepEqual([info["headers"], info["proto"], info["max_payload"], info["port"]], [true, 1, 1_048_576, 4_222]);
  });

  it("answers pings, and confirms when asked to", () => {
    const client = new Wire(broker);
    assert.deepEqual(client.says("PING"), ["PONG"]);
    const lines = ['CONNECT {"verbose":true}', "SUB a 1", "SUB a 1", "PUB b 0\r\n", "UNSUB 1", "UNSUB 9", "PING"];
    assert.deepEqual(client.says(...lines), ["+OK", "+OK", "+OK", "+OK", "+OK", "+OK", "PONG"]);
  });

  it("confirms to a client that has not said what it wants, and is strict with it", () => {
    const client = new Wire(broker);
    client.says('CONNECT {"verbose":true,"pedantic":true}');
    assert.deepEqual(client.says("CONNECT {}", "PUB a.* 0\r\n"), ["+OK", "-ERR 'Invalid Publish Subject'", "+OK"]);
  });

  it("delivers with the subscriber's own number, and the reply", () => {
    const [one, two] = [new Wire(broker), new Wire(broker)];
    one.says("SUB a.* x1", "SUB > y");
    assert.deepEqual(two.says("PUB a.b in.box 3\r\nabc"), []);
    assert.deepEqual(one.all().slice(-4), ["MSG a.b y in.box 3", "abc", "MSG a.b x1 in.box 3", "abc"]);
  });

  it("gives headers to those who know them, and the bare message to others", () => {
    const [one, two] = [new Wire(broker), new Wire(broker)];
    one.says('CONNECT {"headers":true}', "SUB a 1");
    two.says("SUB a 1");
    one.says("HPUB a 12 15\r\nNATS/1.0\r\n\r\nabc");
    assert.deepEqual(one.all().slice(-4), ["HMSG a 1 12 15", "NATS/1.0", "", "abc"]);
    assert.deepEqual(two.all().slice(-2), ["MSG a 1 3", "abc"]);
  });

  it("ends a subscription after so many messages, counted from its beginning", () => {
    const client = new Wire(broker);
    client.says("SUB a 1", "UNSUB 1 2");
    assert.deepEqual(client.says("PUB a 0\r\n", "PUB a 0\r\n", "PUB a 0\r\n", "PING").at(-1), "PONG");
    assert.equal(client.all().filter((line) => line.startsWith("MSG")).length, 2);
    client.says("SUB a 2", "PUB a 0\r\n", "UNSUB 2 1");
    assert.deepEqual(client.says("PUB a 0\r\n"), []);
  });

  it("sends no echo to who wants none, and tells who asks that nobody else is there", () => {
    const client = new Wire(broker);
    client.says('CONNECT {"echo":false,"headers":true,"no_responders":true}', "SUB a 1", "SUB in.* 2");
    const expected = ["HMSG in.box 2 33 33", "NATS/1.0 503", "Nats-Subject: a", "", ""];
    assert.deepEqual(client.says("PUB a in.box 0\r\n"), expected);
    assert.deepEqual(client.says("PUB a 0\r\n", "PUB a elsewhere 0\r\n"), []);
  });

  it("gives a group's message to another member when the chosen one wants no echo", () => {
    const [one, two] = [new Wire(broker), new Wire(broker)];
    one.says('CONNECT {"echo":false}', "SUB a g 1");
    two.says("SUB a g 1");
    for (let i = 0; i < 20; i++) one.says("PUB a 0\r\n");
    assert.equal(two.all().filter((line) => line === "MSG a 1 0").length, 20);
  });

  const faults: readonly (readonly [line: string, answer: string])[] = [
    ["HELLO", "Unknown Protocol Operation"],
    ["PUB a 1048577", "Maximum Payload Violation"],
    [`SUB ${"a".repeat(4_200)} 1`, "maximum control line exceeded"],
    ["CONNECT {", "Parser Error"],
    ["CONNECT []", "Parser Error"],
    ['CONNECT {"protocol":2}', "invalid client protocol"],
    ['CONNECT {"no_responders":true}', "no responders requires headers support"],
    ["HPUB a 2 2\r\n\r\n", "message headers not supported"],
  ];
  for (const [line, answer] of faults) {
    it(`ends a connection that sends ${line.slice(0, 30)} with '${answer}'`, () => {
      const client = new Wire(broker);
      assert.deepEqual(client.says(line), [`-ERR '${answer}'`]);
      assert.deepEqual([client.state, broker.clientCount, broker.counters.faults], ["ending", 0, 1]);
    });
  }

  it("refuses a subject that is none, and goes on", () => {
    const client = new Wire(broker);
    const subjects = ["a..b", ".", "a.>.b", Array.from({ length: 33 }, () => "a").join(".")];
    for (const subject of subjects) assert.deepEqual(client.says(`SUB ${subject} 1`), ["-ERR 'Invalid Subject'"]);
    assert.deepEqual(client.says('CONNECT {"pedantic":true}', "PUB a.* 0\r\n", "PING"), [
      "-ERR 'Invalid Publish Subject'",
      "PONG",
    ]);
  });

  it("limits the subscriptions of a client, and the clients", () => {
    broker = brokerWith({ subscriptionsMax: 2, connectionsMax: 1 });
    const client = new Wire(broker);
    assert.deepEqual(client.says("SUB a 1", "SUB a 2", "SUB a 3", "PING"), [
      "-ERR 'maximum subscriptions exceeded'",
      "PONG",
    ]);
    const second = new Wire(broker);
    assert.deepEqual([second.all().at(-1), second.state], ["-ERR 'maximum connections exceeded'", "ending"]);
    assert.equal(broker.clientCount, 1);
  });

  it("cuts off who does not read, and serves the others", () => {
    broker = brokerWith({ pendingBytesMax: 10_000 });
    const [slow, quick, sender] = [new Wire(broker), new Wire(broker), new Wire(broker)];
    slow.says("SUB a 1");
    quick.says("SUB a 1");
    slow.reads = false;
    for (let i = 0; i < 100; i++) sender.says(`PUB a 1000\r\n${"x".repeat(1_000)}`);
    assert.deepEqual([slow.state, broker.counters.slowConsumers, broker.clientCount], ["destroyed", 1, 2]);
    assert.equal(quick.all().filter((line) => line.startsWith("MSG")).length, 100);
  });

  it("cuts off who floods it with pings and does not read", () => {
    broker = brokerWith({ pendingBytesMax: 10_000 });
    const client = new Wire(broker);
    client.reads = false;
    client.receive("PING\r\n".repeat(5_000));
    assert.equal(client.state, "destroyed");
  });

  it("asks a silent client twice and then ends it, but none that sends", () => {
    const [silent, busy] = [new Wire(broker), new Wire(broker)];
    for (let second = 0; second < 41; second++) {
      busy.says("PUB nowhere 0\r\n");
      clock.advanceMs(1_000);
    }
    assert.deepEqual(silent.all().slice(1), ["PING", "PING", "-ERR 'Stale Connection'"]);
    assert.deepEqual([busy.all().slice(1), broker.counters.staleConnections], [[], 1]);
  });

  it("forgets all of a client that has gone", () => {
    const [one, two] = [new Wire(broker), new Wire(broker)];
    one.says("SUB a 1", "SUB b.* g 2");
    one.client.closed();
    two.says('CONNECT {"headers":true,"no_responders":true}', "SUB in 1");
    assert.match(two.says("PUB a in 0\r\n")[1] ?? "", /503/);
    assert.match(two.says("PUB b.c in 0\r\n")[1] ?? "", /503/);
    clock.advanceMs(100_000);
    assert.deepEqual([one.all().length, broker.clientCount], [1, 0]);
  });

  function brokerWith(limits: Partial<BrokerLimits>): Broker {
    return new Broker({
      wheel: clock.wheel,
      random: new SeededRandom(5),
      limits: { ...BROKER_LIMITS, ...limits },
    });
  }
});

/** A client as seen from its end of the wire. */
class Wire implements ClientOutput {
  readonly client: BrokerClient;
  state: "open" | "ending" | "destroyed" = "open";
  reads = true;
  pendingBytes = 0;
  private text = "";

  constructor(broker: Broker) {
    this.client = broker.open(this, 4_222);
    this.receive('CONNECT {"verbose":false,"pedantic":false}\r\n');
  }

  write(bytes: Buffer): void {
    if (this.reads) this.text += bytes.toString("latin1");
    else this.pendingBytes += bytes.length;
  }

  end(): void {
    this.state = "ending";
  }

  destroy(): void {
    this.state = "destroyed";
  }

  receive(text: string): void {
    this.client.receive(Buffer.from(text, "latin1"));
  }

  /** Every line that came. */
  all(): string[] {
    return this.text.split("\r\n").slice(0, -1);
  }

  /** Sends lines; the lines that came of them. */
  says(...lines: string[]): string[] {
    const before = this.all().length;
    this.receive(lines.map((line) => `${line}\r\n`).join(""));
    return this.all().slice(before);
  }
}
