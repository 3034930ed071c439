// Decides whether a peer's certificate is accepted, as Envoy's validation context says. Called once a handshake, on both sides.
import { createHash, X509Certificate } from "node:crypto";
import { ipText, parseIp } from "../base/ip-address.ts";
import { textTest } from "../config/plan/text-test.ts";
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

/** Null when the certificate is in order. With `acceptUntrusted` what is wrong is counted, and the connection goes on. */
export function peerFailure(validation: ValidationPlan, peer: PeerCertificate): PeerFailure | null {
  if (validation.trustedCaPem !== "") {
    const wrong = peer.chainError ?? (isTooLong(validation, peer.certificate) ? "CERT_CHAIN_TOO_LONG" : null);
    if (wrong !== null) return { reason: "fail_verify_error", text: verifyErrorText(chainErrorText(wrong)) };
  }
  const names = alternativeNames(peer.certificate.subjectAltName ?? "");
  const matchers = validation.subjectAltNames;
  if (matchers.length > 0 && !matchers.some((matcher) => names.some((san) => matches(matcher, san)))) {
    const shown = names.map(({ value }) => value).join(", ");
    return { reason: "fail_verify_san", text: verifyErrorText(`SAN matcher, certificate SANs are [${shown}]`) };
  }
  if (hashAccepted(validation, peer.certificate)) return null;
  return { reason: "fail_verify_cert_hash", text: verifyErrorText("cert hash and spki") };
}

/**
 * Whether a chain that has authorities between has more than `depthMax` of them and the trusted one: as Envoy's library counts. A resumed
 * session has none to count.
 */
function isTooLong({ trustedCaPem, depthMax }: ValidationPlan, certificate: X509Certificate): boolean {
  if (depthMax === Number.POSITIVE_INFINITY) return false;
  const trusted = (trustedCaPem.match(CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem));
  const sent: X509Certificate[] = [];
  for (let one = certificate.issuerCertificate; one !== undefined; one = one.issuerCertificate) sent.push(one);
  let current = certificate;
  for (let depth = 0; !trusted.some((one) => current.checkIssued(one)); depth++) {
    const issuer = sent.find((one) => one !== current && current.checkIssued(one));
    if (issuer === undefined || sent.length === 0) return false;
    if (depth + 2 > depthMax) return true;
    sent.splice(sent.indexOf(issuer), 1);
    current = issuer;
  }
  return false;
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
    const plain = value.startsWith('"') ? (JSON.parse(value) as string) : value;
    const address = type === "ip" ? parseIp(plain) : null;
    names.push({ type, value: address === null ? plain : ipText(address) });
  }
  return names;
}

function matches({ type, text }: SanMatcherPlan, san: AlternativeName): boolean {
  if (type !== san.type) return false;
  if (type === "dns" && text.kind === "exact") return dnsMatches(text.value.toLowerCase(), san.value.toLowerCase());
  return textTest(text)(san.value);
}

/** A certificate for `*.a.example` is one for `x.a.example`, but not for `a.example` or `x.y.a.example`; `w*` is any label that begins so. */
function dnsMatches(name: string, san: string): boolean {
  if (name === san) return true;
  const [label = "", rest] = cut(name, ".");
  const [pattern = "", domain] = cut(san, ".");
  if (rest === undefined || rest !== domain || domain.includes("*") || pattern.startsWith("xn--")) return false;
  const [before = "", after] = cut(pattern, "*");
  if (after === undefined || label.length + 1 < pattern.length) return false;
  return label.startsWith(before) && label.endsWith(after);
}

/** What stands before the first separator, and behind it. */
function cut(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Either list accepts; two empty ones accept everything. */
function hashAccepted({ certificateHashes, spkiHashes }: ValidationPlan, certificate: X509Certificate): boolean {
  if (certificateHashes.length === 0 && spkiHashes.length === 0) return true;
  if (certificateHashes.includes(createHash("sha256").update(certificate.raw).digest("hex"))) return true;
  if (spkiHashes.length === 0) return false;
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  return spkiHashes.includes(createHash("sha256").update(key).digest("base64"));
}

const CERTIFICATE = /-----BEGIN [^-]+-----[\s\S]*?-----END [^-]+-----/g;

const KINDS: Readonly<Record<string, AlternativeName["type"]>> = {
  DNS: "dns",
  "IP Address": "ip",
  URI: "uri",
  email: "email",
};
