// When a name is looked up again. Arithmetic only.
import type { Random } from "../../base/random.ts";
import type { ResolvedAddress } from "../../messages/discovery.ts";
import type { DnsPlan } from "./dns-state.ts";

/** A TTL above it is taken as this: a day-long TTL must not hide a moved service for a day. */
export const TTL_MS_MAX: number = 3_600_000;

/** After a good answer: dns_refresh_rate, or the smallest TTL with respect_dns_ttl (a TTL of 0 counts as none), plus jitter. */
export function delayAfterAnswer(dns: DnsPlan, records: readonly ResolvedAddress[], random: Random): number {
  const ttlMs = Math.min(...records.map(({ ttlS }) => ttlS * 1000));
  const byTtl = dns.respectTtl && records.length > 0 && ttlMs > 0 && Number.isFinite(ttlMs);
  const delayMs = byTtl ? Math.min(ttlMs, TTL_MS_MAX) : dns.refreshMs;
  return delayMs + (dns.jitterMs > 0 ? random.below(dns.jitterMs) : 0);
}

/** After a failure: dns_failure_refresh_rate, a random wait that doubles its upper bound up to max_interval; at least 1 ms. */
export function delayAfterFailure(dns: DnsPlan, failures: number, random: Random): number {
  const ceilingMs = Math.min(dns.failureRefreshMaxMs, dns.failureRefreshBaseMs * 2 ** Math.min(failures - 1, 30));
  // Envoy: without a failure rate of its own, a cluster retries at its plain refresh rate.
  if (dns.failureRefreshBaseMs >= dns.failureRefreshMaxMs) return Math.max(1, ceilingMs);
  return Math.max(1, random.below(Math.max(1, Math.floor(ceilingMs))));
}
