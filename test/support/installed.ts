// What tests ask of the machine besides npm's packages.
import { execFileSync } from "node:child_process";

/** `isThere`. Where CI is set what is not there is a failure, as CI has all of it; elsewhere tests are skipped without it. */
export function installed(what: string, isThere: boolean): boolean {
  if (!isThere && process.env["CI"] !== undefined) throw new Error(`${what} is not installed, and CI must have it`);
  return isThere;
}

/** Whether a command can be run and ends with 0. */
export function runs(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
