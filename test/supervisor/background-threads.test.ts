// In a process of its own: priorities cannot be raised again.
import { equal, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
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
    const out = execFileSync(process.execPath, ["--input-type=module", "-e", PROGRAM], { encoding: "utf8" });
    const { lowered, threads } = JSON.parse(out) as { lowered: number; threads: { name: string; niceness: number }[] };
    ok(lowered > 0);
    equal(threads.filter(({ niceness }) => niceness === HELPER_NICENESS).length, lowered);
    ok(threads.every(({ name, niceness }) => niceness === (name === "V8Worker" ? HELPER_NICENESS : 0)));
  });
});
