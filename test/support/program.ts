// The program as users start it: a process with its output, ended by the test.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { launcherUrl } from "../../src/base/location.ts";

/** How a process ended. */
export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A running `starling`. */
export class Program {
  readonly child: ChildProcess;
  /** Resolves when it has ended. */
  readonly outcome: Promise<Outcome>;
  private out = "";
  private err = "";
  private isOver = false;
  /** Called when more of its output is here, or its end. */
  private readonly waiting: Set<() => void> = new Set();

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [fileURLToPath(launcherUrl), ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
      this.wake();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
      this.wake();
    });
    this.outcome = new Promise((resolve) => {
      this.child.on("close", (code) => {
        this.isOver = true;
        resolve({ code, out: this.out, err: this.err });
        this.wake();
      });
    });
  }

  /** Waits until the output or the errors so far match; answers with the match. Fails when the process ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.out) ?? pattern.exec(this.err);
      if (found !== null) return found;
      // Not by its exit code: what it said last may still be on its way then.
      if (this.isOver) throw new Error(`ended with ${this.child.exitCode}:\n${this.out}${this.err}`);
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals = "SIGTERM"): Promise<Outcome> {
    this.child.kill(signal);
    return this.outcome;
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** Runs a command line to its end. */
export function runProgram(...args: string[]): Promise<Outcome> {
  return new Program(...args).outcome;
}
