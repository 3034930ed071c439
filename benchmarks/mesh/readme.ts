// Saves runs of the mesh benchmark, and writes the table of docs/performance.md from the newest one. Run by itself, or by run.ts.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isWithin } from "../../test/support/mesh-bars/bar.ts";
import { type MeshResults, meshTable } from "./report.ts";

/** A file of benchmarks/results. */
export interface SavedMeshRun {
  /** ISO time; the newest run is the page's. */
  readonly endedAt: string;
  readonly machine: string;
  readonly results: MeshResults;
}

/** Writes a run to benchmarks/results and answers the file. What was not measured now stays there. */
export function saveMeshRun(name: string, run: SavedMeshRun): string {
  const file = join(RESULTS, `mesh-${name}.json`);
  const old = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as SavedMeshRun).results : null;
  const { probes, listeners, verdict, pages, bars } = run.results;
  // In the order in which they first came.
  const known = new Map((old?.bars ?? []).map((bar) => [bar.name, bar]));
  for (const bar of bars) known.set(bar.name, bar);
  const results: MeshResults = {
    probes: probes.length > 0 ? probes : (old?.probes ?? []),
    listeners: listeners.length > 0 ? listeners : (old?.listeners ?? []),
    verdict: verdict ?? old?.verdict ?? null,
    pages: pages ?? old?.pages ?? null,
    bars: [...known.values()],
  };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...run, results }, null, 1)}\n`);
  return file;
}

/** The page's text with the table of the newest run between its marks; as it was when no run was saved. */
export function pageWithMeshTable(page: string): string {
  const newest = savedRuns()
    .sort((a, b) => a.endedAt.localeCompare(b.endedAt))
    .at(-1);
  if (newest === undefined) return page;
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`docs/performance.md lacks ${BEGIN} and ${END}`);
  const text = [
    meshTable(newest.results),
    "",
    "Loopback endpoints, HTTP checks; listener figures are medians of interleaved pairs with and without checks at the same rate, the",
    `listener alone on its core. Mesh: processes on a real nats-server, checks with T = 1 s, timeout 0.5 s, 3 failures; ${excused(newest.results)} times`,
    `were over their bar by less than a thread that only wakes up was late meanwhile, which is not held against them. ${newest.machine}.`,
  ].join("\n");
  return `${page.slice(0, from + BEGIN.length)}\n${text}\n${page.slice(to)}`;
}

/** Writes docs/performance.md anew. */
export function updatePage(): void {
  writeFileSync(PAGE, pageWithMeshTable(readFileSync(PAGE, "utf8")));
}

function savedRuns(): SavedMeshRun[] {
  if (!existsSync(RESULTS)) return [];
  const files = readdirSync(RESULTS).filter((file) => file.startsWith("mesh-") && file.endsWith(".json"));
  return files.map((file) => {
    const run = JSON.parse(readFileSync(join(RESULTS, file), "utf8")) as SavedMeshRun;
    // Runs from before the mesh have no bars.
    return { ...run, results: { ...run.results, bars: run.results.bars ?? [] } };
  });
}

/** How many figures are within their bars only because the machine was late. */
function excused({ bars }: MeshResults): number {
  const over = bars.map(({ figures }) => figures.filter(({ value, most }) => most !== null && value > most));
  const within = bars.map((bar, i) => over[i]?.filter((figure) => isWithin(bar, figure)).length ?? 0);
  return within.reduce((sum, count) => sum + count, 0);
}

const HERE = dirname(fileURLToPath(import.meta.url));
const RESULTS = join(HERE, "../results");
const PAGE = join(HERE, "../../docs/performance.md");
const BEGIN = "<!-- bench:mesh -->";
const END = "<!-- /bench:mesh -->";

if (process.argv[1] === fileURLToPath(import.meta.url)) updatePage();
