// Runs the commands of a documentation page as a reader types them, and compares what they print. Ports that may be taken on this machine
// are exchanged both ways: a demo says which, and a file that a page starts by itself is started as a copy with free ones. Used by
// test/scenario/docs.full.test.ts.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandBlock, withoutRemark } from "./doc-pages.ts";
import { freePort } from "./live-proxy.ts";
import { PROJECT } from "./source-files.ts";

/** One page's run: at most one thing that goes on at a time. */
export class DocRun {
  private running: { readonly child: ChildProcess; readonly ended: Promise<void> } | null = null;
  private readonly taken: Map<string, string> = new Map();
  private readonly folder = mkdtempSync(join(tmpdir(), "docs-"));
  private environment: NodeJS.ProcessEnv = process.env;

  /** Starts what goes on, and waits until it has printed what the page says. */
  async start({ lines, prints }: CommandBlock): Promise<void> {
    await this.stop();
    this.taken.clear();
    const typed = await this.withFreePorts(lines.map(withoutRemark).join("\n"));
    const child = spawn("bash", ["-c", `exec ${typed}`], {
      cwd: PROJECT,
      env: this.environment,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
    this.running = { child, ended };
    let out = "";
    await new Promise<void>((resolve, reject) => {
      const tooLate = AbortSignal.timeout(START_MS_MAX);
      const give = (why: string): void => reject(new Error(`${why}: ${missing(prints ?? [], out)}\n${out}`));
      tooLate.addEventListener("abort", () => give("never said"));
      const hear = (text: string): void => {
        out += text;
        this.learnPorts(out);
        if (missing(prints ?? [], this.asWritten(out)) === null) resolve();
      };
      child.stdout.setEncoding("utf8").on("data", hear);
      child.stderr.setEncoding("utf8").on("data", hear);
      child.on("close", () => give("ended without"));
    });
  }

  /** Types the lines of a block; what of the page's text it did not print, null: all is there. */
  async types({ lines, prints }: CommandBlock): Promise<{ readonly missing: string | null; readonly out: string }> {
    const typed = this.asHere(lines.map(withoutRemark).join("\n"));
    const out = await new Promise<string>((resolve) => {
      const how = { cwd: PROJECT, env: this.environment, timeout: TRY_MS_MAX };
      execFile("bash", ["-c", `exec 2>&1\n${typed}`], how, (_, printed) => resolve(printed));
    });
    const written = this.asWritten(out);
    return { missing: missing(prints ?? [], written), out: written };
  }

  /** Ends what goes on, as Ctrl-C does. */
  async stop(): Promise<void> {
    if (this.running === null) return;
    const { child, ended } = this.running;
    this.running = null;
    // The whole group, as a terminal does it.
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (!isOver && child.pid !== undefined) process.kill(-child.pid, "SIGINT");
    await ended;
  }

  /** Ends it, and nothing is left. */
  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The command with a copy of the file that it names, and what else listens: a broker that the file embeds. */
  private async withFreePorts(command: string): Promise<string> {
    this.environment = process.env;
    const path = /(?<= -c )\S+\.yaml/.exec(command)?.[0];
    if (path === undefined) return command;
    const text = readFileSync(join(PROJECT, path), "utf8");
    for (const [, port = ""] of text.matchAll(PORT_VALUE))
      if (!this.taken.has(port)) this.taken.set(port, String(await freePort()));
    if (text.includes("servers: [embedded]")) {
      const port = String(await freePort());
      this.taken.set(BROKER_PORT, port);
      this.environment = { ...process.env, STARLING_MESH: `embedded:${port}` };
    }
    const copy = join(this.folder, "copy.yaml");
    writeFileSync(
      copy,
      text.replaceAll(PORT_VALUE, (_, port: string) => `port_value: ${this.taken.get(port)}`),
    );
    return command.replace(path, copy);
  }

  private learnPorts(out: string): void {
    const said = /what stands for them: (.*)\n/.exec(out)?.[1] ?? "";
    for (const [, documented = "", real = ""] of said.matchAll(/(\d+) → (\d+)/g)) this.taken.set(documented, real);
  }

  private asHere(text: string): string {
    return text.replaceAll(PORT, (port) => this.taken.get(port) ?? port);
  }

  private asWritten(text: string): string {
    const documented = new Map([...this.taken].map(([port, real]) => [real, port]));
    return text.replaceAll(PORT, (port) => documented.get(port) ?? port);
  }
}

/**
 * The first of the page's lines that the output does not have after the one before it; null: it has all. `…` stands for anything in
 * a line; a line of it alone for any lines.
 */
export function missing(expected: readonly string[], out: string): string | null {
  const lines = out.split("\n").map((line) => line.trimEnd());
  let at = 0;
  for (const line of expected.filter((one) => one.trim() !== "" && one.trim() !== "…")) {
    const pattern = new RegExp(`^${line.trimEnd().split("…").map(literally).join(".*")}$`);
    const found = lines.findIndex((one, index) => index >= at && pattern.test(one));
    if (found < 0) return line;
    at = found + 1;
  }
  return null;
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const PORT_VALUE = /port_value: (\d+)/g;
/** Of `embedded` without a port. */
const BROKER_PORT = "14222";
const PORT = /(?<=(?:localhost|127\.0\.0\.1):)\d+/g;
const START_MS_MAX = 120_000;
const TRY_MS_MAX = 60_000;
