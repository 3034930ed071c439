// What the mesh benchmark measures, one function a row. Called by run.ts.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { load } from "../hop/load.ts";
import { usageOf } from "../hop/process.ts";
import { median } from "../hop/report.ts";
import { LISTENER_CORE, OTHER_CORE, startCheckedNode } from "./checked-node.ts";
import { type HealthFile, INTERVAL_S } from "./health-file.ts";
import type { ListenerFigures, Mode, PageFigures, ProbeFigures } from "./report.ts";
import { endWindow, lateProbes } from "./target-window.ts";
import { threadWaitSeconds } from "./threads.ts";

/** What the rows share. */
export interface RowHouse {
  readonly folder: string;
  readonly seconds: number;
  /** How many endpoints' connections the limit of open files leaves room for. */
  readonly room: number;
  readonly pairs: number;
  /** Directory of CPU profiles; empty: none are made. */
  readonly profiles: string;
  readonly ports: Omit<HealthFile, "endpoints" | "checks" | "listen" | "admin"> & { readonly control: number };
  freePort(): Promise<number>;
}

/** Probes of many endpoints while nothing else is asked: their times from the endpoints' side, CPU of the health thread. */
export async function measureProbes(house: RowHouse, endpoints: number, checks: Mode): Promise<ProbeFigures> {
  const file = await newFile(house, endpoints, checks);
  if (house.seconds % INTERVAL_S !== 0) throw new Error(`--seconds is no multiple of the interval, ${INTERVAL_S}`);
  const nodeFlags = house.profiles === "" ? [] : ["--cpu-prof", `--cpu-prof-dir=${house.profiles}`];
  // The target answers on the listener's core, which is idle: a health thread that lacks its core would be late by no fault of its own.
  const node = await startCheckedNode(file, { folder: house.folder, nodeFlags });
  try {
    await sleep(2 * INTERVAL_S * 1000);
    const { health, pid } = node;
    if (health === null) throw new Error("no health thread");
    await endWindow(house.ports.control);
    const before = await attempts(file.admin);
    const cpu = node.cpuSeconds(health);
    const wait = threadWaitSeconds(pid, health);
    const begunMs = performance.now();
    await sleep(house.seconds * 1000);
    const elapsed = (performance.now() - begunMs) / 1000;
    const healthCore = (node.cpuSeconds(health) - cpu) / elapsed;
    const waitShare = (threadWaitSeconds(pid, health) - wait) / elapsed;
    const seen = await endWindow(house.ports.control);
    const after = await attempts(file.admin);
    const fresh = seen.connections / seen.probes;
    if (checks === "kept" ? fresh > 0.01 : fresh < 0.99) throw new Error(`${fresh} connections a probe, ${checks}`);
    return {
      endpoints,
      checks,
      readyMs: node.readyMs,
      seconds: seen.seconds,
      probesPerSecond: seen.probes / seen.seconds,
      expectedPerSecond: endpoints / INTERVAL_S,
      attempts: after.attempt - before.attempt,
      failures: after.failure - before.failure,
      connections: seen.connections,
      addresses: seen.addresses,
      late: lateProbes(seen, INTERVAL_S * 1000 + LATE_MS),
      gapMs: seen.gapMs,
      silentMs: seen.silentMs,
      healthCore,
      waitShare,
      rssBytes: usageOf(pid).rssBytes,
      warnings: readFileSync(node.logFile, "utf8")
        .split("\n")
        .filter((line) => line !== ""),
    };
  } finally {
    await node.stop();
  }
}

/** CPU per request and event-loop delay of a listener beside checks and without, in interleaved pairs at the same rate. */
export async function measureListener(house: RowHouse, endpoints: number, checks: Mode): Promise<ListenerFigures> {
  const pairs: ListenerFigures["pairs"][number][] = [];
  for (let i = 0; i < house.pairs; i++) {
    // Which goes first alternates: what drifts hits both alike.
    const order = i % 2 === 0 ? (["none", checks] as const) : ([checks, "none"] as const);
    const sides = new Map<string, Side>();
    for (const one of order) sides.set(one, await measureSide(house, endpoints, one));
    const pair = { without: sides.get("none") as Side, beside: sides.get(checks) as Side };
    pairs.push(pair);
    console.log(`#${i} ${endpoints} ${checks}: without ${sideText(pair.without)}; beside ${sideText(pair.beside)}`);
  }
  return {
    endpoints,
    checks,
    pairs,
    ratio: median(pairs.map(({ without, beside }) => beside.cpuMicros / without.cpuMicros)),
    delayMoreMs: median(pairs.map(({ without, beside }) => beside.delay.p99Ms - without.delay.p99Ms)),
  };
}

type Side = ListenerFigures["pairs"][number]["beside"];

async function measureSide(house: RowHouse, endpoints: number, checks: Mode | "none"): Promise<Side> {
  const file = await newFile(house, endpoints, checks);
  const node = await startCheckedNode(file, { folder: house.folder });
  try {
    const base = {
      url: `http://127.0.0.1:${file.listen}/`,
      protocol: "http1" as const,
      connections: 32,
      streams: 1,
      rate: RATE,
      core: OTHER_CORE,
      call: "",
      warmUpSeconds: 0,
    };
    await load({ ...base, seconds: 2 * INTERVAL_S });
    await node.endDelayWindow();
    const cpu = node.cpuSeconds(node.listener);
    const result = await load({ ...base, seconds: house.seconds });
    const cpuMicros = ((node.cpuSeconds(node.listener) - cpu) * 1e6) / result.succeeded;
    const delay = await node.endDelayWindow();
    if (result.failed > 0) throw new Error(`${result.failed} requests failed`);
    return { cpuMicros, requestsPerSecond: result.requestsPerSecond, delay };
  } finally {
    await node.stop();
  }
}

/** How long a start with so many endpoints takes, and the pages that show them. */
export async function measurePages(house: RowHouse, endpoints: number): Promise<PageFigures> {
  const file = await newFile(house, endpoints, "none");
  const node = await startCheckedNode(file, { folder: house.folder, healthCore: LISTENER_CORE });
  try {
    const page = async (path: string) => {
      const begunMs = performance.now();
      const text = await (await fetch(`http://127.0.0.1:${file.admin}/${path}`)).text();
      return { path, ms: performance.now() - begunMs, bytes: text.length };
    };
    const pages: PageFigures["pages"][number][] = [];
    for (const path of PAGES) pages.push(await page(path));
    return { endpoints, readyMs: node.readyMs, rssBytes: usageOf(node.pid).rssBytes, pages };
  } finally {
    await node.stop();
  }
}

async function newFile(house: RowHouse, endpoints: number, mode: Mode | "none"): Promise<HealthFile> {
  const { used, target } = house.ports;
  // Where there is no room for so many connections Starling closes them by itself, and says so.
  const isOff = mode === "anew" && endpoints <= house.room;
  const checks = mode === "none" ? "none" : isOff ? "no reuse" : "reuse";
  return { listen: await house.freePort(), admin: await house.freePort(), used, target, endpoints, checks };
}

async function attempts(admin: number): Promise<{ attempt: number; failure: number }> {
  const text = await (await fetch(`http://127.0.0.1:${admin}/stats?filter=^cluster.checked.health_check`)).text();
  const of = (name: string): number =>
    Number(new RegExp(`^cluster\\.checked\\.health_check\\.${name}: (\\d+)$`, "m").exec(text)?.[1] ?? Number.NaN);
  return { attempt: of("attempt"), failure: of("failure") };
}

function sideText({ cpuMicros, delay, requestsPerSecond }: Side): string {
  return `${cpuMicros.toFixed(1)} µs at ${Math.round(requestsPerSecond)}/s, delay p99 ${delay.p99Ms.toFixed(2)} ms`;
}

/** Later than this beyond its interval a probe counts as late: a twentieth of the interval. */
const LATE_MS = 250;
/** Requests a second: the listener is about an eighth busy, and the other core has time for the checks beside the load. */
const RATE = 4_000;
const PAGES = ["clusters", "clusters?format=json", "stats", "stats/prometheus", "config_dump"] as const;
