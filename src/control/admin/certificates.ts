// The certificates of a plan: those that listeners and clusters show and the authorities they trust, for /certs and the gauge of the
// first that expires.
import { X509Certificate } from "node:crypto";
import type { Plan } from "../../config/plan/plan.ts";
import type { CertificatePlan } from "../../config/plan/tls.ts";

/** What one TLS context holds. */
export interface TlsContextView {
  readonly certificates: readonly CertificatePlan[];
  /** Empty: none. */
  readonly trustedCaPem: string;
}

/** Every TLS context of a plan, listeners first. */
export function tlsContextsOf(plan: Plan): readonly TlsContextView[] {
  const chains = plan.listeners.flatMap((listener) => [
    ...listener.filterChains,
    ...(listener.defaultFilterChain === null ? [] : [listener.defaultFilterChain]),
  ]);
  const contexts = [...chains.map((chain) => chain.tls), ...plan.clusters.map((cluster) => cluster.tls)];
  return contexts.flatMap((tls) =>
    tls === null ? [] : [{ certificates: tls.certificates, trustedCaPem: tls.validation?.trustedCaPem ?? "" }],
  );
}

/** Whole days until a certificate expires, 0 after that. */
export function daysLeft(expiryMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((expiryMs - nowMs) / DAY_MS));
}

/** Whole days until the first certificate of a plan expires; Envoy's largest number when there is none. Reads each plan once. */
export function daysUntilFirstExpiry(plan: Plan, nowMs: number): number {
  let first = firstExpiries.get(plan);
  if (first === undefined) {
    const pems = tlsContextsOf(plan).flatMap(({ certificates, trustedCaPem }) => [
      ...certificates.map(({ chainPem }) => chainPem),
      ...(trustedCaPem === "" ? [] : [trustedCaPem]),
    ]);
    first = Math.min(...pems.map((pem) => new X509Certificate(pem).validToDate.getTime()));
    firstExpiries.set(plan, first);
  }
  return first === Number.POSITIVE_INFINITY ? NO_CERTIFICATE_DAYS : daysLeft(first, nowMs);
}

const firstExpiries = new WeakMap<Plan, number>();
const DAY_MS = 86_400_000;
const NO_CERTIFICATE_DAYS = 2 ** 32 - 1;
