// Figures of the mesh benchmark, their bars, and the Markdown table of a run.

import { isWithin, type MeasuredBar } from "../../test/support/mesh-bars/bar.ts";
import type { TargetWindow } from "./target-window.ts";
import type { LoopDelay } from "./threads.ts";
import type { VerdictTimes } from "./verdict.ts";

/** Whether connections stay open between two probes. */
export type Mode = "kept" | "anew";

/** Probes of many endpoints. */
export interface ProbeFigures {
  readonly endpoints: number;
  readonly checks: Mode;
  /** From the process's start to its first accepted connection: the first round is in it. */
  readonly readyMs: number;
  readonly seconds: number;
  readonly probesPerSecond: number;
  readonly expectedPerSecond: number;
  /** By Starling's own counters. */
  readonly attempts: number;
  readonly failures: number;
  /** Connections that came in the window. */
  readonly connections: number;
  /** Endpoints that were probed. */
  readonly addresses: number;
  /** Probes more than a twentieth of the interval beyond it. */
  readonly late: number;
  readonly gapMs: TargetWindow["gapMs"];
  readonly silentMs: number;
  /** Share of a core that the health thread used. */
  readonly healthCore: number;
  /** Share of the time that it was ready to run and other processes had its core: a late probe then says nothing. */
  readonly waitShare: number;
  readonly rssBytes: number;
  /** What the process logged. */
  readonly warnings: readonly string[];
}

/** A listener beside checks and without. */
export interface ListenerFigures {
  readonly endpoints: number;
  readonly checks: Mode;
  readonly pairs: readonly { readonly without: ListenerSide; readonly beside: ListenerSide }[];
  /** CPU per request beside checks to that without: median of the pairs. */
  readonly ratio: number;
  /** p99 of event-loop delay beside checks less that without: median of the pairs. */
  readonly delayMoreMs: number;
}

interface ListenerSide {
  readonly cpuMicros: number;
  readonly requestsPerSecond: number;
  readonly delay: LoopDelay;
}

/** Start and admin pages with many endpoints. */
export interface PageFigures {
  readonly endpoints: number;
  readonly readyMs: number;
  readonly rssBytes: number;
  readonly pages: readonly { readonly path: string; readonly ms: number; readonly bytes: number }[];
}

/** All that a run measured. */
export interface MeshResults {
  readonly probes: readonly ProbeFigures[];
  readonly listeners: readonly ListenerFigures[];
  readonly verdict: VerdictTimes | null;
  readonly pages: PageFigures | null;
  readonly bars: readonly MeasuredBar[];
}

/** The table. */
export function meshTable({ probes, listeners, verdict, pages, bars }: MeshResults): string {
  const rows: string[][] = [];
  for (const one of probes) {
    const what = `${modeText(one)} at 5 s`;
    const share = one.probesPerSecond / one.expectedPerSecond;
    rows.push([
      `Probes of ${what}: late ones`,
      `${one.late} of ${Math.round(one.probesPerSecond * one.seconds)} (${(share * 100).toFixed(1)} % of what is due, longest gap ${(one.gapMs.max / 1000).toFixed(2)} s)`,
      "0",
    ]);
    rows.push([`Health thread, ${what}`, `${(one.healthCore * 100).toFixed(0)} % of a core`, "≤ 70 %"]);
  }
  for (const one of listeners) {
    rows.push([
      `Listener beside ${modeText(one)}: CPU per request`,
      `${one.ratio.toFixed(3)} × without checks`,
      "≤ 1.03 ×",
    ]);
    rows.push([`The same: p99 of event-loop delay`, `${signed(one.delayMoreMs)} ms`, "≤ +1 ms"]);
  }
  if (verdict !== null) {
    rows.push([
      `Verdict on one of ${count(verdict.endpoints)} to the next pick of another thread`,
      `${(verdict.p50Us / 1000).toFixed(2)} ms (p99 ${(verdict.p99Us / 1000).toFixed(2)} ms)`,
      "≤ 1 ms",
    ]);
  }
  if (pages !== null) {
    const shown = pages.pages.map(({ path, ms }) => `/${path} ${Math.round(ms)} ms`).join(", ");
    rows.push([
      `Start with ${count(pages.endpoints)} endpoints, and their pages`,
      `${(pages.readyMs / 1000).toFixed(1)} s; ${shown}`,
      "–",
    ]);
  }
  for (const bar of bars) {
    const shown = bar.figures.map((figure) => figureText(figure, isWithin(bar, figure)));
    rows.push([`Mesh: ${bar.scenario}`, shown.join("; "), "in brackets"]);
  }
  const head = ["Work", "Starling", "bar"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function modeText({ endpoints, checks }: { readonly endpoints: number; readonly checks: Mode }): string {
  return `${count(endpoints)} endpoints, ${checks === "kept" ? "connections kept" : "a connection each time"},`;
}

function figureText({ what, value, most }: MeasuredBar["figures"][number], isKept: boolean): string {
  const bar = most === null ? "" : ` (≤ ${shownNumber(most)}${isKept ? "" : ", **missed**"})`;
  return `${what}: ${shownNumber(value)}${bar}`;
}

function shownNumber(value: number): string {
  return (value < 100 ? Math.round(value * 10) / 10 : Math.round(value)).toLocaleString("en-US");
}

function count(of: number): string {
  return of.toLocaleString("en-US");
}

function signed(ms: number): string {
  return `${ms < 0 ? "−" : "+"}${Math.abs(ms).toFixed(2)}`;
}
