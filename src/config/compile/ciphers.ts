// Cipher suites and curves as Envoy names them (BoringSSL) to what OpenSSL takes. Called by tls.ts.

/** OpenSSL's cipher list, or the names that are none. BoringSSL's groups `[A|B]` become `A:B`: OpenSSL has no equal preference. */
export function cipherList(suites: readonly string[]): { readonly list: string; readonly rejected: readonly string[] } {
  const rejected: string[] = [];
  const names = suites
    .flatMap((suite) => suite.split(/[:\s]+/))
    .flatMap((suite) => suite.replace(/^\[|\]$/g, "").split("|"));
  const known = names.map((name) => {
    const openssl = IANA[name] ?? name;
    if (!KNOWN.has(openssl)) rejected.push(name);
    return openssl;
  });
  return { list: known.join(":"), rejected };
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
