import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { after, afterEach, before, describe, it } from "mocha";
import { PROJECT } from "../../support/source-files.ts";

const PROGRAM = join(PROJECT, "compose/image/healthcheck.ts");
const SCRIPT = join(PROJECT, "compose/image/healthcheck.sh");
const NODE_ON_PATH = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` };

let folder = "";
let admin: Server;
let readiness: [number, string] = [200, "LIVE\n"];
/** Stands for the container's process 1: all that is asked of it is how it was started. */
let proxy: ChildProcess | null = null;

describe("the image's health check", () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "healthcheck-"));
    writeFileSync(join(folder, "starling"), "read -r line\n");
    admin = createServer((request, response) => {
      const [status, body] = request.url === "/ready" ? readiness : [404, ""];
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => admin.listen(0, "127.0.0.1", resolve));
  });

  afterEach(() => proxy?.kill("SIGKILL"));

  after(() => {
    admin.close();
    rmSync(folder, { recursive: true });
  });

  it("asks the admin server of the file that the proxy was started with", async () => {
    readiness = [200, "LIVE\n"];
    assert.deepEqual(await check("-c", file(adminAt("0.0.0.0", port()))), [0, "LIVE\n"]);
    assert.deepEqual(await check(`--config-path=${file(adminAt("127.0.0.1", port()))}`), [0, "LIVE\n"]);
  });

  it("asks the one of --admin or --config-yaml first", async () => {
    readiness = [200, "LIVE\n"];
    assert.deepEqual(await check("lrs-server", "-c", "/not/there", "--admin", `0.0.0.0:${port()}`), [0, "LIVE\n"]);
    const other = file(adminAt("127.0.0.1", 1));
    assert.deepEqual(await check("-c", other, "--config-yaml", adminAt("127.0.0.1", port())), [0, "LIVE\n"]);
  });

  it("fails with what the proxy says while it is not ready, and when nobody answers", async () => {
    readiness = [503, "DRAINING\n"];
    assert.deepEqual(await check("-c", file(adminAt("127.0.0.1", port()))), [1, "DRAINING\n"]);
    const [code, out] = await check("-c", file(adminAt("127.0.0.1", 1)));
    assert.deepEqual([code, out], [1, "connect ECONNREFUSED 127.0.0.1:1\n"]);
  });

  it("costs no Node from the second time on, and has Node say what is not well", async () => {
    const known = join(folder, "known");
    readiness = [200, "LIVE\n"];
    const config = file(adminAt("0.0.0.0", port()));
    assert.deepEqual(await checkCheaply(known, PROGRAM, "-c", config), [0, "LIVE\n"]);
    assert.equal(readFileSync(known, "utf8"), `127.0.0.1 ${port()}\n`);
    assert.deepEqual(await checkCheaply(known, "/no/program", "-c", config), [0, ""]);
    readiness = [503, "DRAINING\n"];
    assert.deepEqual(await checkCheaply(known, PROGRAM, "-c", config), [1, "DRAINING\n"]);
  });

  it("is content with a program that lives and has no admin server", async () => {
    assert.deepEqual(await check("-c", file("static_resources: {}\n")), [0, ""]);
    assert.deepEqual(await check("--port=8081"), [0, ""]);
  });
});

function check(...args: string[]): Promise<[number | null, string]> {
  return outcome(args, (pid) => [process.execPath, PROGRAM, pid]);
}

/** By the script, as the image does: `known` is where it finds the address from the second time on. */
function checkCheaply(known: string, program: string, ...args: string[]): Promise<[number | null, string]> {
  return outcome(args, (pid) => ["bash", SCRIPT, program, pid, known]);
}

async function outcome(
  args: readonly string[],
  commandOf: (pid: string) => readonly [string, ...string[]],
): Promise<[number | null, string]> {
  proxy?.kill("SIGKILL");
  proxy = spawn("sh", [join(folder, "starling"), ...args], { stdio: ["pipe", "ignore", "ignore"] });
  const [command, ...more] = commandOf(String(proxy.pid));
  const checker = spawn(command, more, { stdio: ["ignore", "pipe", "inherit"], env: NODE_ON_PATH });
  const code = new Promise<number | null>((resolve) => checker.on("close", resolve));
  return Promise.all([code, text(checker.stdout)]);
}

function port(): number {
  return (admin.address() as AddressInfo).port;
}

function adminAt(address: string, at: number): string {
  return `admin: { address: { socket_address: { address: ${address}, port_value: ${at} } } }\n`;
}

function file(yaml: string): string {
  const path = join(folder, "envoy.yaml");
  writeFileSync(path, yaml);
  return path;
}
