// What /clusters says of outlier detection. Asked by clusters.ts; the percentages are those of the shared table, -1 for none.
import { OutlierRate, type OutlierTable } from "../../../telemetry/outlier-table.ts";

/** Lines of a cluster that has outlier detection, without its name. */
export function outlierLines(table: OutlierTable, row: number): string[] {
  return LINES.map(([name, rate]) => `outlier::${name}::${sixDigits(row < 0 ? -1 : table.rowRate(row, rate))}`);
}

/** A success rate as JSON has it: none below zero; protobuf leaves the value of a zero out. */
export function rateJson(name: string, percent: number): Record<string, unknown> {
  return percent < 0 ? {} : { [name]: percent === 0 ? {} : { value: percent } };
}

/** A threshold as JSON has it: only above zero. */
export function thresholdJson(name: string, percent: number): Record<string, unknown> {
  return percent > 0 ? { [name]: { value: percent } } : {};
}

/** As C++ prints a double unless told otherwise. */
function sixDigits(value: number): string {
  return String(Number(value.toPrecision(6)));
}

const LINES = [
  ["success_rate_average", OutlierRate.Average],
  ["success_rate_ejection_threshold", OutlierRate.Threshold],
  ["local_origin_success_rate_average", OutlierRate.LocalAverage],
  ["local_origin_success_rate_ejection_threshold", OutlierRate.LocalThreshold],
] as const;
