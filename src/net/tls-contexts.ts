// Makes TLS contexts from plans: versions, ciphers, certificates, trust, session tickets. Called by tls-accept.ts and tls-dial.ts, once
// per plan, never per connection. Throws what the TLS library says about unusable certificates or ciphers.
import { createHash, constants as crypto } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions, type SecureVersion } from "node:tls";
import type { CertificatePlan, DownstreamTlsPlan, UpstreamTlsPlan } from "../config/plan/tls.ts";
import { serverNameKeys } from "./chain-choice.ts";
import { shareTicketKeys, TICKET_KEY_BYTES } from "./ticket-keys.ts";

/** The contexts of one filter chain: one for each set of names, so that SNI chooses the certificate. */
export interface ServerContexts {
  readonly plan: DownstreamTlsPlan;
  /** That of the first certificate. */
  readonly standard: SecureContext;
  /** By exact or `*.` name, lower case; null when there is only one context. */
  readonly byName: ReadonlyMap<string, SecureContext> | null;
}

/** `ticketKeys`: 48 bytes to issue with, and further 48 that are accepted. Throws when there are fewer. */
export function serverContexts(plan: DownstreamTlsPlan, ticketKeys: Buffer): ServerContexts {
  const shared: SecureContextOptions = {
    ...commonOptions(plan),
    ticketKeys: ticketKeys.subarray(0, TICKET_KEY_BYTES),
    sessionTimeout: plan.sessionTimeoutS,
    sessionIdContext: sessionScope(plan),
    secureOptions: plan.sessionTickets ? 0 : crypto.SSL_OP_NO_TICKET,
  };
  const byName = new Map<string, SecureContext>();
  let standard: SecureContext | null = null;
  for (const certificates of groupedByNames(plan.certificates)) {
    const context = createSecureContext({ ...shared, ...identity(certificates) });
    shareTicketKeys(context, ticketKeys);
    standard ??= context;
    for (const name of certificates[0]?.names ?? []) if (!byName.has(name)) byName.set(name, context);
  }
  standard ??= createSecureContext(shared);
  const several = new Set(byName.values()).size > 1;
  return { plan, standard, byName: several ? byName : null };
}

/** The context for a server name: exact, else its wildcard, else the first. */
export function contextFor(contexts: ServerContexts, serverName: string): SecureContext {
  const keys = serverNameKeys(serverName.toLowerCase()).slice(0, 2);
  for (const key of keys) {
    const found = contexts.byName?.get(key);
    if (found !== undefined) return found;
  }
  return contexts.standard;
}

/** The context of a cluster. */
export function clientContext(plan: UpstreamTlsPlan): SecureContext {
  return createSecureContext({ ...commonOptions(plan), ...identity(plan.certificates) });
}

function commonOptions(plan: DownstreamTlsPlan | UpstreamTlsPlan): SecureContextOptions {
  const { trustedCaPem: trusted = "", crlPem: crl = "" } = plan.validation ?? {};
  return {
    // An empty list keeps Node from loading its own roots, which Envoy would not trust either.
    ca: trusted === "" ? [] : trusted,
    ...(crl === "" ? {} : { crl }),
    minVersion: plan.versionMin as SecureVersion,
    maxVersion: plan.versionMax as SecureVersion,
    ecdhCurve: plan.curves === "" ? "auto" : plan.curves,
    ...(plan.ciphers === "" ? {} : { ciphers: plan.ciphers }),
  };
}

function identity(certificates: readonly CertificatePlan[]): SecureContextOptions {
  if (certificates.length === 0) return {};
  return {
    cert: certificates.map(({ chainPem }) => chainPem),
    key: certificates.map(({ keyPem, password }) =>
      password === "" ? { pem: keyPem } : { pem: keyPem, passphrase: password },
    ),
  };
}

/** An RSA and an ECDSA certificate for the same names share a context; the client's abilities choose between them. */
function groupedByNames(certificates: readonly CertificatePlan[]): CertificatePlan[][] {
  const groups = new Map<string, CertificatePlan[]>();
  for (const certificate of certificates) {
    const key = certificate.names.join(",");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [certificate]);
    else group.push(certificate);
  }
  return [...groups.values()];
}

/** A session must not carry a client's identity to a chain that asks for another one. */
function sessionScope({ requireClientCertificate, validation }: DownstreamTlsPlan): string {
  const text = JSON.stringify([requireClientCertificate, validation]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
