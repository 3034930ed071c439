// One process of the demo: started, waited for, ended. Says when it dies unasked.
import { type ChildProcess, spawn } from "node:child_process";

/** A running child. */
export interface DemoChild {
  readonly title: string;
  readonly process: ChildProcess;
  /** Resolves when it has ended, with what to say about it: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
}

/** Starts `args` in this Node. Its errors go to our standard error; its output comes to `onOutput`. */
export function startChild(title: string, args: readonly string[], onOutput: (text: string) => void): DemoChild {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdout.setEncoding("utf8").on("data", onOutput);
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  return { title, process: child, ended };
}
