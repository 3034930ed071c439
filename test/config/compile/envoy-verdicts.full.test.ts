// Envoy's own verdict (--mode validate) on each case of test/golden/compile-verdicts.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { verdictCases, verdictFrames } from "./verdict-cases.ts";

const envoy = findEnvoy();

describe("Envoy's verdict on what we compile", () => {
  let folder = "";

  before(function () {
    if (envoy === null && process.env["CI"] !== undefined) throw new Error("envoy is not installed");
    if (envoy === null) this.skip();
    folder = mkdtempSync(join(tmpdir(), "starling-verdicts-"));
  });

  after(() => {
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  for (const frame of verdictFrames) {
    for (const { verdict, title, words, text } of verdictCases(frame)) {
      const accepted = verdict === "accept" || verdict === "stricter";
      it(`on a ${frame} is to ${accepted ? "take" : "refuse"} ${title}`, () => {
        const path = join(folder, "case.yaml");
        writeFileSync(path, text);
        const said = validate(path);
        assert.equal(/\bOK\n/.test(said), accepted, said);
        if (verdict === "same") assert.ok(said.includes(words), `${words}\n${said}`);
      });
    }
  }
});

function validate(path: string): string {
  const flags = ["--mode", "validate", "--disable-hot-restart", "--concurrency", "1", "-l", "error", "-c", path];
  try {
    return execFileSync(envoy ?? "envoy", flags, { encoding: "utf8", stdio: "pipe", timeout: 20_000 });
  } catch (fault) {
    const { stdout = "", stderr = "" } = fault as { stdout?: string; stderr?: string };
    return stdout + stderr;
  }
}

function findEnvoy(): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), `${homedir()}/.local/bin`];
  return folders.map((one) => join(one, "envoy")).find((path) => existsSync(path)) ?? null;
}
