// In a process of its own: priorities cannot be raised again.
import { equal, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { getPriority } from "node:os";
import { HELPER_NICENESS } from "../../src/supervisor/background-threads.ts";

const MODULE = new URL("../../src/supervisor/background-threads.ts", import.meta.url).href;
const PROGRAM = `
  import { readdirSync, readFileSync } from "node:fs";
  import { lowerBackgroundThreads } from ${JSON.stringify(MODULE)};
  const lowered = lowerBackgroundThreads();
  const threads = readdirSync("/proc/self/task").map((id) => ({
    name: readFileSync("/proc/self/task/" + id + "/comm", "latin1").trim(),
    niceness: Number(readFileSync("/proc/self/task/" + id + "/stat", "latin1").split(") ")[1].split(" ")[16]),
  }));
  console.log(JSON.stringify({ lowered, threads }));`;

describe("threads that compile beside the traffic", () => {
  it("get a lower priority, and no other thread does", function () {
    if (process.platform !== "linux") return this.skip();
    if (getPriority() >= HELPER_NICENESS) return this.skip(); // the tests are run at a lower priority themselves
    const { lowered, threads } = run(process.execPath);
    ok(lowered > 0);
    equal(threads.filter(({ niceness }) => niceness === HELPER_NICENESS).length, lowered);
    ok(threads.every(({ name, niceness }) => niceness === (name === "V8Worker" ? HELPER_NICENESS : getPriority())));
  });

  it("keep theirs where the process has a lower one", function () {
    if (process.platform !== "linux") return this.skip();
    const { lowered, threads } = run("nice", "-n", "19", process.execPath);
    equal(lowered, 0);
    ok(threads.every(({ niceness }) => niceness === 19));
  });
});

function run(command: string, ...before: readonly string[]): Outcome {
  const program = ["--input-type=module", "-e", PROGRAM];
  return JSON.parse(execFileSync(command, [...before, ...program], { encoding: "utf8" }));
}

interface Outcome {
  readonly lowered: number;
  readonly threads: readonly { readonly name: string; readonly niceness: number }[];
}
