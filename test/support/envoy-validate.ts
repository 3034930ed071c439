// Asks a real Envoy what it makes of a file.
import { execFileSync } from "node:child_process";

/** What it says of a file; ends with OK when it takes it. */
export function envoyVerdict(path: string): string {
  const flags = ["--mode", "validate", "--disable-hot-restart", "--concurrency", "1", "-l", "error", "-c", path];
  try {
    return execFileSync("envoy", flags, { encoding: "utf8", stdio: "pipe", timeout: 20_000 });
  } catch (fault) {
    const { stdout = "", stderr = "" } = fault as { stdout?: string; stderr?: string };
    return stdout + stderr;
  }
}
