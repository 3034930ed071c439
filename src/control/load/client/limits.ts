// What a server of load reports may cost, and what it may ask for.

/** Names of clusters that one response may have; the rest is not reported, and a line says so. */
export const CLUSTERS_MAX = 65_536;

/** A server that asks for less is reported to this often. */
export const INTERVAL_MS_MIN = 100;

/** As often one that says nothing, 0 or less is reported to. */
export const INTERVAL_MS_DEFAULT = 1_000;

/** A server that asks for more is reported to this often. */
export const INTERVAL_MS_MAX: number = 24 * 60 * 60 * 1_000;

/** As Envoy: fixed, for ever. */
export const RETRY_MS = 5_000;

/** What a node that ends gives the server to take its last report. */
export const STOP_MS = 100;
