// npm run sim: many seeds, or one with all that happens.
import { parseArgs } from "node:util";
import { BARS } from "./bars.ts";
import { SCALE } from "./bars-scale.ts";
import { runSeed } from "./run-seed.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    without: { type: "string", multiple: true, default: [] },
    bars: { type: "boolean", default: false },
    judge: { type: "string", default: "model" },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const rules = Object.fromEntries(values.without.map((rule) => [rule, false]));
const options = { rules, judge: values.judge === "real" ? ("real" as const) : ("model" as const) };
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

if (values.help)
  say(
    "npm run sim -- [--seeds COUNT] [--from SEED] [--seed SEED [--verbose]] [--without cover|log|claims] [--judge real] | --bars",
  );
else if (values.bars) process.exitCode = bars() ? 0 : 1;
else if (values.seed !== undefined) process.exitCode = one(Number(values.seed)) ? 0 : 1;
else process.exitCode = many(Number(values.from), Number(values.seeds)) ? 0 : 1;

function one(seed: number): boolean {
  const { breaches, faults, restMs } = runSeed(seed, options, values.verbose ? say : null);
  for (const { atMs, forMs, text } of faults) say(`fault at ${atMs} for ${forMs} ms: ${text}`);
  for (const { invariant, what } of breaches) say(`${invariant}: ${what}`);
  say(breaches.length === 0 ? `seed ${seed}: at rest ${restMs} ms after the last fault` : `seed ${seed} FAILED`);
  return breaches.length === 0;
}

function many(from: number, count: number): boolean {
  const startMs = performance.now();
  const rests: number[] = [];
  let failed = 0;
  for (let seed = from; seed < from + count; seed++) {
    const { breaches, restMs } = runSeed(seed, options);
    rests.push(restMs);
    if (breaches.length === 0) continue;
    failed++;
    say(`seed ${seed} FAILED: ${breaches.map(({ invariant, what }) => `${invariant}: ${what}`).join("; ")}`);
  }
  rests.sort((one, other) => one - other);
  const at = (share: number): number => rests[Math.min(rests.length - 1, Math.floor(share * rests.length))] ?? 0;
  say(
    `${count} seeds, ${failed} failed; at rest after ${at(0.5)} ms (median), ${at(0.99)} ms (99 %), ${at(1)} ms (all)`,
  );
  say(`${((performance.now() - startMs) / count).toFixed(1)} ms a seed`);
  return failed === 0;
}

function bars(): boolean {
  let isMet = true;
  for (const { scenario, what, most, measure } of [...BARS, ...SCALE]) {
    const seen = Math.round(measure() * 100) / 100;
    isMet &&= seen <= most;
    say(`| ${scenario} | ${what} | ${most} | ${seen} | ${seen <= most ? "met" : "MISSED"} |`);
  }
  return isMet;
}
