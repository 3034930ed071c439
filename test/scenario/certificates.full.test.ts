// Certificates of a running process that are replaced as Kubernetes does it, under load: every request is answered, and the next handshakes
// on both sides are with the new one.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { after, afterEach, before, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { freePort } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { Program } from "../support/program.ts";
import { PROJECT } from "../support/source-files.ts";
import { overTls, SteadyLoad } from "../support/steady-load.ts";
import { pem } from "../support/tls-plans.ts";
import { watchedConfig } from "../support/watched-certificates.ts";

const CERTS = join(PROJECT, "test/support/certs");
const ROTATIONS = ["other", "front-rsa", "client", "other", "front"];
const SERVES_MS_MAX = 2_000;
const SERIALS = new Map(
  ["front", "front-rsa", "other", "client"].map((name) => [new X509Certificate(pem(name)).fingerprint256, name]),
);

const folder = mkdtempSync(join(tmpdir(), "starling-certificates-"));
const path = join(folder, "front.yaml");
let port: number;
let adminPort: number;
let upstream: Server;
let program: Program;
let load: SteadyLoad | null = null;
let turn = 0;
/** Of the proxy, as the upstream saw it last. */
let clientName = "";

/** A folder of its own with the pair, linked in place of the one before by one rename. */
function swap(name: string): void {
  const next = `..turn_${++turn}`;
  mkdirSync(join(folder, next));
  copyFileSync(join(CERTS, `${name}.pem`), join(folder, next, "tls.pem"));
  copyFileSync(join(CERTS, `${name}.key.pem`), join(folder, next, "tls.key"));
  copyFileSync(join(CERTS, "ca.pem"), join(folder, next, "ca.pem"));
  symlinkSync(next, join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
}

interface Handshake {
  readonly name: string;
  readonly isResumed: boolean;
  readonly session: Buffer;
}

/** One handshake: whose certificate it showed, with a session to go on with. */
function handshake(session?: Buffer): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      maxVersion: "TLSv1.2",
      ...(session === undefined ? {} : { session }),
    });
    socket.on("error", reject);
    socket.on("secureConnect", () => {
      const name = SERIALS.get(socket.getPeerCertificate().fingerprint256) ?? "";
      resolve({ name, isResumed: socket.isSessionReused(), session: socket.getSession() ?? Buffer.alloc(0) });
      socket.destroy();
    });
  });
}

async function admin(page: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${adminPort}${page}`)).text();
}

async function stat(name: string): Promise<number> {
  return Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(await admin("/stats"))?.[1]);
}

/** When every worker served a renewed certificate for the so manyeth time, by the node's log: whoever asks by a dozen handshakes at once is late himself. */
async function servedMs(time: number): Promise<number> {
  const [, stamp = ""] = await program.says(
    new RegExp(`(?:[^]*?\\[([^\\]]+)\\].* has changed and is served){${time}}`),
  );
  return Date.parse(stamp);
}

function startUpstream(): Promise<Server> {
  const tls = {
    cert: pem("front"),
    key: pem("front.key"),
    ca: pem("ca"),
    requestCert: true,
    rejectUnauthorized: false,
  };
  const server = createServer(tls, (_, response) => response.end("hello"));
  server.on("secureConnection", (socket: TLSSocket) => {
    clientName = SERIALS.get(socket.getPeerCertificate().fingerprint256) ?? clientName;
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe("certificates that are replaced under load", function () {
  this.timeout(60_000);

  before(async () => {
    upstream = await startUpstream();
    port = await freePort();
    adminPort = await freePort([port]);
    swap("front");
    for (const name of ["tls.pem", "tls.key", "ca.pem"]) symlinkSync(join("..data", name), join(folder, name));
    const upstreamPort = (upstream.address() as AddressInfo).port;
    writeFileSync(path, watchedConfig({ folder, isWatched: true, listenerPort: port, adminPort, upstreamPort }));
    program = new Program("-c", path, "--concurrency", "2");
    await program.says(/serving 1 listener\(s\)/);
  });

  afterEach(() => load?.stop());

  after(async () => {
    await program.end();
    upstream.closeAllConnections();
    upstream.close();
    rmSync(folder, { recursive: true });
  });

  it("lose no request in five rotations, and are shown on both sides and by /certs within two seconds", async () => {
    load = new SteadyLoad(port, 8, 1, overTls);
    for (const [i, name] of ROTATIONS.entries()) {
      const { session } = await handshake();
      swap(name);
      const swappedMs = systemClock.wallMs();
      // Workers take a plan each for itself: several handshakes in a row reach both.
      await eventually(async () => {
        const seen = await Promise.all(Array.from({ length: 12 }, () => handshake()));
        return seen.every((one) => one.name === name) && clientName === name;
      });
      const tookMs = (await servedMs(i + 1)) - swappedMs;
      assert.ok(tookMs <= SERVES_MS_MAX, `${name} took ${tookMs} ms`);
      const { serialNumber } = new X509Certificate(pem(name));
      assert.ok((await admin("/certs")).includes(serialNumber.toLowerCase()), `/certs shows ${name}`);
      assert.equal((await handshake(session)).isResumed, true, "a session from before resumes");
    }
    await load.finish();
    assert.ok(load.answered > ROTATIONS.length * 50, `${load.answered} answers`);
    assert.deepEqual([load.lost, load.wrong, load.sent - load.answered], [0, 0, 0]);
    // Counted when every worker has said that it serves the plan: that may be after a handshake showed it.
    await eventually(async () => (await stat("starling.certificates_renewed")) === ROTATIONS.length);
    assert.equal(await stat("starling.certificates_refused"), 0);
  });

  it("stay as they were while half of a pair is another's, which one line and a counter say", async () => {
    swap("front");
    await eventually(async () => (await handshake()).name === "front");
    const mixed = `..turn_${++turn}`;
    mkdirSync(join(folder, mixed));
    copyFileSync(join(CERTS, "other.pem"), join(folder, mixed, "tls.pem"));
    writeFileSync(join(folder, mixed, "tls.key"), readFileSync(join(CERTS, "front.key.pem")).subarray(0, 60));
    copyFileSync(join(CERTS, "ca.pem"), join(folder, mixed, "ca.pem"));
    symlinkSync(mixed, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    await program.says(/Failed to load private key from .*tls\.key, Cause: .*; what served serves on/);
    assert.equal((await handshake()).name, "front");
    assert.equal(await stat("starling.certificates_refused"), 1);
    swap("other");
    await eventually(async () => (await handshake()).name === "other");
  });
});
