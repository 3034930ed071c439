import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { PROJECT } from "../../support/source-files.ts";

/** Programs that only say how they were called, so that the script's own decisions are seen. */
const PROGRAMS = {
  envoy: 'echo "envoy $*"',
  starling: 'echo "starling $*"',
  id: 'echo "$TEST_UID"',
  chown: "",
  setpriv: 'if [ -n "$TEST_CAPLESS" ]; then exit 1; fi; if [ "$6" != true ]; then echo "setpriv $*"; fi',
};

let folder = "";

describe("the image's entry point", () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "entrypoint-"));
    for (const [name, body] of Object.entries(PROGRAMS)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(folder, name), 0o755);
    }
  });

  after(() => rmSync(folder, { recursive: true }));

  for (const [args, started] of [
    ["", "envoy -c /etc/envoy/envoy.yaml"],
    ["--mode validate", "envoy --mode validate -c /etc/envoy/envoy.yaml"],
    ["-c /my.yaml --concurrency 2", "envoy -c /my.yaml --concurrency 2"],
    ["--config-path=/my.yaml", "envoy --config-path=/my.yaml"],
    ["envoy -c /my.yaml", "envoy -c /my.yaml"],
    ["starling", "starling -c /etc/envoy/envoy.yaml"],
    ["starling lrs-server", "starling lrs-server"],
    ["starling validate /my.yaml", "starling validate /my.yaml"],
    ["echo hello", "hello"],
  ] as const) {
    it(`starts '${started}' for '${args}'`, () => {
      assert.deepEqual(run(args, { TEST_UID: "101" }), { code: 0, out: `${started}\n`, err: "" });
    });
  }

  it("takes Envoy's $loglevel", () => {
    const { out } = run("", { TEST_UID: "101", loglevel: "debug" });
    assert.equal(out, "envoy -c /etc/envoy/envoy.yaml --log-level debug\n");
  });

  it("becomes Envoy's user where a container starts as root, or the one that is asked for", () => {
    const become = (uid: number, gid: number): string =>
      `setpriv --reuid ${uid} --regid ${gid} --clear-groups envoy -c /etc/envoy/envoy.yaml\n`;
    assert.equal(run("", { TEST_UID: "0" }).out, become(101, 101));
    assert.equal(run("", { TEST_UID: "0", ENVOY_UID: "1234", ENVOY_GID: "55" }).out, become(1234, 55));
  });

  it("stays root for ENVOY_UID=0 only, and says so", () => {
    const { out, err } = run("", { TEST_UID: "0", ENVOY_UID: "0" });
    assert.deepEqual([out, err], ["envoy -c /etc/envoy/envoy.yaml\n", "starling: runs as root, as ENVOY_UID=0 says\n"]);
  });

  it("goes on as it is where it is not root, and says that ENVOY_UID changes nothing", () => {
    const { out, err } = run("", { TEST_UID: "101", ENVOY_UID: "0" });
    assert.equal(out, "envoy -c /etc/envoy/envoy.yaml\n");
    assert.match(err, /^starling: ENVOY_UID=0 changes nothing: the container was started as user 101, not as root\n$/);
  });

  it("refuses users that are no numbers, and containers that may not change theirs", () => {
    const named = run("", { TEST_UID: "0", ENVOY_UID: "bob" });
    assert.deepEqual(named, { code: 1, out: "", err: "starling: ENVOY_UID and ENVOY_GID are numbers, not 'bob'\n" });
    const { code, err } = run("", { TEST_UID: "0", TEST_CAPLESS: "yes" });
    assert.equal(code, 1);
    assert.match(err, /^starling: cannot become user 101: leave the container the capabilities SETUID and SETGID, or/);
  });
});

function run(
  args: string,
  variables: Readonly<Record<string, string>>,
): { code: number | null; out: string; err: string } {
  const script = join(PROJECT, "compose/image/docker-entrypoint.sh");
  const env = { PATH: `${folder}${delimiter}${process.env["PATH"]}`, TEST_CAPLESS: "", ...variables };
  const { status, stdout, stderr } = spawnSync("sh", [script, ...args.split(" ").filter(Boolean)], {
    env,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}
