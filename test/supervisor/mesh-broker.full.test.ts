// A real nats-server that asks for TLS and an nkey: processes with the flags for both join its mesh, others stay out and serve on.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { freePort, LiveProxy } from "../support/live-proxy.ts";
import { makeUserKey } from "../support/nats-accounts.ts";
import { NatsServer, natsServerInstalled } from "../support/nats-server.ts";
import { eventually } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { PROJECT } from "../support/source-files.ts";

const CERTS = join(PROJECT, "test/support/certs");
const KEY = makeUserKey();

let monitorPort: number;
let server: NatsServer;
const proxies: LiveProxy[] = [];

/** A file for the test. */
function file(name: string, text: string): string {
  const path = join(server.folder, name);
  writeFileSync(path, text);
  return path;
}

/** Starts a proxy that knows the server; answers with the port of its admin pages. */
async function start(node: string, ...flags: string[]): Promise<number> {
  const adminPort = await freePort();
  const yaml = proxyFile({ port: 0, adminPort, upstreamPort: 1 });
  const mesh = ["--mesh", `tls://127.0.0.1:${server.port}`, "--mesh-node", node];
  proxies.push(await LiveProxy.start("starling", yaml, adminPort, [...mesh, ...flags]));
  return adminPort;
}

async function page(port: number, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

async function stat(adminPort: number, name: string): Promise<number> {
  return Number(new RegExp(`^mesh\\.${name}: (\\d+)$`, "m").exec(await page(adminPort, "/stats?filter=mesh"))?.[1]);
}

/** The nkeys of those whom the server lets in. */
async function keysInside(): Promise<readonly string[]> {
  const { connections } = JSON.parse(await page(monitorPort, "/connz?auth=true")) as {
    readonly connections: readonly { readonly nkey?: string; readonly authorized_user?: string }[];
  };
  return connections.map(({ nkey, authorized_user: user }) => nkey ?? user ?? "");
}

describe("a nats-server with TLS and nkeys", () => {
  before(async function () {
    if (!natsServerInstalled()) this.skip();
    monitorPort = await freePort();
    const tls = `tls { cert_file: "${CERTS}/front.pem", key_file: "${CERTS}/front.key.pem" }`;
    server = new NatsServer(
      `http: 127.0.0.1:${monitorPort}\n${tls}\nauthorization { users: [ { nkey: ${KEY.publicKey} } ] }\n`,
    );
    await server.start();
  });

  afterEach(() => Promise.all(proxies.splice(0).map((proxy) => proxy.stop())));

  after(() => server?.remove());

  it("is joined by nodes that have its authority and a key that it knows", async () => {
    const flags = ["--mesh-ca", `${CERTS}/ca.pem`, "--mesh-nkey", file("user.nk", `${KEY.seed}\n`)];
    const ports = [await start("one", ...flags), await start("two", ...flags)];
    for (const port of ports) await eventually(async () => (await stat(port, "nodes")) === 2);
    assert.deepEqual(await keysInside(), [KEY.publicKey, KEY.publicKey]);
    assert.equal(await page(ports[0] ?? 0, "/ready"), "LIVE\n");
  });

  const outside: readonly (readonly [string, () => readonly string[]])[] = [
    ["without its authority", () => ["--mesh-nkey", file("user.nk", KEY.seed)]],
    ["with a key that it does not know", () => [...CA, "--mesh-nkey", file("other.nk", makeUserKey().seed)]],
    ["with no key", () => CA],
  ];
  for (const [what, flags] of outside) {
    it(`lets nobody in ${what}, who serves on alone and says so`, async () => {
      const port = await start("three", ...flags());
      await eventually(
        async () => (await page(port, "/ready")) === "LIVE\nwithout the mesh's broker: checks for itself\n",
      );
      assert.equal(await stat(port, "connected"), 0);
      // It tries again and again: each time it is among the connections until it is refused.
      await eventually(async () => (await keysInside()).length === 0);
    });
  }
});

const CA = ["--mesh-ca", `${CERTS}/ca.pem`];
