// Starling and the real Envoy as processes on the same file, ports of the file replaced by free ones.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed, runs } from "./installed.ts";
import { PROJECT } from "./source-files.ts";

/** A proxy program. */
export type Program = "starling" | "envoy";

/** Whether the real Envoy can be run; where CI is set its absence is a failure, elsewhere a skip. */
export function envoyInstalled(): boolean {
  return installed("envoy", runs("envoy", "--version"));
}

/** Free ports below 32768 for the ports that files name; the same port always becomes the same one. */
export class PortMap {
  private readonly real = new Map<number, number>();

  /** The port that stands for one of the files. */
  get(port: number): number {
    const real = this.real.get(port);
    if (real === undefined) throw new Error(`no port was taken for ${port}`);
    return real;
  }

  /** Takes a free port for each. */
  async take(...ports: readonly number[]): Promise<void> {
    for (const port of ports) if (!this.real.has(port)) this.real.set(port, await freePort([...this.real.values()]));
  }

  /** A text of a proxy in which these ports are named as the files name them: `<21180>`. */
  hide(text: string, ports: readonly number[]): string {
    const names = new Map(ports.map((port) => [String(this.get(port)), `<${port}>`]));
    return text.replaceAll(/(?<!\d)\d{5}(?!\d)/g, (digits) => names.get(digits) ?? digits);
  }

  /** The text of a file with every `port_value` it knows replaced. */
  apply(yaml: string): string {
    return yaml.replaceAll(
      /port_value: (\d+)/g,
      (_, port: string) => `port_value: ${this.real.get(Number(port)) ?? port}`,
    );
  }
}

/** A running proxy. */
export class LiveProxy {
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly ended: Promise<number | null>;
  private readonly program: Program;
  private log = "";

  private constructor(program: Program, child: ChildProcess, folder: string) {
    this.program = program;
    this.child = child;
    this.folder = folder;
    this.ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
      });
    }
  }

  /** Starts a program on a YAML text and waits until its admin page says LIVE. */
  static async start(
    program: Program,
    yaml: string,
    adminPort: number,
    flags: readonly string[] = [],
  ): Promise<LiveProxy> {
    const proxy = LiveProxy.launch(program, yaml, flags);
    await proxy.live(adminPort);
    return proxy;
  }

  /** Starts a program on a YAML text, with these variables besides ours, and waits for nothing. */
  static launch(
    program: Program,
    yaml: string,
    flags: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ): LiveProxy {
    const folder = mkdtempSync(join(tmpdir(), "live-"));
    const file = join(folder, "proxy.yaml");
    writeFileSync(file, yaml);
    const own =
      program === "envoy" ? ["envoy", "--disable-hot-restart"] : [process.execPath, join(PROJECT, "src/starling.mjs")];
    const command = [...own, "-c", file, "--concurrency", "1", "-l", "warning", ...flags];
    const child = spawn(command[0] ?? "", command.slice(1), {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    return new LiveProxy(program, child, folder);
  }

  /** Waits until its admin page says LIVE; ends it and fails after 30 s, or at once when the process is over. */
  async live(adminPort: number): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      if (this.isOver) break;
      const answer = await fetch(`http://127.0.0.1:${adminPort}/ready`).catch(() => null);
      if (answer !== null && (await answer.text()).startsWith("LIVE")) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.stop();
    throw new Error(`${this.program} did not come up:\n${this.log}`);
  }

  private get isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Ends it with SIGTERM; answers its exit code. */
  async stop(): Promise<number | null> {
    if (!this.isOver) this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    const code = await this.ended;
    clearTimeout(late);
    rmSync(this.folder, { recursive: true, force: true });
    return code;
  }
}

/** A file of test/golden. */
export function goldenText(path: string): string {
  return readFileSync(join(PROJECT, "test/golden", path), "utf8");
}

/**
 * A port that is free now and below 32768, so that neither an outgoing connection nor a port 0 takes it. Nobody else is given it before it
 * is bound: test processes that mocha runs side by side have shares of their own, and go through them one after the other.
 */
export async function freePort(taken: readonly number[] = [], host: string = "127.0.0.1"): Promise<number> {
  const share = Number(process.env["MOCHA_WORKER_ID"] ?? 0) % PORT_SHARES;
  for (;;) {
    turn = (turn + 1) % (PORTS / PORT_SHARES);
    const port = PORTS_FROM + PORT_SHARES * turn + share;
    const free = await new Promise<boolean>((resolve, reject) => {
      const server = createServer();
      server.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE") resolve(false);
        else reject(error);
      });
      server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
    });
    if (free && port !== BUCKET && !taken.includes(port)) return port;
  }
}

const PORTS_FROM = 20_000;
const PORTS = 12_000;
/** A bound of Envoy's histograms, in milliseconds: as a port it could not be told from that in a text. */
const BUCKET = 30_000;
/** More than processes that run tests at a time. */
const PORT_SHARES = 8;
let turn = Math.floor((Math.random() * PORTS) / PORT_SHARES);
