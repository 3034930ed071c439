// Runs h2spec against an address. The tool is found on the PATH or where `go install` puts it.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter } from "node:path";
import { installed } from "../../support/installed.ts";

/** What to test. */
export interface H2specTarget {
  readonly host: string;
  readonly port: number;
  /** With TLS, whose certificate is not checked. */
  readonly tls: boolean;
}

/** Result of a run. */
export interface H2specResult {
  readonly passed: number;
  readonly skipped: number;
  readonly failed: number;
  /** All that it printed. */
  readonly text: string;
}

/** Whether it can be run (`go install github.com/summerwind/h2spec/cmd/h2spec@latest`). */
export function h2specInstalled(): boolean {
  return installed("h2spec", findH2spec() !== null);
}

/** Runs all cases, strict ones included. */
export async function runH2spec(target: H2specTarget): Promise<H2specResult> {
  const flags = [
    "--strict",
    "-h",
    target.host,
    "-p",
    String(target.port),
    "-o",
    "2",
    ...(target.tls ? ["-t", "-k"] : []),
  ];
  const text = await new Promise<string>((resolve) => {
    execFile(findH2spec() ?? "h2spec", flags, { timeout: 240_000, maxBuffer: 1 << 24 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  const counts = /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/.exec(text);
  if (counts === null) throw new Error(`h2spec did not finish:\n${text}`);
  return { passed: Number(counts[2]), skipped: Number(counts[3]), failed: Number(counts[4]), text };
}

function findH2spec(): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), `${homedir()}/go/bin`, `${homedir()}/.local/bin`];
  return folders.map((folder) => `${folder}/h2spec`).find((path) => existsSync(path)) ?? null;
}
