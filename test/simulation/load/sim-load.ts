// npm run sim:load: many seeds of worlds that merge their load, or one with all that happens.
import { parseArgs } from "node:util";
import { runLoadSeed } from "./run-load-seed.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    verbose: { type: "boolean", default: false },
  },
});

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
process.exitCode = (values.seed === undefined ? many(Number(values.from), Number(values.seeds)) : one(values.seed))
  ? 0
  : 1;

function one(seed: string): boolean {
  const { breaches, faults } = runLoadSeed(Number(seed), {}, values.verbose ? say : null);
  for (const { atMs, forMs, text } of faults) say(`fault at ${atMs} for ${forMs} ms: ${text}`);
  for (const breach of breaches) say(breach);
  say(`seed ${seed}: ${breaches.length === 0 ? "every count arrived once" : "FAILED"}`);
  return breaches.length === 0;
}

function many(from: number, count: number): boolean {
  let failed = 0;
  let batches = 0;
  let died = 0;
  for (let seed = from; seed < from + count; seed++) {
    const { breaches, world } = runLoadSeed(seed);
    for (const cut of world.cut.values()) batches += cut.size;
    died += world.diedWith.size;
    if (breaches.length === 0) continue;
    failed++;
    say(`seed ${seed} FAILED: ${breaches.join("; ")}`);
  }
  say(`${count} seeds, ${failed} failed; ${batches} batches, of which ${died} died with the only node that had them`);
  return failed === 0;
}
