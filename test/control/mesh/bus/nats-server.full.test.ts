import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { before, describe, it } from "mocha";
import { systemClock } from "../../../../src/base/clock.ts";
import type { BusEvent, RequestOutcome } from "../../../../src/control/mesh/bus/bus.ts";
import type { BusConnection } from "../../../../src/control/mesh/bus/connection.ts";
import { NATS_PACE } from "../../../../src/control/mesh/bus/nats-pace.ts";
import { EmbeddedBroker, NatsStage } from "../../../support/bus-stage.ts";
import { freePort } from "../../../support/live-proxy.ts";
import { besideSleeper } from "../../../support/machine-late.ts";
import { makeNatsAccount, makeUserKey } from "../../../support/nats-accounts.ts";
import { NatsServer, natsServerInstalled } from "../../../support/nats-server.ts";
import { PROJECT } from "../../../support/source-files.ts";
import { busContract } from "./contract.ts";

const CERTS = join(PROJECT, "test/support/certs");
const CA = join(CERTS, "ca.pem");

describe("on a real nats-server", () => {
  before(function () {
    if (!natsServerInstalled()) this.skip();
  });

  busContract("nats-server", () => NatsStage.open(new NatsServer(), NATS_PACE));

  it("signs in by user and password, by token, by nkey and by credentials, and is told when it may not", async () => {
    const key = makeUserKey();
    const account = makeNatsAccount();
    const seedFile = "user.nk";
    const ways: readonly (readonly [config: string, user: string, files: Partial<BusConnection>])[] = [
      ["authorization: { user: me, password: secret }", "me:secret@", {}],
      ["authorization: { token: s3cret }", "s3cret@", {}],
      [`authorization: { users: [{ nkey: ${key.publicKey} }] }`, "", { nkeySeedFile: seedFile }],
      [account.config, "", { credentialsFile: "user.creds" }],
    ];
    for (const [config, user, files] of ways) {
      const server = new NatsServer(config);
      writeFileSync(join(server.folder, seedFile), key.seed);
      writeFileSync(join(server.folder, "user.creds"), account.credentials);
      const inFolder = Object.fromEntries(
        Object.entries(files).map(([option, name]) => [option, join(server.folder, String(name))]),
      );
      await withStage(server, async (stage) => {
        const servers = [`nats://${user}127.0.0.1:${server.port}`];
        const { bus } = await stage.join({ servers, ...inFolder });
        assert.ok(bus.isConnected);
        const stranger = stage.joinLater({});
        await stage.until(() => stranger.events.length > 0);
        assert.deepEqual(stranger.events, [{ type: "disconnected", reason: "Authorization Violation" }]);
      });
    }
  });

  it("proves both sides by TLS, and says what is wrong with a certificate", async () => {
    const tls = `tls: { cert_file: "${CERTS}/front.pem", key_file: "${CERTS}/front.key.pem", ca_file: "${CA}", verify: true }`;
    await withStage(new NatsServer(tls), async (stage, server) => {
      const servers = [`tls://127.0.0.1:${server.port}`];
      const mine = { caFile: CA, certFile: join(CERTS, "client.pem"), keyFile: join(CERTS, "client.key.pem") };
      const { bus } = await stage.join({ servers, ...mine, serverName: FRONT_NAME });
      const heard: string[] = [];
      bus.subscribe("safe", ({ subject }) => heard.push(subject));
      bus.publish("safe", new Uint8Array(60_000));
      await stage.until(() => heard.length > 0);
      const byAddress = await stage.join({ servers, ...mine });
      assert.ok(byAddress.bus.isConnected);
      const rows: readonly (readonly [Partial<BusConnection>, RegExp])[] = [
        [{ servers: [`tls://localhost:${server.port}`], ...mine }, /localhost/],
        [{ servers, ...mine, serverName: "other.example" }, /other\.example/],
        [{ servers, ...mine, serverName: FRONT_NAME, caFile: join(CERTS, "stranger.pem") }, /certificate/],
        [{ servers, caFile: CA, serverName: FRONT_NAME }, /^the server ended the TLS .+: it may want a client cert/],
        [{}, /^the server requires TLS: its address must begin with tls:/],
      ];
      for (const [connection, reason] of rows) {
        const { events } = stage.joinLater(connection);
        await stage.until(() => events.length > 0);
        assert.match(reasonOf(events[0]), reason);
      }
    });
  });

  it("is told what it may not publish or hear; a subscription is tried again later, a request fails as refused", async () => {
    const permissions = 'permissions: { publish: ["mesh.>"], subscribe: ["mesh.>", "_INBOX.>"] }';
    const server = new NatsServer(`authorization: { users: [{ user: a, password: b, ${permissions} }] }`);
    await withStage(server, async (stage) => {
      const { bus, events } = await stage.join({ servers: [`nats://a:b@127.0.0.1:${server.port}`] });
      bus.subscribe("secret.*", () => {});
      bus.publish("other.x", new Uint8Array());
      const outcomes: RequestOutcome[] = [];
      bus.request("other.ask", new Uint8Array(), 30_000, (outcome) => outcomes.push(outcome));
      await stage.until(() => outcomes.length > 0 && events.length === 4);
      assert.deepEqual(outcomes, [{ kind: "failed", reason: "refused" }]);
      const violation = { type: "permission-violation" } as const;
      assert.deepEqual(events.slice(1), [
        { ...violation, operation: "subscribe", subject: "secret.*" },
        { ...violation, operation: "publish", subject: "other.x" },
        { ...violation, operation: "publish", subject: "other.ask" },
      ]);
      assert.ok(bus.isConnected);
      await stage.stopBroker();
      await stage.until(() => !bus.isConnected);
      await stage.startBroker();
      await stage.until(() => events.filter(({ type }) => type === "permission-violation").length === 4);
    });
  });

  it("is cut off when it does not read, says so, and comes back; the sender goes on", async () => {
    await withStage(new NatsServer("max_pending: 1MB\nwrite_deadline: 500ms"), async (stage) => {
      const [slow, sender] = [await stage.join(), await stage.join()];
      let heard = 0;
      slow.bus.subscribe("heavy", () => heard++);
      await stage.settle();
      // Microtasks only: the sender's bytes leave, and nothing is read.
      const untilMs = systemClock.nowMs() + 2_000;
      while (systemClock.nowMs() < untilMs) {
        sender.bus.publish("heavy", new Uint8Array(65_536));
        await Promise.resolve();
      }
      await stage.until(() => slow.events.length >= 3);
      assert.deepEqual(
        slow.events.map(({ type }) => type),
        ["connected", "disconnected", "connected"],
      );
      await stage.settle();
      const before = heard;
      sender.bus.publish("heavy", new Uint8Array(1));
      await stage.until(() => heard > before);
    });
  });

  it("is told when its server is about to leave", async () => {
    await withStage(new NatsServer("lame_duck_duration: 30s\nlame_duck_grace_period: 1s"), async (stage, server) => {
      const { events } = await stage.join();
      server.signal("SIGUSR2");
      await stage.until(() => events.length > 1);
      assert.deepEqual(events[1], { type: "lame-duck" });
    });
  });

  it("notices a stopped server within three seconds and a bit, and is back when it goes on", async () => {
    await withStage(new NatsServer(), async (stage, server) => {
      const { bus, events } = await stage.join();
      await besideSleeper(async (lateMs) => {
        const since = systemClock.nowMs();
        server.signal("SIGSTOP");
        await stage.until(() => !bus.isConnected);
        assert.ok(systemClock.nowMs() - since < 3_500 + lateMs(), `the machine was late by up to ${lateMs()} ms`);
      });
      await stage.until(() => events.length > 2);
      server.signal("SIGCONT");
      await stage.until(() => bus.isConnected);
      assert.deepEqual(events.slice(1, 3).map(reasonOf), ["no answer to two pings", "no answer in time"]);
    });
  });

  it("goes on with another server of a cluster when its own is killed, and hears those who are on others", async () => {
    const ports = [await freePort()];
    for (let i = 0; i < 2; i++) ports.push(await freePort(ports));
    const routes = ports.map((port) => `nats-route://127.0.0.1:${port}`).join(", ");
    const cluster = (port: number): string => `cluster: { name: c, listen: "127.0.0.1:${port}", routes: [${routes}] }`;
    const [first, ...others] = ports.map((port) => new NatsServer(cluster(port)));
    assert.ok(first !== undefined);
    await Promise.all(others.map((server) => server.start()));
    const run = async (stage: NatsStage): Promise<void> => {
      const servers = [first, ...others].map(({ port }) => `nats://127.0.0.1:${port}`);
      const members = await Promise.all(Array.from({ length: 6 }, () => stage.join({ servers })));
      const heard = members.map(({ bus }) => {
        const subjects = new Set<string>();
        bus.subscribe("from.*", ({ subject }) => subjects.add(subject));
        return subjects;
      });
      const everybodyHears = (round: string): Promise<void> =>
        stage.until(() => {
          for (const [i, { bus }] of members.entries()) bus.publish(`from.${round}-${i}`, new Uint8Array());
          return heard.every((subjects) => members.every((_, i) => subjects.has(`from.${round}-${i}`)));
        });
      await everybodyHears("before");
      const touched = members.filter(({ events }) => serverOf(events[0]) === `127.0.0.1:${first.port}`);
      assert.ok(touched.length > 0 && touched.length < 6, `${touched.length} were on the one that is killed`);
      await first.stop();
      await stage.until(() => touched.every(({ events }) => events.some(({ type }) => type === "disconnected")));
      const since = systemClock.nowMs();
      await stage.until(() => members.every(({ bus }) => bus.isConnected));
      assert.ok(systemClock.nowMs() - since < 5_000);
      await everybodyHears("after");
    };
    try {
      await withStage(first, run);
    } finally {
      for (const server of others) await server.remove();
    }
  });

  it("is back within ten seconds with fifty others after a restart", async () => {
    await withStage(new NatsServer(), async (stage) => {
      const members = await Promise.all(Array.from({ length: 50 }, () => stage.join()));
      await stage.stopBroker();
      await stage.until(() => members.every(({ bus }) => !bus.isConnected));
      const since = systemClock.nowMs();
      await stage.startBroker();
      await stage.until(() => members.every(({ bus }) => bus.isConnected));
      assert.ok(systemClock.nowMs() - since < 10_000);
    });
  });
});

describe("on nats-server 2.9", () => {
  before(function () {
    if (!natsServerInstalled("nats-server-2.9")) this.skip();
  });

  busContract("nats-server 2.9", () => NatsStage.open(new NatsServer("", "nats-server-2.9"), NATS_PACE));
});

describe("the embedded broker beside nats-server", () => {
  before(function () {
    if (!natsServerInstalled()) this.skip();
  });

  const plain = 'CONNECT {"verbose":true}';
  const full = 'CONNECT {"headers":true,"no_responders":true}';
  const rows: Readonly<Record<string, readonly string[]>> = {
    "a subscriber of its own": ["SUB a.* 1", "PUB a.b 3\r\nabc", "PUB a.b in 0\r\n"],
    confirmations: [plain, "SUB a 1", "PUB b 0\r\n", "PUB a 1\r\nx", "UNSUB 1", "UNSUB 7", "PING"],
    headers: [full, "SUB a 1", "HPUB a 12 13\r\nNATS/1.0\r\n\r\nx", "HPUB a re 12 12\r\nNATS/1.0\r\n\r\n"],
    "a message for nobody": [full, "SUB in.* 5", "PUB a in.b 0\r\n"],
    "no echo": ['CONNECT {"echo":false,"headers":true,"no_responders":true}', "SUB a 1", "SUB in 2", "PUB a in 0\r\n"],
    "an end after some messages": ["SUB a 1", "UNSUB 1 2", "PUB a 0\r\n", "PUB a 0\r\n", "PUB a 0\r\n"],
    "an end that is over already": ["SUB a 1", "PUB a 0\r\n", "PUB a 0\r\n", "UNSUB 1 1", "PUB a 0\r\n"],
    "a number used twice": ["SUB a 1", "SUB b 1", "PUB a 0\r\n", "PUB b 0\r\n"],
    "a group of one": ["SUB a g 1", "PUB a 0\r\n"],
    "wildcards in a message's subject": ["SUB a.* 1", "SUB a.b 2", "PUB a.* 0\r\n"],
    "small letters and tabs": ["sub\ta  1", "pub\ta\t 0\r\n", "ping"],
    "subjects that are none": ["SUB a..b 1", "SUB .a 2", "SUB a.>.b 3"],
    "a strict client": ['CONNECT {"pedantic":true}', "SUB > 1", "PUB a.* 0\r\n"],
    "an unknown operation": ["HELLO"],
    "a message that is too large": ["PUB a 2000000"],
    "a line that is too long": [`SUB ${"a".repeat(5_000)} 1`],
    "another protocol": ['CONNECT {"protocol":7}'],
    "answers wanted without headers": ['CONNECT {"no_responders":true}'],
    "a payload without its end": ["PUB a 2\r\nabcd"],
  };
  for (const [title, lines] of Object.entries(rows)) {
    it(`says the same to ${title}`, async () => {
      const [ours, theirs] = [new EmbeddedBroker(), new NatsServer()];
      await Promise.all([ours.start(), theirs.start()]);
      try {
        const [answer, expected] = await Promise.all([say(ours.port, lines), say(theirs.port, lines)]);
        assert.deepEqual(answer, expected);
      } finally {
        await Promise.all([ours.stop(), theirs.remove()]);
      }
    });
  }
});

/** All that a server says to these lines, its greetings and later pings left out, until it has answered a last ping or closed. */
function say(port: number, lines: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    const pings = lines.filter((line) => /^ping$/i.test(line)).length + 1;
    let text = "";
    const done = (end: string): void => {
      socket.destroy();
      resolve([...text.split("\r\n").filter((line) => !/^(INFO|PING)/.test(line)), end]);
    };
    socket.on("error", () => {});
    socket.setEncoding("latin1").on("data", (more: string) => {
      text += more;
      if (text.split("PONG\r\n").length > pings) done("open");
    });
    socket.on("close", () => done("closed"));
    socket.on("connect", () => socket.write([...lines, "PING", ""].join("\r\n")));
  });
}

async function withStage(
  server: NatsServer,
  run: (stage: NatsStage, server: NatsServer) => Promise<void>,
): Promise<void> {
  const stage = await NatsStage.open(server, NATS_PACE);
  try {
    await run(stage, server);
  } finally {
    await stage.close();
    await server.remove();
  }
}

function serverOf(event: BusEvent | undefined): string {
  return event?.type === "connected" ? event.server : "";
}

function reasonOf(event: BusEvent | undefined): string {
  return event?.type === "disconnected" ? event.reason : (event?.type ?? "");
}

/** Of the certificate. */
const FRONT_NAME = "front.example";
