// One picture of `starling lrs-server --top`, as lines: what is reported now, with rates since the picture before, and the end of the log.
// Called by lrs-server.ts.
import { localityName, type ShownServer } from "../../control/load/server/stats-pages.ts";
import type { Sums } from "../../control/load/server/totals.ts";
import { duration } from "../../control/mesh/view/mesh-text.ts";

/** Draws pictures in turn. */
export class LrsFrame {
  private readonly server: ShownServer;
  private readonly startMs: number;
  private before: { readonly atMs: number; readonly ended: ReadonlyMap<Sums, number> } | null = null;

  /** `startMs`: of the clock that pictures have their time from. */
  constructor(server: ShownServer, startMs: number) {
    this.server = server;
    this.startMs = startMs;
  }

  /** The picture at a time; `log`: lines of the log, the newest last. */
  linesAt(nowMs: number, log: readonly string[]): string[] {
    const { state } = this.server;
    const { counts, streams, nodes, totals } = state;
    const ended = new Map<Sums, number>();
    const rows: Row[] = [HEAD];
    const add = (name: string, sums: Sums, dropped: string): void => {
      ended.set(sums, sums.success + sums.error);
      rows.push(this.row(name, { sums, dropped }, nowMs));
    };
    for (const cluster of totals.clusters.values()) {
      add(cluster.cluster, cluster.sums, `${cluster.dropped}`);
      for (const locality of cluster.localities.values()) {
        add(`  ${localityName(locality)}`, locality.sums, "");
        for (const { address, sums } of locality.endpoints.values()) add(`    ${address}`, sums, "");
      }
    }
    this.before = { atMs: nowMs, ended };
    return [
      `up ${duration(nowMs - this.startMs)}; ${streams.size} streams of ${nodes.size} known nodes; ` +
        `${counts.reports} reports, ${counts.reports_repeated} repeated, ${counts.messages_malformed} malformed`,
      "",
      ...tableLines(rows),
      ...(log.length === 0 ? [] : ["", ...log]),
    ];
  }

  private row(name: string, { sums, dropped }: { sums: Sums; dropped: string }, nowMs: number): Row {
    const { success, error, active } = sums;
    const seconds = this.before === null ? 0 : (nowMs - this.before.atMs) / 1_000;
    const rate = (success + error - (this.before?.ended.get(sums) ?? 0)) / Math.max(0.001, seconds);
    return [name, this.before === null ? "" : rate.toFixed(1), `${success}`, `${error}`, `${active}`, dropped];
  }
}

type Row = readonly string[];

/** The first column to the left, the others to the right. */
function tableLines(rows: readonly Row[]): string[] {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

const HEAD: Row = ["cluster, locality, endpoint", "per s", "success", "error", "active", "dropped"];
