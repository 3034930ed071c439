// Saves runs, and writes the README's performance table from the newest one. Run by itself, or by run.ts after a saved run.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { markdownTable, type RowResult } from "./report.ts";
import { WORKLOADS } from "./workloads.ts";

/** A file of benchmarks/results. JSON has no NaN: a figure that a row does not have is null there. */
export interface SavedRun {
  /** ISO time; the newest run is the README's. */
  readonly endedAt: string;
  readonly machine: string;
  readonly rounds: number;
  /** What each peer said of its version. */
  readonly versions: Readonly<Record<string, string>>;
  readonly results: readonly RowResult[];
}

/** Writes a run to benchmarks/results and answers the file. Rows of that name that were not measured now stay there. */
export function saveRun(name: string, run: SavedRun): string {
  const file = join(RESULTS, `${name}.json`);
  const old = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as SavedRun) : null;
  const results = WORKLOADS.flatMap((row) => {
    const isRow = (one: RowResult): boolean => one.row.name === row.name;
    return run.results.find(isRow) ?? old?.results.find(isRow) ?? [];
  });
  const saved: SavedRun = { ...run, versions: { ...old?.versions, ...run.versions }, results };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(file, `${JSON.stringify(saved, null, 1)}\n`);
  return file;
}

/** The run that the documentation has its figures from. */
export function newestRun(): SavedRun | undefined {
  return savedRuns()
    .sort((a, b) => a.endedAt.localeCompare(b.endedAt))
    .at(-1);
}

/** README's text with the table of the newest run between its marks; as it was when no run was saved. */
export function readmeWithTable(readme: string): string {
  const newest = newestRun();
  if (newest === undefined) return readme;
  const versions = Object.entries(newest.versions).map(([peer, version]) => `${peer}: ${version}`);
  const text = [
    markdownTable(newest.results),
    "",
    `CPU of the proxy per request and the rate (1 worker: one core), the p99 of latency, or resident memory; medians of ${newest.rounds} rounds.`,
    `"ratio" is Starling's to Envoy's (in TCP rows HAProxy's) in the same round, or to its own row with one worker. ${newest.machine}.`,
    `${versions.join("; ")}.`,
  ].join("\n");
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from < 0 || to < from) throw new Error(`README.md lacks ${BEGIN} and ${END}`);
  return `${readme.slice(0, from + BEGIN.length)}\n${text}\n${readme.slice(to)}`;
}

/** Writes README.md anew. */
export function updateReadme(): void {
  writeFileSync(README, readmeWithTable(readFileSync(README, "utf8")));
}

function savedRuns(): SavedRun[] {
  if (!existsSync(RESULTS)) return [];
  const files = readdirSync(RESULTS).filter((file) => file.endsWith(".json") && !file.startsWith(MESH_PREFIX));
  return files.map((file) => JSON.parse(readFileSync(join(RESULTS, file), "utf8")) as SavedRun);
}

const HERE = dirname(fileURLToPath(import.meta.url));
const RESULTS = join(HERE, "../results");
const README = join(HERE, "../../README.md");
/** Runs of the mesh benchmark lie beside these. */
const MESH_PREFIX = "mesh-";
const BEGIN = "<!-- bench -->";
const END = "<!-- /bench -->";

if (process.argv[1] === fileURLToPath(import.meta.url)) updateReadme();
