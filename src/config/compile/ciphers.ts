// Cipher suites and curves as Envoy names them (BoringSSL) to what OpenSSL takes. Called by tls.ts.

/** A cipher list for OpenSSL, with what of the given one does not go into it. */
export interface CipherList {
  readonly list: string;
  /** Names that BoringSSL does not know either, or TLS 1.3 names alone. */
  readonly rejected: readonly string[];
  /** BoringSSL's rules and aliases (`HIGH`, `-AES128-SHA`): OpenSSL would read them otherwise. */
  readonly rules: readonly string[];
}

/**
 * OpenSSL's cipher list of cipher_suites. BoringSSL's groups `[A|B]` become `A:B`: OpenSSL has no equal preference. TLS 1.3 names
 * are left out, as BoringSSL does: those suites are always on.
 */
export function cipherList(suites: readonly string[]): CipherList {
  const names = suites
    .flatMap((suite) => suite.split(/[:\s]+/))
    .flatMap((suite) => suite.replace(/^\[|\]$/g, "").split("|"))
    .filter((name) => name !== "");
  const known = names.map((name) => IANA[name] ?? name).filter((name) => KNOWN.has(name));
  const others = names.filter((name) => !KNOWN.has(IANA[name] ?? name));
  const rules = others.filter((name) => RULE.test(name));
  const unknown = others.filter((name) => !RULE.test(name) && !TLS13.has(name));
  const alone = known.length === 0 && rules.length === 0;
  return { list: known.join(":"), rejected: alone ? others : unknown, rules };
}

/** OpenSSL's curve list, or the names that are none. */
export function curveList(curves: readonly string[]): { readonly list: string; readonly rejected: readonly string[] } {
  return { list: curves.join(":"), rejected: curves.filter((curve) => !CURVES.has(curve)) };
}

const KNOWN: ReadonlySet<string> = new Set([
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-SHA256",
  "ECDHE-RSA-AES128-SHA256",
  "ECDHE-ECDSA-AES128-SHA",
  "ECDHE-RSA-AES128-SHA",
  "ECDHE-ECDSA-AES256-SHA",
  "ECDHE-RSA-AES256-SHA",
  "ECDHE-PSK-AES128-CBC-SHA",
  "ECDHE-PSK-AES256-CBC-SHA",
  "ECDHE-PSK-CHACHA20-POLY1305",
  "PSK-AES128-CBC-SHA",
  "PSK-AES256-CBC-SHA",
  "AES128-GCM-SHA256",
  "AES256-GCM-SHA384",
  "AES128-SHA",
  "AES256-SHA",
]);

const IANA: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: "ECDHE-ECDSA-AES128-SHA256",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: "ECDHE-RSA-AES128-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: "ECDHE-ECDSA-AES128-SHA",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: "ECDHE-RSA-AES128-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: "ECDHE-ECDSA-AES256-SHA",
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: "ECDHE-RSA-AES256-SHA",
  TLS_RSA_WITH_AES_128_GCM_SHA256: "AES128-GCM-SHA256",
  TLS_RSA_WITH_AES_256_GCM_SHA384: "AES256-GCM-SHA384",
  TLS_RSA_WITH_AES_128_CBC_SHA: "AES128-SHA",
  TLS_RSA_WITH_AES_256_CBC_SHA: "AES256-SHA",
};

const CURVES: ReadonlySet<string> = new Set(["P-256", "P-384", "P-521", "X25519", "X25519MLKEM768"]);

const TLS13: ReadonlySet<string> = new Set([
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
]);

const RULE =
  /^[-!+@]|\+|^(ALL|HIGH|FIPS|SHA1?|SHA256|SHA384|AES|AES128|AES256|AESGCM|3DES|CHACHA20|[ak]?RSA|[ak]?ECDHE|a?ECDSA|[ak]?PSK|SSLv3|TLSv1|TLSv1\.2|DES-CBC3-SHA)$/;
