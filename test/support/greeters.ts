// The server and client of the gRPC document as processes of their own.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { appUrl } from "../../src/base/location.ts";

/** A greeter that listens. */
export class Greeter {
  readonly port: number;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.child = child;
    this.port = port;
  }

  /** Starts one; port 0: any. */
  static async start(hostname: string, port: number = 0): Promise<Greeter> {
    const args = [`--port=${port}`, "--host=127.0.0.1", `--hostname=${hostname}`];
    const child = spawn(process.execPath, [fileURLToPath(appUrl("greeter-server")), ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const real = await new Promise<string>((resolve, reject) => {
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const digits = /:(\d+)\n/.exec(said)?.[1];
        if (digits !== undefined) resolve(digits);
      });
      child.once("exit", () => reject(new Error(`the greeter ${hostname} ended after ${said}`)));
    });
    return new Greeter(child, Number(real));
  }

  /** Ends it; answers its exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const ended = once(this.child, "exit");
    this.child.kill(signal);
    return ((await ended) as [number | null])[0];
  }
}

/** Runs the client to its end: the lines that it prints. */
export async function greet(port: number, ...more: readonly string[]): Promise<string[]> {
  const args = [fileURLToPath(appUrl("greeter-client")), `--target=127.0.0.1:${port}`, ...more];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.trimEnd().split("\n");
}
