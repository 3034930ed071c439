import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";
import { launcherUrl } from "../../src/base/location.ts";
import { VERSION } from "../../src/supervisor/version.ts";

const launcher = fileURLToPath(launcherUrl);

/** A Node on this machine that is too old to run the program itself; undefined when there is none. */
function oldNode(): string | undefined {
  const candidates = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"));
  return candidates.filter(existsSync).find((path) => {
    const version = execFileSync(path, ["--version"], { encoding: "utf8" });
    return Number.parseInt(version.slice(1), 10) < 24;
  });
}

describe("the launcher", () => {
  it("runs the program in the Node that came with the packages when its own is too old", function () {
    const node = oldNode();
    if (node === undefined) this.skip();
    else
      assert.equal(
        execFileSync(node, [launcher, "--version"], { encoding: "utf8" }),
        `starling  version: ${VERSION}\n`,
      );
  });

  it("passes signals on and ends with the program's code", async function () {
    const node = oldNode();
    if (node === undefined) {
      this.skip();
      return;
    }
    const yaml = "admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }";
    const child = spawn(node, [launcher, "--config-yaml", yaml, "--concurrency", "1"], {
      stdio: ["ignore", "inherit", "pipe"],
    });
    await new Promise<void>((resolve) => {
      child.stderr.on("data", (bytes: Buffer) => {
        if (bytes.includes("serving")) resolve();
      });
    });
    child.kill("SIGTERM");
    assert.equal(await new Promise((resolve) => child.on("exit", resolve)), 0);
  });
});
