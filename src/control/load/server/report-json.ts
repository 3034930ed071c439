// Reports as JSON: a line of the log, a line of an appended file, and back. Called by log-lines.ts and append-file.ts.

import type { ReportedCluster, ReportedCounts } from "./load-report.ts";
import type { CountedReport } from "./lrs-events.ts";

/** One cluster of a report. */
export interface ClusterJson {
  readonly cluster: string;
  readonly service?: string;
  readonly interval_ms: number;
  readonly dropped: number;
  readonly dropped_by?: Readonly<Record<string, number>>;
  readonly localities: readonly LocalityJson[];
}

/** Counts; those of connections only when there are some. */
export interface CountsJson {
  readonly success: number;
  readonly error: number;
  readonly issued: number;
  readonly active: number;
  readonly cx_total?: number;
  readonly cx_connect_fail?: number;
  readonly cx_active?: number;
}

/** One cluster as it was reported. */
export function clusterJson({ cluster, service, intervalMs, droppedTotal, ...rest }: ReportedCluster): ClusterJson {
  const dropped = rest.dropped.map(({ category, count }) => [category, count] as const);
  return {
    cluster,
    ...(service === "" ? {} : { service }),
    interval_ms: Math.round(intervalMs * 1_000) / 1_000,
    dropped: droppedTotal,
    ...(dropped.length === 0 ? {} : { dropped_by: Object.fromEntries(dropped) }),
    localities: rest.localities.map(({ region, zone, subZone, priority, counts, endpoints }) => ({
      ...{ region, zone, sub_zone: subZone, priority },
      ...countsJson(counts),
      ...(endpoints.length === 0
        ? {}
        : { endpoints: endpoints.map((endpoint) => ({ address: endpoint.address, ...countsJson(endpoint.counts) })) }),
    })),
  };
}

/** Counts with the names that /stats has. */
export function countsJson({
  success,
  error,
  issued,
  active,
  cxTotal,
  cxFailed,
  cxActive,
}: ReportedCounts): CountsJson {
  const base = { success, error, issued, active };
  if (cxTotal + cxFailed + cxActive === 0) return base;
  return { ...base, cx_total: cxTotal, cx_connect_fail: cxFailed, cx_active: cxActive };
}

/** A line of an appended file, without its end. */
export function reportLine(time: string, { node, nodeCluster, identity, clusters }: CountedReport): string {
  return JSON.stringify({
    time,
    node: { id: node, cluster: nodeCluster },
    ...(identity ?? {}),
    clusters: clusters.map(clusterJson),
  });
}

/** The report of such a line; null for a line that is none, as one that a crash cut short. */
export function readReportLine(line: string): CountedReport | null {
  try {
    const { node, instance, sequence, clusters } = JSON.parse(line) as LineJson;
    return {
      node: textOf(node.id),
      nodeCluster: textOf(node.cluster),
      identity: instance === undefined ? null : { instance: textOf(instance), sequence: countOf(sequence) },
      clusters: clusters.map(readCluster),
    };
  } catch {
    return null;
  }
}

interface LocalityJson extends CountsJson {
  readonly region: string;
  readonly zone: string;
  readonly sub_zone: string;
  readonly priority: number;
  readonly endpoints?: readonly ({ readonly address: string } & CountsJson)[];
}

interface LineJson {
  readonly node: { readonly id: string; readonly cluster: string };
  readonly instance?: string;
  readonly sequence?: number;
  readonly clusters: readonly ClusterJson[];
}

function readCluster(json: ClusterJson): ReportedCluster {
  return {
    cluster: textOf(json.cluster),
    service: textOf(json.service ?? ""),
    intervalMs: json.interval_ms,
    droppedTotal: countOf(json.dropped),
    dropped: Object.entries(json.dropped_by ?? {}).map(([category, count]) => ({ category, count: countOf(count) })),
    localities: json.localities.map(({ region, zone, sub_zone: subZone, priority, endpoints = [], ...counts }) => ({
      ...{ region: textOf(region), zone: textOf(zone), subZone: textOf(subZone), priority: countOf(priority) },
      counts: readCounts(counts),
      endpoints: endpoints.map(({ address, ...own }) => ({ address: textOf(address), counts: readCounts(own) })),
    })),
  };
}

function readCounts(json: CountsJson): ReportedCounts {
  return {
    success: countOf(json.success),
    error: countOf(json.error),
    issued: countOf(json.issued),
    active: countOf(json.active),
    cxTotal: countOf(json.cx_total ?? 0),
    cxFailed: countOf(json.cx_connect_fail ?? 0),
    cxActive: countOf(json.cx_active ?? 0),
  };
}

function countOf(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError("no count");
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError("no text");
}
