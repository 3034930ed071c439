// One picture of `starling lrs-server --top`, as lines: what is reported now, with rates since the picture before, and the end of the log.
// Called by lrs-server.ts.
import { localityName, type ShownServer } from "../../control/load/server/stats-pages.ts";
import type { ClusterTotals, Sums } from "../../control/load/server/totals.ts";
import { printable } from "../../control/mesh/events/read-event.ts";
import { duration } from "../../control/mesh/view/mesh-text.ts";

/** Draws pictures in turn. */
export class LrsFrame {
  private readonly server: ShownServer;
  private readonly startMs: number;
  /** What had ended at the pictures before, the oldest first. */
  private readonly before: { readonly atMs: number; readonly ended: ReadonlyMap<Sums, number> }[] = [];

  /** `startMs`: of the clock that pictures have their time from. */
  constructor(server: ShownServer, startMs: number) {
    this.server = server;
    this.startMs = startMs;
  }

  /** The picture at a time; `log`: lines of the log, the newest last. */
  linesAt(nowMs: number, log: readonly string[]): string[] {
    const { counts, streams, nodes, totals } = this.server.state;
    const shown = [...totals.clusters.values()].flatMap(shownOf);
    const ended = new Map(shown.map(({ sums }) => [sums, sums.success + sums.error]));
    const rows = shown.slice(0, ROWS_MAX).map((one) => this.rowOf(one, nowMs));
    const hidden = shown.length - rows.length;
    this.before.push({ atMs: nowMs, ended });
    if (this.before.length > RATE_PICTURES) this.before.shift();
    return [
      `up ${duration(nowMs - this.startMs)}; ${streams.size} streams of ${nodes.size} known nodes; ` +
        `${counts.reports} reports, ${counts.reports_repeated} repeated, ${counts.messages_malformed} malformed`,
      "",
      ...tableLines([HEAD, ...rows]),
      ...(hidden > 0 ? [`… ${hidden} more`] : []),
      ...(log.length === 0 ? [] : ["", ...log]),
    ];
  }

  /** Rates are over some pictures: reports are further apart than those. */
  private rowOf({ name, sums, dropped }: Shown, nowMs: number): Row {
    const { success, error, active } = sums;
    const [oldest] = this.before;
    if (oldest === undefined) return [name, "", `${success}`, `${error}`, `${active}`, dropped];
    const seconds = Math.max(0.001, (nowMs - oldest.atMs) / 1_000);
    const rate = (success + error - (oldest.ended.get(sums) ?? 0)) / seconds;
    return [name, rate.toFixed(1), `${success}`, `${error}`, `${active}`, dropped];
  }
}

interface Shown {
  readonly name: string;
  readonly sums: Sums;
  readonly dropped: string;
}

/** A cluster with its localities and endpoints below it. */
function shownOf({ cluster, sums, dropped, localities }: ClusterTotals): Shown[] {
  const below = [...localities.values()].flatMap((locality) => [
    { name: `  ${localityName(locality)}`, sums: locality.sums, dropped: "" },
    ...[...locality.endpoints.values()].map((one) => ({ name: `    ${one.address}`, sums: one.sums, dropped: "" })),
  ]);
  return [{ name: cluster, sums, dropped: `${dropped}` }, ...below].map((one) => ({
    ...one,
    name: printable(one.name),
  }));
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

/** Six seconds, when drawn each second. */
const RATE_PICTURES = 6;
const ROWS_MAX = 500;
const HEAD: Row = ["cluster, locality, endpoint", "per s", "success", "error", "active", "dropped"];
