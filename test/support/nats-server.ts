// A real nats-server as a process with a configuration of the test's.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestBroker } from "./bus-stage.ts";
import { installed, runs } from "./installed.ts";
import { freePort } from "./live-proxy.ts";

/** Programs to test against: the newest, and the oldest that is supported under another name. */
export type NatsProgram = "nats-server" | "nats-server-2.9";

/** Whether it can be run; where CI is set the absence of the newest is a failure, elsewhere a skip. */
export function natsServerInstalled(program: NatsProgram = "nats-server"): boolean {
  const isThere = runs(program, "--version");
  return program === "nats-server" ? installed(program, isThere) : isThere;
}

/** One server, which begins again at its port after a stop. */
export class NatsServer implements TestBroker {
  port: number = 0;
  /** For files that the configuration names. */
  readonly folder: string = mkdtempSync(join(tmpdir(), "nats-"));
  private readonly program: NatsProgram;
  private readonly config: string;
  private child: ChildProcess | null = null;
  private log = "";

  /** `config`: beside the address. */
  constructor(config: string = "", program: NatsProgram = "nats-server") {
    this.config = config;
    this.program = program;
  }

  async start(): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    const file = join(this.folder, "server.conf");
    writeFileSync(file, `listen: 127.0.0.1:${this.port}\n${this.config}`);
    const child = spawn(this.program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
        if (this.log.includes("Server is ready")) resolve();
      });
      child.once("exit", () => reject(new Error(`nats-server ended:\n${this.log}`)));
    });
    this.log = "";
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    this.child = null;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Stops it for good. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}
