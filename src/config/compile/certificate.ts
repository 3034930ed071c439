// TlsCertificate read and checked now, so that a worker opens no file and no handshake finds a key that does not fit. Called by tls.ts.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { CheckedMessage } from "../load/checked.ts";
import { child } from "../load/fields.ts";
import type { CertificatePlan } from "../plan/tls.ts";
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
  const leaf = leafOf(context, certificate, chain);
  const privateKey = privateKeyOf(context, certificate, key, password);
  if (leaf === null || privateKey === null) return null;
  if (!leaf.checkPrivateKey(privateKey)) {
    const says = `Failed to load private key from ${key.origin}, Cause: KEY_VALUES_MISMATCH: it is not the key of the certificate`;
    context.error(certificate, "private_key", says);
    return null;
  }
  return { chainPem: chain.pem, keyPem: key.pem, password, names: namesOf(leaf), source: chain.origin };
}

interface Pem {
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

function leafOf(context: CompileContext, certificate: CheckedMessage, chain: Pem): X509Certificate | null {
  try {
    for (const one of chain.pem.match(CERTIFICATE) ?? [chain.pem]) new X509Certificate(one);
    return new X509Certificate(chain.pem);
  } catch (fault) {
    const says = `Failed to load certificate chain from ${chain.origin}: ${reasonOf(fault)}`;
    context.error(certificate, "certificate_chain", says);
    return null;
  }
}

function privateKeyOf(
  context: CompileContext,
  certificate: CheckedMessage,
  key: Pem,
  password: string,
): KeyObject | null {
  try {
    const privateKey = createPrivateKey({ key: key.pem, format: "pem", passphrase: password });
    const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN;
    if (privateKey.asymmetricKeyType !== "rsa" || bits >= RSA_BITS_MIN) return privateKey;
    const says = `only RSA certificates with ${RSA_BITS_MIN}-bit or larger keys are supported`;
    context.error(certificate, "private_key", `Failed to load certificate chain from ${key.origin}, ${says}`);
  } catch (fault) {
    context.error(
      certificate,
      "private_key",
      `Failed to load private key from ${key.origin}, Cause: ${reasonOf(fault)}`,
    );
  }
  return null;
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
