// CertificateValidationContext: how a peer's certificate is checked. Called by tls.ts and, for files that changed, renew-files.ts. What
// would loosen a check by being ignored is refused.
import { X509Certificate } from "node:crypto";
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledgeAll, child, children, count, flag, text, texts } from "../load/fields.ts";
import type { SanMatcherPlan, ValidationPlan } from "../plan/tls.ts";
import type { CompileContext } from "./context.ts";
import { readDataSource } from "./data-source.ts";
import { compileStringMatcher } from "./match.ts";

/** Compiles a validation context. */
export function compileValidation(context: CompileContext, validation: CheckedMessage): ValidationPlan {
  for (const [field, instead] of REFUSED) {
    const value = validation.fields[field];
    if (value === undefined || value === false) continue;
    context.refuse(validation, field, `${field} of a validation context`, instead);
  }
  const trustedCaPem = trustedCa(context, validation);
  const subjectAltNames = [
    ...children(validation, "match_typed_subject_alt_names").map((one) => typedMatcher(context, one)),
    ...children(validation, "match_subject_alt_names").flatMap((one) => untypedMatchers(context, one)),
  ];
  if (subjectAltNames.length > 0 && trustedCaPem === "") {
    const says = "SAN-based verification of peer certificates without trusted CA is insecure and not allowed";
    context.error(validation, "", says);
  }
  return {
    trustedCaPem,
    trustedCaFile: trustedCaFile(validation),
    crlPem: revocations(context, validation, trustedCaPem),
    subjectAltNames,
    certificateHashes: texts(validation, "verify_certificate_hash").map((hash) =>
      certificateHash(context, validation, hash),
    ),
    spkiHashes: texts(validation, "verify_certificate_spki").map((hash) => spkiHash(context, validation, hash)),
    depthMax: count(validation, "max_verify_depth") ?? Number.POSITIVE_INFINITY,
    acceptUntrusted: text(validation, "trust_chain_verification") === "ACCEPT_UNTRUSTED",
  };
}

function trustedCa(context: CompileContext, validation: CheckedMessage): string {
  const source = child(validation, "trusted_ca");
  if (flag(validation, "only_verify_leaf_cert_crl") === true) {
    const says = "every certificate of a chain is looked up in crl: give it the lists of all its authorities";
    context.warn(validation, "only_verify_leaf_cert_crl", says);
  }
  if (flag(validation, "allow_expired_certificate") === true) {
    context.warn(validation, "allow_expired_certificate", "expired certificates are refused all the same");
  }
  if (source === undefined) return systemRoots(context, validation);
  const data = readDataSource(context, source);
  if (data === null) return "";
  const pem = new TextDecoder().decode(data.bytes);
  const fault = authoritiesFault(pem, data.origin);
  if (fault !== null) context.error(validation, "trusted_ca", fault);
  return pem;
}

/** system_root_certs: what the machine trusts, read once. */
function systemRoots(context: CompileContext, validation: CheckedMessage): string {
  const roots = child(validation, "system_root_certs");
  if (roots === undefined) return "";
  const { environment, readFile } = context.options;
  for (const path of [environment("SSL_CERT_FILE") ?? "", ...SYSTEM_ROOTS]) {
    const bytes = path === "" ? new Error() : readFile(path);
    if (!(bytes instanceof Error)) return new TextDecoder().decode(bytes);
  }
  const says = `no file of the system's authorities was found (SSL_CERT_FILE, ${SYSTEM_ROOTS.join(", ")}): name it as trusted_ca`;
  context.error(validation, "system_root_certs", says);
  return "";
}

/** Envoy takes a text without a list in it for none; one that somebody meant to have an effect is refused here. */
function revocations(context: CompileContext, validation: CheckedMessage, trustedCaPem: string): string {
  const source = child(validation, "crl");
  const data = source === undefined ? null : readDataSource(context, source);
  if (data === null || data.bytes.length === 0) return "";
  const pem = new TextDecoder().decode(data.bytes);
  const says = `Failed to load CRL from ${data.origin}`;
  const lists = pem.match(CRL) ?? [];
  if (lists.length === 0 || !lists.every(isSequence)) context.error(validation, "crl", says);
  else if (trustedCaPem === "") context.error(validation, "crl", `${says} without trusted CA`);
  return pem;
}

/** Node reads such a list only when it serves: here its outermost DER value is looked at. */
function isSequence(pem: string): boolean {
  const der = Buffer.from(pem.split("-----")[2] ?? "", "base64");
  if (der.length < 2 || der[0] !== DER_SEQUENCE) return false;
  const first = der[1] as number;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes === 0) return der.length === 2 + first;
  const start = 2 + lengthBytes;
  return lengthBytes <= 4 && der.length > start && der.length === start + der.readUIntBE(2, lengthBytes);
}

/** What is wrong with authorities in PEM form. */
export function authoritiesFault(pem: string, origin: string): string | null {
  try {
    const certificates = pem.match(/-----BEGIN [^-]+-----[\s\S]*?-----END [^-]+-----/g) ?? [pem];
    for (const certificate of certificates) new X509Certificate(certificate);
    return null;
  } catch {
    return `Failed to load trusted CA certificates from ${origin}`;
  }
}

/** Empty without a watched_directory: Envoy reads such a file once. */
function trustedCaFile(validation: CheckedMessage): string {
  const watched = child(validation, "watched_directory");
  const source = child(validation, "trusted_ca");
  if (watched !== undefined) acknowledgeAll(watched);
  return watched === undefined || source === undefined ? "" : (text(source, "filename") ?? "");
}

function typedMatcher(context: CompileContext, typed: CheckedMessage): SanMatcherPlan {
  const type = SAN_TYPES[text(typed, "san_type") ?? ""] ?? "other";
  if (type === "other") {
    context.refuse(typed, "san_type", "matching otherName", "match DNS, URI, EMAIL or IP_ADDRESS");
  }
  const matcher = child(typed, "matcher");
  const nothing = { kind: "exact", value: "", ignoreCase: false } as const;
  return { type, text: matcher === undefined ? nothing : compileStringMatcher(context, matcher) };
}

// The deprecated form matches a name of any type.
function untypedMatchers(context: CompileContext, matcher: CheckedMessage): SanMatcherPlan[] {
  const text = compileStringMatcher(context, matcher);
  return (["dns", "uri", "email", "ip"] as const).map((type) => ({ type, text }));
}

/** 64 hex digits, or the same with colons between the bytes; given back in lower case without colons. */
function certificateHash(context: CompileContext, validation: CheckedMessage, hash: string): string {
  const hex = hash.replaceAll(":", "").toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    context.error(validation, "verify_certificate_hash", `Invalid hex-encoded SHA-256 ${hash}`);
  }
  return hex;
}

function spkiHash(context: CompileContext, validation: CheckedMessage, hash: string): string {
  if (Buffer.from(hash, "base64").length !== 32) {
    context.error(validation, "verify_certificate_spki", `Invalid base64-encoded SHA-256 ${hash}`);
  }
  return hash;
}

const CRL = /-----BEGIN X509 CRL-----[\s\S]*?-----END X509 CRL-----/g;
/** Where distributions keep them. */
const SYSTEM_ROOTS: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];
const DER_SEQUENCE = 0x30;

const SAN_TYPES: Readonly<Record<string, SanMatcherPlan["type"]>> = {
  DNS: "dns",
  URI: "uri",
  EMAIL: "email",
  IP_ADDRESS: "ip",
};

const REFUSED: readonly (readonly [field: string, instead: string])[] = [
  ["require_signed_certificate_timestamp", "leave it out"],
  ["custom_validator_config", "use trusted_ca and match_typed_subject_alt_names"],
  ["ca_certificate_provider_instance", "use trusted_ca"],
];
