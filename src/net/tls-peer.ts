// Decides whether a peer's certificate is accepted, as Envoy's validation context says. Called once a handshake, on both sides.
import { createHash, type X509Certificate } from "node:crypto";
import { compileRegex } from "../config/plan/regex.ts";
import type { SanMatcherPlan, ValidationPlan } from "../config/plan/tls.ts";
import { chainErrorText, verifyErrorText } from "./tls-words.ts";

/** Why not: the ssl counter that counts it, and Envoy's text. */
export interface PeerFailure {
  readonly reason: "fail_verify_cert_hash" | "fail_verify_error" | "fail_verify_san";
  readonly text: string;
}

/** What the peer showed. */
export interface PeerCertificate {
  readonly certificate: X509Certificate;
  /** OpenSSL's verdict on the chain, `DEPTH_ZERO_SELF_SIGNED_CERT` for example; null when it is trusted. */
  readonly chainError: string | null;
}

/** Null when the certificate is accepted. */
export function peerFailure(validation: ValidationPlan, peer: PeerCertificate): PeerFailure | null {
  if (validation.acceptUntrusted) return null;
  if (validation.trustedCaPem !== "" && peer.chainError !== null) {
    return { reason: "fail_verify_error", text: verifyErrorText(chainErrorText(peer.chainError)) };
  }
  if (!hashAccepted(validation, peer.certificate)) {
    return { reason: "fail_verify_cert_hash", text: verifyErrorText("cert hash and spki") };
  }
  const names = alternativeNames(peer.certificate.subjectAltName ?? "");
  const matchers = validation.subjectAltNames;
  if (matchers.length === 0 || matchers.some((matcher) => names.some((san) => matches(matcher, san)))) return null;
  const shown = names.map(({ value }) => value).join(", ");
  return { reason: "fail_verify_san", text: verifyErrorText(`SAN matcher, certificate SANs are [${shown}]`) };
}

/** One subject alternative name of a certificate. */
export interface AlternativeName {
  readonly type: SanMatcherPlan["type"];
  readonly value: string;
}

/** Reads Node's text form: `DNS:a.example, IP Address:10.0.0.1, URI:spiffe://x/y`, odd values as JSON strings. */
export function alternativeNames(text: string): AlternativeName[] {
  const names: AlternativeName[] = [];
  for (const [, kind = "", value = ""] of text.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)) {
    const type = KINDS[kind] ?? "other";
    names.push({ type, value: value.startsWith('"') ? (JSON.parse(value) as string) : value });
  }
  return names;
}

function matches(matcher: SanMatcherPlan, san: AlternativeName): boolean {
  if (matcher.type !== san.type) return false;
  const { value } = matcher;
  switch (matcher.match) {
    case "exact":
      return san.type === "dns" ? dnsMatches(value.toLowerCase(), san.value.toLowerCase()) : san.value === value;
    case "prefix":
      return san.value.startsWith(value);
    case "suffix":
      return san.value.endsWith(value);
    case "contains":
      return san.value.includes(value);
    case "regex":
      return compileRegex(value).fullMatch(san.value);
  }
}

/** A certificate for `*.a.example` is one for `x.a.example`, but not for `a.example` or `x.y.a.example`. */
function dnsMatches(name: string, san: string): boolean {
  if (name === san) return true;
  const dot = name.indexOf(".");
  return dot > 0 && san === `*${name.slice(dot)}`;
}

/** Either list accepts; two empty ones accept everything. */
function hashAccepted({ certificateHashes, spkiHashes }: ValidationPlan, certificate: X509Certificate): boolean {
  if (certificateHashes.length === 0 && spkiHashes.length === 0) return true;
  if (certificateHashes.includes(createHash("sha256").update(certificate.raw).digest("hex"))) return true;
  if (spkiHashes.length === 0) return false;
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  return spkiHashes.includes(createHash("sha256").update(key).digest("base64"));
}

const KINDS: Readonly<Record<string, AlternativeName["type"]>> = {
  DNS: "dns",
  "IP Address": "ip",
  URI: "uri",
  email: "email",
};
