// What keeps the program from starting is said in plain lines, and the exit code is 1.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { launcherUrl } from "../../src/base/location.ts";
import { proxyFile } from "../support/proxy-file.ts";

/** Needs a privilege on Linux unless the machine says otherwise. */
const PRIVILEGED_PORT = 81;
const NOBODY = 65_534;

describe("the program that cannot start", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "start-"));
    chmodSync(folder, 0o755);
  });

  after(() => rmSync(folder, { recursive: true }));

  it("says that a file is missing", () => {
    const { status, stderr } = run("-c", join(folder, "nowhere.yaml"));
    assert.equal(status, 1);
    assert.match(stderr, /^\S*nowhere\.yaml[^\n]*\n$/);
    assert.doesNotMatch(stderr, /\n {4}at /);
  });

  it("says that a file is a folder", () => {
    const { status, stderr } = run("-c", folder);
    assert.equal(status, 1);
    assert.match(stderr, /^[^\n]*\n$/);
  });

  it("says all mistakes of a file, one a line with its place", () => {
    const path = write(
      "wrong.yaml",
      "admin: { adress: {} }\nstatic_resources:\n  listenrs: []\n  clusters: [{ name: 3, type: STATICK }]\n",
    );
    const { status, stderr } = run("-c", path);
    assert.equal(status, 1);
    const lines = stderr.trimEnd().split("\n");
    assert.ok(lines.length >= 3, stderr);
    for (const line of lines) assert.match(line, /wrong\.yaml:\d+:\d+ /);
  });

  it("says that it may not bind a port", function () {
    const first = Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "latin1"));
    if (first <= PRIVILEGED_PORT) this.skip();
    const path = write("port.yaml", proxyFile({ port: PRIVILEGED_PORT, adminPort: 0, upstreamPort: 1 }));
    const { status, stderr } = run("-c", path, "-l", "off");
    assert.equal(status, 1);
    assert.equal(stderr, `starling: listener 'main': cannot bind '127.0.0.1:${PRIVILEGED_PORT}': Permission denied\n`);
  });

  function write(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }
});

/** Runs it to its end, as nobody where the test itself is root. */
function run(...args: readonly string[]): { status: number | null; stderr: string } {
  const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const command = [fileURLToPath(launcherUrl), ...args];
  return spawnSync(process.execPath, command, { encoding: "utf8", timeout: 60_000, ...asNobody });
}
