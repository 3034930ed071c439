// Asks a real Envoy what it makes of a file.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** Whether there is one to ask; without one CI fails. */
export function envoyInstalled(): boolean {
  if (envoy === null && process.env["CI"] !== undefined) throw new Error("envoy is not installed");
  return envoy !== null;
}

/** What it says of a file; ends with OK when it takes it. */
export function envoyVerdict(path: string): string {
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

const envoy = findEnvoy();
