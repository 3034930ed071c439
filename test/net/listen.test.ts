import assert from "node:assert/strict";
import { existsSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { AddressPlan } from "../../src/config/plan/address.ts";
import type { FilterChainPlan } from "../../src/config/plan/listener.ts";
import { type ListenOptions, listen } from "../../src/net/listen.ts";
import { checkAddressFree } from "../../src/net/probe.ts";
import {
  chainPlan,
  connectedPair,
  dialled,
  INSPECTION,
  LOOPBACK,
  listening,
  loopback,
  QUIET,
  Recorder,
  say,
  standingNet,
} from "../support/net-peers.ts";

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

describe("listening", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "listen-"));
  });

  after(() => rmSync(folder, { recursive: true }));

  const pipe = (path: string, mode = 0): AddressPlan => ({ kind: "pipe", path, mode });

  it("answers with the port that the system chose", async () => {
    const { net } = standingNet();
    const door = await listening(net, () => {});
    assert.ok(door.address.kind === "socket" && door.address.port > 0);
    door.close();
  });

  it("says that an address is in use in one line", async () => {
    const { net } = standingNet();
    const door = await listening(net, () => {});
    const outcome = await listen(net, options(door.address), () => {});
    assert.ok(outcome.kind === "fault" && door.address.kind === "socket");
    assert.equal(outcome.fault.text, `cannot bind '127.0.0.1:${door.address.port}': Address already in use`);
    door.close();
  });

  it("says that an address is not of this machine in one line", async () => {
    const { net } = standingNet();
    const outcome = await listen(net, options({ ...LOOPBACK, host: "192.0.2.1" } as AddressPlan), () => {});
    assert.ok(outcome.kind === "fault");
    assert.equal(outcome.fault.text, "cannot bind '192.0.2.1:0': Cannot assign requested address");
  });

  it("shares a port between listeners that ask for it", async () => {
    const { net } = standingNet();
    const first = await listen(net, options(LOOPBACK, "reuse-port"), () => {});
    assert.ok(first.kind === "listening");
    const second = await listen(net, options(first.listening.address, "reuse-port"), () => {});
    assert.ok(second.kind === "listening");
    assert.deepEqual(second.listening.address, first.listening.address);
    first.listening.close();
    second.listening.close();
  });

  it("refuses a connection that its owner does not admit", async () => {
    const { net } = standingNet();
    const events = { ...QUIET, onAccept: () => null };
    const outcome = await listen(net, { ...options(LOOPBACK), events }, () => assert.fail("was admitted"));
    assert.ok(outcome.kind === "listening");
    const client = dialled(net, outcome.listening.address);
    await client.events.until(() => client.events.ends + client.events.closes.length > 0);
    outcome.listening.close();
    client.channel.abort();
    await client.events.until(() => client.events.closes.length > 0);
  });

  it("closes a connection that no chain matches and says so", async () => {
    const { net } = standingNet();
    const events = new Recorder();
    const chains = {
      filterChains: [chainPlan({ match: { ...chainPlan().match, destinationPort: 1 } })],
      defaultFilterChain: null,
      inspection: INSPECTION,
      keepaliveS: 0,
    };
    const strays = { ...QUIET, onNoChain: () => events.onEnd() };
    const outcome = await listen(net, { ...options(LOOPBACK), chains, events: strays }, () => assert.fail("matched"));
    assert.ok(outcome.kind === "listening");
    const client = dialled(net, outcome.listening.address);
    await events.until(() => events.ends === 1);
    await client.events.until(() => client.events.ends + client.events.closes.length > 0);
    outcome.listening.close();
    client.channel.abort();
    await client.events.until(() => client.events.closes.length > 0);
  });

  it("serves new connections by new chains after they were applied, without closing the port", async () => {
    const { net } = standingNet();
    const served: string[] = [];
    const events = new Recorder();
    const outcome = await listen(net, options(LOOPBACK), (channel, chain: FilterChainPlan) => {
      served.push(chain.name);
      channel.abort();
      events.onConnect();
    });
    assert.ok(outcome.kind === "listening");
    const { listening: door } = outcome;
    dialled(net, door.address);
    await events.until(() => served.length === 1);
    door.applyChains({
      filterChains: [chainPlan({ name: "next" })],
      defaultFilterChain: null,
      inspection: INSPECTION,
      keepaliveS: 0,
    });
    dialled(net, door.address);
    await events.until(() => served.length === 2);
    assert.deepEqual(served, ["only", "next"]);
    door.close();
  });

  it("serves IPv6 only unless IPv4 is asked for, and shows IPv4 peers as such", async function () {
    if (!hasIpv6) this.skip();
    const { net } = standingNet();
    const seen: string[] = [];
    const events = new Recorder();
    const accepted = (channel: { readonly remoteAddress: string; abort(): void }): void => {
      seen.push(channel.remoteAddress);
      channel.abort();
      events.onConnect();
    };
    const only = await listening(net, accepted, { kind: "socket", host: "::1", port: 0, ipv4Compat: false });
    dialled(net, only.address);
    await events.until(() => seen.length === 1);
    only.close();
    const both = await listening(net, accepted, { kind: "socket", host: "::", port: 0, ipv4Compat: true });
    assert.ok(both.address.kind === "socket");
    dialled(net, { ...both.address, host: "127.0.0.1" });
    await events.until(() => seen.length === 2);
    both.close();
    assert.deepEqual(seen, ["::1", "127.0.0.1"]);
  });

  for (const [name, path] of [
    ["a file", "file.sock"],
    ["the abstract name space", "@starling-listen-test"],
  ] as const) {
    it(`serves a unix socket in ${name}`, async () => {
      const { net } = standingNet();
      const address = pipe(path.startsWith("@") ? `${path}-${process.pid}` : join(folder, path));
      const pair = await connectedPair(net, address);
      say(pair.client, "over a unix socket");
      await pair.serverEvents.until(() => pair.serverEvents.text === "over a unix socket");
      assert.deepEqual([pair.server.remoteAddress, pair.server.remotePort], ["", 0]);
      await pair.end();
    });
  }

  it("gives a unix socket its mode, takes the place of a dead one but not of a file, and removes it at the end", async () => {
    const { net } = standingNet();
    const path = join(folder, "mode.sock");
    await leaveDeadSocket(path);
    const door = await listening(net, () => {}, pipe(path, 0o640));
    assert.equal(statSync(path).mode & 0o777, 0o640);
    door.close();
    assert.equal(existsSync(path), false);
    writeFileSync(path, "not a socket");
    await assert.rejects(
      listening(net, () => {}, pipe(path)),
      new Error(`cannot bind '${path}': Address already in use`),
    );
  });

  it("says that there is no peer at a unix socket in Envoy's words", async () => {
    const { net } = standingNet();
    const path = join(folder, "nobody.sock");
    const { events } = dialled(net, pipe(path));
    await events.until(() => events.closes.length === 1);
    const text = `immediate_connect_error:_No_such_file_or_directory|remote_address:${path}`;
    assert.deepEqual(events.closes, [{ kind: "connect-failed", text }]);
  });
});

describe("the check that an address is free", () => {
  it("finds nothing wrong with a free port, nor leaves it taken", async () => {
    const { net } = standingNet();
    const door = await listening(net, () => {});
    door.close();
    assert.equal(await checkAddressFree(door.address), null);
    assert.equal(await checkAddressFree(door.address), null);
  });

  it("finds a stranger that shares the port", async () => {
    const stranger = createServer().listen({ host: "127.0.0.1", port: 0, reusePort: true });
    await new Promise((done) => stranger.once("listening", done));
    const address = loopback(stranger.address());
    const fault = await checkAddressFree(address);
    assert.ok(address.kind === "socket");
    assert.equal(fault?.text, `cannot bind '127.0.0.1:${address.port}': Address already in use`);
    stranger.close();
  });

  it("finds a living unix socket and lets a dead one pass", async () => {
    const folder = mkdtempSync(join(tmpdir(), "probe-"));
    const address: AddressPlan = { kind: "pipe", path: join(folder, "a.sock"), mode: 0 };
    assert.equal(await checkAddressFree(address), null);
    const stranger = createServer().listen(address.path);
    await new Promise((done) => stranger.once("listening", done));
    assert.equal((await checkAddressFree(address))?.text, `cannot bind '${address.path}': Address already in use`);
    await new Promise((done) => stranger.close(done));
    await leaveDeadSocket(address.path);
    assert.equal(await checkAddressFree(address), null);
    writeFileSync(join(folder, "a.txt"), "not a socket");
    const file = { ...address, path: join(folder, "a.txt") };
    assert.equal((await checkAddressFree(file))?.text, `cannot bind '${file.path}': Address already in use`);
    rmSync(folder, { recursive: true });
  });

  it("says when a unix socket's folder is missing", async () => {
    const fault = await checkAddressFree({ kind: "pipe", path: "/nowhere/at/all.sock", mode: 0 });
    assert.match(fault?.text ?? "", /^cannot bind '\/nowhere\/at\/all.sock': /);
  });
});

/** A socket file without a process behind it. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.living`);
  await new Promise((done) => server.once("listening", done));
  linkSync(`${path}.living`, path);
  await new Promise((done) => server.close(done));
}

function options(address: AddressPlan, sharing: ListenOptions["sharing"] = "exclusive"): ListenOptions {
  const chains = { filterChains: [chainPlan()], defaultFilterChain: null, inspection: INSPECTION, keepaliveS: 0 };
  return { address, backlog: 128, sharing, chains, ticketKeys: null, events: QUIET };
}
