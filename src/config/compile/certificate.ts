// TlsCertificate read and checked now, so that a worker opens no file and no handshake finds a key that does not fit. Called by tls.ts,
// and by renew-files.ts for files that changed.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledgeAll, child, text } from "../load/fields.ts";
import type { CertificateFiles, CertificatePlan } from "../plan/tls.ts";
import type { CompileContext } from "./context.ts";
import { readDataSource, readTextSource } from "./data-source.ts";

/** Compiles one certificate with its key; null after an error was said. */
export function compileCertificate(context: CompileContext, certificate: CheckedMessage): CertificatePlan | null {
  for (const field of ["pkcs12", "private_key_provider"]) {
    if (certificate.fields[field] === undefined) continue;
    context.refuse(certificate, field, field, "give certificate_chain and private_key as PEM");
    return null;
  }
  const chain = pemOf(context, certificate, "certificate_chain");
  const key = pemOf(context, certificate, "private_key");
  const passwordSource = child(certificate, "password");
  const password = passwordSource === undefined ? "" : readTextSource(context, passwordSource);
  if (chain === null || key === null || password === null) return null;
  const checked = checkedCertificate({ chain, key, password, files: filesOf(certificate) });
  if (!("faults" in checked)) return checked;
  for (const { field, says } of checked.faults) context.error(certificate, field, says);
  return null;
}

/** What a certificate is made of. */
export interface CertificateParts {
  readonly chain: Pem;
  readonly key: Pem;
  readonly password: string;
  readonly files: CertificateFiles | null;
}

/** What is wrong with one, at the field of TlsCertificate. */
export interface CertificateFault {
  readonly field: "certificate_chain" | "private_key";
  readonly says: string;
}

/** Looks whether chain and key can be used and go together. */
export function checkedCertificate(
  parts: CertificateParts,
): CertificatePlan | { readonly faults: readonly CertificateFault[] } {
  const { chain, key, password, files } = parts;
  const leaf = leafOf(chain);
  const privateKey = privateKeyOf(key, password);
  const faults = [leaf, privateKey].filter((one): one is CertificateFault => "says" in one);
  if ("says" in leaf || "says" in privateKey) return { faults };
  if (!leaf.checkPrivateKey(privateKey)) {
    const says = `Failed to load private key from ${key.origin}, Cause: KEY_VALUES_MISMATCH: it is not the key of the certificate`;
    return { faults: [{ field: "private_key", says }] };
  }
  return { chainPem: chain.pem, keyPem: key.pem, password, names: namesOf(leaf), source: chain.origin, files };
}

/** A PEM text. */
export interface Pem {
  readonly pem: string;
  readonly origin: string;
}

/** Reads a PEM field of a certificate; an absent or empty one is an error, as in Envoy. */
function pemOf(context: CompileContext, certificate: CheckedMessage, field: string): Pem | null {
  const source = child(certificate, field);
  const data = source === undefined ? undefined : readDataSource(context, source);
  if (data === null) return null;
  if (data === undefined || data.bytes.length === 0) {
    const origin = data?.origin ?? "";
    const says =
      field === "private_key"
        ? `Failed to load incomplete private key from path: ${origin}`
        : `Failed to load incomplete certificate from ${origin}: certificate chain not set`;
    context.error(certificate, field, says);
    return null;
  }
  return { pem: new TextDecoder().decode(data.bytes), origin: data.origin };
}

/** The files to look at; null without a watched_directory: Envoy reads such files once. */
function filesOf(certificate: CheckedMessage): CertificateFiles | null {
  const watched = child(certificate, "watched_directory");
  if (watched === undefined) return null;
  acknowledgeAll(watched);
  const [chain, key, password] = (["certificate_chain", "private_key", "password"] as const).map((field) => {
    const source = child(certificate, field);
    return source === undefined ? "" : (text(source, "filename") ?? "");
  });
  return { chain: chain ?? "", key: key ?? "", password: password ?? "" };
}

function leafOf(chain: Pem): X509Certificate | CertificateFault {
  try {
    for (const one of chain.pem.match(CERTIFICATE) ?? [chain.pem]) new X509Certificate(one);
    return new X509Certificate(chain.pem);
  } catch (fault) {
    const says = `Failed to load certificate chain from ${chain.origin}: ${reasonOf(fault)}`;
    return { field: "certificate_chain", says };
  }
}

function privateKeyOf(key: Pem, password: string): KeyObject | CertificateFault {
  try {
    const privateKey = createPrivateKey({ key: key.pem, format: "pem", passphrase: password });
    const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN;
    if (privateKey.asymmetricKeyType !== "rsa" || bits >= RSA_BITS_MIN) return privateKey;
    const says = `only RSA certificates with ${RSA_BITS_MIN}-bit or larger keys are supported`;
    return { field: "private_key", says: `Failed to load certificate chain from ${key.origin}, ${says}` };
  } catch (fault) {
    return { field: "private_key", says: `Failed to load private key from ${key.origin}, Cause: ${reasonOf(fault)}` };
  }
}

/** DNS names of subjectAltName, else the common name, lower case. */
function namesOf(leaf: X509Certificate): string[] {
  const names = (leaf.subjectAltName ?? "")
    .split(/,\s*/)
    .filter((name) => name.startsWith("DNS:"))
    .map((name) => name.slice(4).toLowerCase());
  if (names.length > 0) return names;
  const common = /^CN=(.+)$/m.exec(leaf.subject)?.[1];
  return common === undefined ? [] : [common.toLowerCase()];
}

function reasonOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}

const CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** As BoringSSL in Envoy. */
const RSA_BITS_MIN = 2_048;
