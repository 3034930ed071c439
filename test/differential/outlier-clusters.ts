// The clusters of the outlier comparison: what each detects, and how many endpoints it has. Used by outlier-stage.ts and its test.

/** One cluster: how many endpoints answer (0: one that refuses), its `outlier_detection` and its `health_checks`. */
export interface ClusterCase {
  readonly endpoints: number;
  readonly detection: string;
  readonly check?: string;
}

/** Clusters by name. */
export const CLUSTERS: Readonly<Record<string, ClusterCase>> = {
  row: { endpoints: 2, detection: "consecutive_5xx: 3, max_ejection_percent: 100" },
  again: { endpoints: 1, detection: "consecutive_5xx: 3, max_ejection_percent: 100" },
  gateway: {
    endpoints: 1,
    detection:
      "consecutive_5xx: 9, consecutive_gateway_failure: 99, enforcing_consecutive_gateway_failure: 100, max_ejection_percent: 100",
  },
  lax: { endpoints: 1, detection: "consecutive_5xx: 2, enforcing_consecutive_5xx: 0, max_ejection_percent: 100" },
  limited: { endpoints: 2, detection: "consecutive_5xx: 2, max_ejection_percent: 50" },
  never: { endpoints: 2, detection: "consecutive_5xx: 2" },
  one: { endpoints: 2, detection: "consecutive_5xx: 2, always_eject_one_host: true" },
  refused: {
    endpoints: 0,
    detection:
      "consecutive_local_origin_failure: 2, split_external_local_origin_errors: true, max_ejection_percent: 100, " +
      "success_rate_minimum_hosts: 99",
  },
  network: { endpoints: 1, detection: "consecutive_5xx: 3, max_ejection_percent: 100" },
  deviant: {
    endpoints: 5,
    detection:
      "consecutive_5xx: 0, max_ejection_percent: 100, success_rate_request_volume: 8, success_rate_stdev_factor: 9000, interval: 2.5s",
  },
  percentage: {
    endpoints: 3,
    detection:
      "consecutive_5xx: 0, max_ejection_percent: 100, enforcing_failure_percentage: 100, failure_percentage_threshold: 50, " +
      "failure_percentage_minimum_hosts: 3, failure_percentage_request_volume: 8, interval: 2.5s",
  },
  degraded: { endpoints: 2, detection: "detect_degraded_hosts: true" },
  checked: {
    endpoints: 1,
    detection: "consecutive_5xx: 2, max_ejection_percent: 100, base_ejection_time: 60s",
    check:
      "{ timeout: 10s, interval: 0.2s, no_traffic_interval: 0.2s, unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: { path: /status/200 } }",
  },
  plain: { endpoints: 1, detection: "" },
};
