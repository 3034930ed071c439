// What load reports come to: each cluster's counts added up over all of them, so that it does not matter how many there were.
import assert from "node:assert/strict";
import type { LrsClusterStats, LrsCounts } from "./lrs-recorder.ts";

/** Counts of each cluster by what they are of; with `isLong` also the most requests in progress that one report told. */
export function sumsOf(clusters: readonly LrsClusterStats[], isLong: boolean): Record<string, Record<string, unknown>> {
  const sums: Record<string, Record<string, unknown>> = {};
  for (const one of clusters) {
    const sum = sums[one.cluster_name] ?? {};
    sums[one.cluster_name] = sum;
    assert.match(one.load_report_interval ?? "", /^[0-9.]+s$/);
    add(sum, "dropped", one.total_dropped_requests);
    for (const { category, dropped_count } of one.dropped_requests ?? [])
      add(sum, `dropped ${category}`, dropped_count);
    for (const stats of one.upstream_locality_stats ?? []) {
      const { region = "", zone = "", sub_zone: subZone = "" } = stats.locality ?? {};
      assert.ok(stats.locality !== undefined);
      const key = `${region}/${zone}/${subZone} ${stats.priority ?? 0}`;
      addCounts(sum, key, stats, isLong);
      for (const endpoint of stats.upstream_endpoint_stats ?? []) {
        const of = `${key} ${JSON.stringify(endpoint.address).replaceAll(/127\.0\.0\.1|\W/g, "")}`;
        addCounts(sum, of, endpoint, isLong);
      }
    }
  }
  return sums;
}

/** Requests in progress that the clusters of one report tell together, by locality. */
export function inProgressOf(clusters: readonly LrsClusterStats[]): number {
  const localities = clusters.flatMap((one) => one.upstream_locality_stats ?? []);
  return localities.reduce((sum, one) => sum + Number(one.total_requests_in_progress ?? 0), 0);
}

function addCounts(sum: Record<string, unknown>, key: string, counts: LrsCounts, isLong: boolean): void {
  add(sum, `${key} success`, counts.total_successful_requests);
  add(sum, `${key} error`, counts.total_error_requests);
  add(sum, `${key} issued`, counts.total_issued_requests);
  if (!isLong) return;
  const before = Number(sum[`${key} in progress`] ?? 0);
  sum[`${key} in progress`] = Math.max(before, Number(counts.total_requests_in_progress ?? 0));
}

function add(sum: Record<string, unknown>, key: string, count: string | undefined): void {
  sum[key] = Number(sum[key] ?? 0) + Number(count ?? 0);
}
