// Who checks alike, and what is the same endpoint: hashes that nodes compare. Whatever changes a probe or its judgement changes a hash; what
// only names or logs it does not, nor does a client certificate that each machine has under the same path.
import { createHash } from "node:crypto";
import { type AddressPlan, addressText } from "../../../config/plan/address.ts";
import type { ClusterPlan } from "../../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../../config/plan/endpoint-set.ts";
import type { HealthCheckPlan } from "../../../config/plan/health-check.ts";
import type { CertificatePlan, UpstreamTlsPlan, ValidationPlan } from "../../../config/plan/tls.ts";

/** 64 bits in hex of a cluster's name, its checks and its transport: equal where its endpoints are probed and judged alike. */
export function groupHash({ name, healthChecks, tls, http, bindAddress }: ClusterPlan): string {
  return hash({ name, checks: healthChecks.map(judged), tls: tls === null ? null : transport(tls), http, bindAddress });
}

/**
 * 64 bits in hex of how checks reach an endpoint. `network` is this node's: a loopback address or a socket file is another endpoint on
 * another machine.
 */
export function targetHash({ address, check, hostname }: EndpointFacts, network: string): string {
  const isNear = isLocal(address) || LOOPBACK.test(check.address);
  return hash({ address: addressText(address), check, hostname, network: isNear ? network : "" });
}

function judged(check: HealthCheckPlan): object {
  return { ...check, ...UNJUDGED };
}

/** A file's path stands for its content: machines have certificates of their own, and change them at times of their own. */
function transport(tls: UpstreamTlsPlan): object {
  const certificates = tls.certificates.map((one) => (one.source === INLINE ? one : sourceOf(one)));
  return { ...tls, certificates, validation: tls.validation === null ? null : trust(tls.validation) };
}

function trust(validation: ValidationPlan): object {
  return validation.trustedCaFile === "" ? validation : { ...validation, trustedCaPem: "" };
}

function sourceOf({ source }: CertificatePlan): string {
  return source;
}

function isLocal(address: AddressPlan): boolean {
  return address.kind === "pipe" || LOOPBACK.test(address.host);
}

function hash(data: object): string {
  return createHash("sha256").update(canonical(data)).digest("hex").slice(0, 16);
}

/** JSON with sorted names, bytes in hex, and numbers that JSON has not. */
function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join()}}`;
}

/** What a check shows to nobody but this node's own pages and files. */
const UNJUDGED: Partial<Record<keyof HealthCheckPlan, null>> = {
  name: null,
  eventLogPaths: null,
  alwaysLogFailures: null,
  alwaysLogSuccess: null,
};

const INLINE = "<inline>";
/** Loopback, unspecified and link-local: the same text is somebody else elsewhere. */
const LOOPBACK = /^(127\.|0\.0\.0\.0$|::1?$|fe80:|169\.254\.)/i;
