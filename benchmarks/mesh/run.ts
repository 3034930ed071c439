// `npm run bench:mesh`: what health checks of many endpoints cost: their thread, the listeners beside them, a verdict's way, the pages.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BARS } from "../../test/scenario/mesh-bars/bars.ts";
import type { MeasuredBar } from "../../test/support/mesh-bars/bar.ts";
import { measureBar } from "../../test/support/mesh-bars/measure-bar.ts";
import { freePort, machine } from "../hop/machine.ts";
import { fill } from "../hop/peers.ts";
import { portReady, startPinned } from "../hop/process.ts";
import { LISTENER_CORE, OTHER_CORE } from "./checked-node.ts";
import { saveMeshRun, updatePage } from "./readme.ts";
import { type ListenerFigures, type MeshResults, meshTable, type PageFigures, type ProbeFigures } from "./report.ts";
import { measureListener, measurePages, measureProbes, type RowHouse } from "./rows.ts";
import { pinThreads } from "./threads.ts";
import { type VerdictTimes, verdictTimes } from "./verdict.ts";

const ROWS = ["probes", "listeners", "verdict", "pages", "mesh"] as const;
const HELP = `Usage: npm run bench:mesh -- [--rows probes,listeners] [--modes kept,anew] [--endpoints 20000] [--seconds 20] [--pairs 5]
                              [--save NAME] [--profile DIR] [--bars refuses,hangs]
Health checks of many loopback endpoints at a 5 s interval: probes (lateness, CPU of the health thread), listeners (CPU per request and
event-loop delay beside checks), verdict (flag to pick), pages (start, admin pages), mesh (its bars with real
processes, nats-server and faults, ${BARS.length} of them: ${BARS.map(({ name }) => name).join(", ")}). "kept": connections stay open between two probes, of
as many endpoints as the limit of open files leaves room for; "anew": a connection each time.
Rows: ${ROWS.join(", ")}`;

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: ROWS.join() },
    modes: { type: "string", default: "kept,anew" },
    endpoints: { type: "string", default: "20000" },
    seconds: { type: "string", default: "20" },
    pairs: { type: "string", default: "5" },
    save: { type: "string" },
    bars: { type: "string", default: BARS.map(({ name }) => name).join() },
    profile: { type: "string", default: "" },
    help: { type: "boolean", short: "h", default: false },
  },
});

/** Descriptors that are not for probes, as the health side counts. */
const SPARE_FILES = 2_000;
const TARGET = fileURLToPath(new URL("probe-target.ts", import.meta.url));

if (options.help) console.log(HELP);
else await main();

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-"));
  chmodSync(folder, 0o755);
  const [used, target, control] = [await freePort(), await freePort(), await freePort()];
  const backendFile = fill("backend.cfg", folder, { UPSTREAM: used, UPSTREAM_H2: await freePort(), BODY: "x" });
  const backend = startPinned(OTHER_CORE, ["haproxy", "-db", "-f", backendFile], join(folder, "backend.log"));
  const targets = startPinned(
    LISTENER_CORE,
    [process.execPath, TARGET, String(target), String(control)],
    join(folder, "target.log"),
  );
  const house: RowHouse = {
    folder,
    seconds: Number(options.seconds),
    pairs: Number(options.pairs),
    room: openFilesMax() - SPARE_FILES,
    profiles: options.profile,
    ports: { used, target, control },
    freePort,
  };
  try {
    await portReady(backend, used);
    await portReady(targets, control);
    const results = await measure(house, (core) => pinThreads(targets.pid, [], core, core));
    console.log(`\n${machine()}\n\n${meshTable(results)}`);
    if (options.save === undefined) return;
    console.log(
      `\nsaved as ${saveMeshRun(options.save, { endedAt: new Date().toISOString(), machine: machine(), results })}`,
    );
    updatePage();
  } finally {
    await targets.stop();
    await backend.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(house: RowHouse, pinTargets: (core: string) => void): Promise<MeshResults> {
  const rows = options.rows.split(",");
  const modes = (["kept", "anew"] as const).filter((mode) => options.modes.split(",").includes(mode));
  const endpoints = Number(options.endpoints);
  const room = Math.min(endpoints, Math.floor(house.room / 1_000) * 1_000);
  const probes: ProbeFigures[] = [];
  const listeners: ListenerFigures[] = [];
  let verdict: VerdictTimes | null = null;
  let pages: PageFigures | null = null;
  if (rows.includes("pages")) pages = shown(await measurePages(house, endpoints));
  if (rows.includes("verdict")) verdict = shown(await verdictTimes(endpoints));
  const bars = rows.includes("mesh") ? await measureBars(options.bars.split(",")) : [];
  for (const mode of modes) {
    const many = mode === "kept" ? room : endpoints;
    if (rows.includes("probes")) probes.push(shown(await measureProbes(house, many, mode)));
    if (!rows.includes("listeners")) continue;
    // Beside a listener that is measured the targets share the other core with everything else.
    pinTargets(OTHER_CORE);
    listeners.push(await measureListener(house, many, mode));
    pinTargets(LISTENER_CORE);
  }
  return { probes, listeners, verdict, pages, bars };
}

async function measureBars(names: readonly string[]): Promise<MeasuredBar[]> {
  const measured: MeasuredBar[] = [];
  for (const bar of BARS.filter(({ name }) => names.includes(name))) measured.push(shown(await measureBar(bar)));
  return measured;
}

function shown<T>(figures: T): T {
  console.log(figures);
  return figures;
}

/** How many files this process and those that it starts may hold. */
function openFilesMax(): number {
  const line = /^Max open files +(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "latin1"));
  return line?.[1] === "unlimited" ? Number.POSITIVE_INFINITY : Number(line?.[1]);
}
