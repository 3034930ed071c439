// The node's own log of a started proxy: levels changed by the admin server change what is written, and no secret is ever in it.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "mocha";
import { freePort, LiveProxy } from "../support/live-proxy.ts";
import { answering, proxyFile } from "../support/proxy-file.ts";
import { exchange } from "../support/raw-exchange.ts";

const TOKEN = "a-token-that-nobody-may-read";

describe("the log of a started proxy", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "starling-program-log-"));
  after(() => rmSync(folder, { recursive: true }));

  it("has what the levels of the moment let through, component by component, and no secret", async () => {
    const port = await freePort();
    const adminPort = await freePort([port]);
    const manager = { route_config: answering("here") };
    const file = proxyFile({ port, adminPort, upstreamPort: 1, alpn: ["http/1.1"], manager });
    const path = join(folder, "log");
    const proxy = LiveProxy.launch("starling", file, ["--log-path", path], { STARLING_ADMIN_TOKEN: TOKEN });
    const set = async (query: string, token: string = TOKEN): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`http://127.0.0.1:${adminPort}/logging?${query}`, { method: "POST", headers })).status;
    };
    const written = (): string => readFileSync(path, "utf8");
    /** What is written after the signals: SIGUSR1 is told of under main, what SIGHUP brings under config too. Waits for all `awaited`. */
    const signalled = async (...awaited: readonly RegExp[]): Promise<string> => {
      const before = written().length;
      const isThere = (one: RegExp): boolean => one.test(written().slice(before));
      process.kill(proxy.pid, "SIGUSR1");
      process.kill(proxy.pid, "SIGHUP");
      for (let tries = 0; tries < 100 && !awaited.every(isThere); tries++) await pause(100);
      return written().slice(before);
    };
    /** The same where nothing is to be written. */
    const silent = async (): Promise<string> => {
      const before = written().length;
      process.kill(proxy.pid, "SIGUSR1");
      process.kill(proxy.pid, "SIGHUP");
      await pause(SETTLED_MS);
      return written().slice(before);
    };
    try {
      await proxy.live(adminPort);
      assert.equal(await silent(), "");
      assert.equal(await set("paths=main:info,config:off"), 200);
      const ofMain = await signalled(/caught SIGHUP/, /caught SIGUSR1/);
      assert.match(ofMain, /\[info\]\[main\] caught SIGUSR1/);
      assert.doesNotMatch(ofMain, /\[config\]/);
      assert.equal(await set("level=trace"), 200);
      assert.match(await signalled(RELOADED), RELOADED);
      assert.equal(await set("level=off", "a-wrong-token-of-somebody"), 401);
      const head = `host: h\r\nauthorization: Bearer of-a-request\r\ncookie: c=of-a-cookie\r\nconnection: close\r\n\r\n`;
      await exchange(port, `GET / HTTP/1.1\r\n${head}`, { tls: true });
      await exchange(port, `GET / HTTP/1.1\r\n${head}`).catch(() => ""); // no TLS at all
      assert.match(await signalled(RELOADED, /SIGUSR1/), /SIGUSR1/);
      assert.equal(await set("level=off"), 200);
      assert.equal(await silent(), "");
    } finally {
      await proxy.stop();
    }
    const key = /-----BEGIN PRIVATE KEY-----\\n(\S{40})/.exec(file.replaceAll("\\\\n", "\\n"))?.[1] ?? "";
    assert.equal(key.length, 40);
    for (const secret of [TOKEN, "a-wrong-token-of-somebody", "of-a-request", "of-a-cookie", key, "PRIVATE KEY"]) {
      assert.ok(!written().includes(secret), secret);
    }
  });
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const RELOADED = /\[info\]\[config\] .*reloaded/;
/** In which a line would have been written. */
const SETTLED_MS = 1_000;
