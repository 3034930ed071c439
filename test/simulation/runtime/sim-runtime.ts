// npm run sim:runtime: many seeds, or one with its faults.
import { parseArgs } from "node:util";
import { runRuntimeSeed } from "./run-runtime-seed.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
  },
});
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
let failed = 0;
for (let seed = first; seed < first + count; seed++) {
  const { faults, breaches } = runRuntimeSeed(seed);
  if (values.seed !== undefined) for (const fault of faults) say(fault);
  if (breaches.length > 0) {
    failed++;
    say(`seed ${seed} FAILED: ${breaches.join("; ")}`);
  }
}
say(`${count} seeds, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
