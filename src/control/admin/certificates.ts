// The certificates of a plan: those that listeners and clusters show and the authorities they trust, for /certs, the gauge of the
// first that expires, and warnings of it.
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

/** What to say of certificates that clients and servers will not take: expired ones, and those that expire within a week. */
export function expiryWarnings(plan: Plan, nowMs: number): readonly string[] {
  const found = tlsContextsOf(plan).flatMap(({ certificates, trustedCaPem }) => [
    ...certificates.map(({ chainPem, source }) => expiryWarning(`the certificate of ${source}`, chainPem, nowMs)),
    expiryWarning("the trusted authority", trustedCaPem, nowMs),
  ]);
  return [...new Set(found.filter((text) => text !== ""))];
}

function expiryWarning(what: string, pem: string, nowMs: number): string {
  if (pem === "") return "";
  const { subject, validToDate } = new X509Certificate(pem);
  const leftMs = validToDate.getTime() - nowMs;
  if (leftMs > EXPIRY_WARNING_MS) return "";
  return `${what} (${subject.replaceAll("\n", ", ")}) ${leftMs < 0 ? "expired" : "expires"} on ${validToDate.toISOString()}`;
}

const firstExpiries = new WeakMap<Plan, number>();
const DAY_MS = 86_400_000;
const EXPIRY_WARNING_MS = 7 * DAY_MS;
const NO_CERTIFICATE_DAYS = 2 ** 32 - 1;
