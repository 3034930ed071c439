// Endpoints that fail more than their siblings: the statistics of one interval, as Envoy's processSuccessRateEjections has them.
import type { OutlierPlan } from "../../../config/plan/health-check.ts";
import { OutlierCount, OutlierRate } from "../../../telemetry/outlier-table.ts";
import { add, ejectOutlier } from "./ejection.ts";
import type { OutlierEffect } from "./outlier-effects.ts";
import { type OutlierCluster, type OutlierHost, type OutlierState, rulesOf } from "./outlier-state.ts";

/** Answers, or connections where a cluster tells the two apart. */
export type Origin = "external" | "local";

/** Looks at what the interval that ends now brought; the counts begin at zero again. */
export function judgeRates(
  state: OutlierState,
  cluster: OutlierCluster,
  origin: Origin,
  nowMs: number,
): OutlierEffect[] {
  const { row } = cluster;
  const { table } = state.senses;
  const rules = rulesOf(state, cluster);
  const columns = COLUMNS[origin];
  const samples = takeSamples(state, cluster, origin);
  table.setRowRate(row, columns.average, -1);
  table.setRowRate(row, columns.threshold, -1);
  const hosts = cluster.hosts.size;
  if (hosts < rules.successRateMinimumHosts && hosts < rules.failurePercentageMinimumHosts) return [];
  const least = Math.min(rules.successRateRequestVolume, rules.failurePercentageRequestVolume);
  for (const { host, rate, volume } of samples) if (volume >= least) table.setRate(host.slot, columns.average, rate);
  return [
    ...judgeDeviation(state, cluster, origin, samples, nowMs),
    ...judgePercentage(state, cluster, origin, samples, nowMs),
  ];
}

/** Mean, and the rate below which an endpoint is an outlier: the mean less so many standard deviations. */
export function ejectionThreshold(
  rates: readonly number[],
  stdevFactor: number,
): { readonly average: number; readonly threshold: number } {
  const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - average) ** 2, 0) / rates.length;
  return { average, threshold: average - stdevFactor * Math.sqrt(variance) };
}

interface Sample {
  readonly host: OutlierHost;
  /** Percent that went well. */
  readonly rate: number;
  readonly volume: number;
}

/** What came to endpoints that are not ejected and had any requests; every count is emptied. */
function takeSamples({ senses }: OutlierState, { hosts }: OutlierCluster, origin: Origin): Sample[] {
  const { table } = senses;
  const { total, good, average } = COLUMNS[origin];
  const samples: Sample[] = [];
  for (const host of hosts.values()) {
    const { slot } = host;
    if (table.rate(slot, average) !== -1) table.setRate(slot, average, -1);
    if (table.read(slot, total) === 0) continue;
    // Successes first: a request that ends in between may lack its success in this interval, but none is counted above the total.
    const successes = table.take(slot, good);
    const volume = table.take(slot, total);
    if (!host.isEjected) samples.push({ host, rate: Math.min(100, (successes * 100) / volume), volume });
  }
  return samples;
}

function judgeDeviation(
  state: OutlierState,
  cluster: OutlierCluster,
  origin: Origin,
  samples: readonly Sample[],
  nowMs: number,
): OutlierEffect[] {
  const { row, statName } = cluster;
  const { table } = state.senses;
  const rules = rulesOf(state, cluster);
  const valid = samples.filter(({ volume }) => volume >= rules.successRateRequestVolume);
  if (valid.length === 0 || valid.length < rules.successRateMinimumHosts) return [];
  const rates = valid.map(({ rate }) => rate);
  const { average, threshold } = ejectionThreshold(rates, rules.successRateStdevFactor / 1000);
  const columns = COLUMNS[origin];
  table.setRowRate(row, columns.average, average);
  table.setRowRate(row, columns.threshold, threshold);
  const kind = origin === "external" ? "success_rate" : "local_origin_success_rate";
  return valid
    .filter(({ rate }) => rate < threshold)
    .flatMap(({ host, rate }) => {
      const details = { kind: "success_rate", rate, average, threshold } as const;
      // Deprecated by Envoy, and counted for both origins.
      return [add(statName, "ejections_success_rate"), ...ejectOutlier(state, cluster, host, { kind, details }, nowMs)];
    });
}

function judgePercentage(
  state: OutlierState,
  cluster: OutlierCluster,
  origin: Origin,
  samples: readonly Sample[],
  nowMs: number,
): OutlierEffect[] {
  const rules = rulesOf(state, cluster);
  const valid = samples.filter(({ volume }) => volume >= rules.failurePercentageRequestVolume);
  if (valid.length === 0 || valid.length < rules.failurePercentageMinimumHosts) return [];
  const kind = origin === "external" ? "failure_percentage" : "local_origin_failure_percentage";
  return valid
    .filter(({ rate }) => failsEnough(rules, rate))
    .flatMap(({ host, rate }) =>
      ejectOutlier(state, cluster, host, { kind, details: { kind: "failure_percentage", rate } }, nowMs),
    );
}

function failsEnough(rules: OutlierPlan, rate: number): boolean {
  return 100 - rate >= rules.failurePercentageThreshold;
}

const COLUMNS = {
  external: {
    total: OutlierCount.Requests,
    good: OutlierCount.Successes,
    average: OutlierRate.Average,
    threshold: OutlierRate.Threshold,
  },
  local: {
    total: OutlierCount.LocalAttempts,
    good: OutlierCount.LocalSuccesses,
    average: OutlierRate.LocalAverage,
    threshold: OutlierRate.LocalThreshold,
  },
} as const;
