// TLS contexts with certificates already read, so that a worker opens no file.
import type { StringMatcherPlan } from "./match.ts";

/** DownstreamTlsContext. */
export interface DownstreamTlsPlan {
  readonly certificates: readonly CertificatePlan[];
  /** `TLSv1.2`, `TLSv1.3` … */
  readonly versionMin: string;
  readonly versionMax: string;
  /** OpenSSL cipher list for TLS ≤ 1.2; empty: the default. */
  readonly ciphers: string;
  readonly curves: string;
  readonly alpn: readonly string[];
  /** require_client_certificate, or a validation context that asks for a name or a hash. */
  readonly requireClientCertificate: boolean;
  readonly validation: ValidationPlan | null;
  /** Session tickets: off with disable_stateless_session_resumption. */
  readonly sessionTickets: boolean;
  readonly sessionTimeoutS: number;
}

/** UpstreamTlsContext. */
export interface UpstreamTlsPlan {
  readonly certificates: readonly CertificatePlan[];
  readonly versionMin: string;
  readonly versionMax: string;
  readonly ciphers: string;
  readonly curves: string;
  readonly alpn: readonly string[];
  /** Empty: none, unless autoHostSni. */
  readonly sni: string;
  readonly autoHostSni: boolean;
  /** Null: the upstream's certificate is not verified, as Envoy without a validation context. */
  readonly validation: ValidationPlan | null;
  /** max_session_keys, default 1. */
  readonly sessionKeysMax: number;
}

/** One certificate with its key, PEM. */
export interface CertificatePlan {
  readonly chainPem: string;
  readonly keyPem: string;
  readonly password: string;
  /** Names of the leaf (subjectAltName DNS, else CN), lower case: chosen by SNI. */
  readonly names: readonly string[];
  /** Where it came from, for /certs: a path or `<inline>`. */
  readonly source: string;
  /** Where its parts are read again when they change; null: nowhere. */
  readonly files: CertificateFiles | null;
}

/** Paths of a certificate with a watched_directory; empty: that part is no file. */
export interface CertificateFiles {
  readonly chain: string;
  readonly key: string;
  readonly password: string;
}

/** How a peer's certificate is checked. */
export interface ValidationPlan {
  readonly trustedCaPem: string;
  /** Where it is read again when it changes: trusted_ca of a context with a watched_directory; empty: nowhere. */
  readonly trustedCaFile: string;
  /** Lists of revoked certificates: with them every certificate of a chain needs the list of its issuer. Empty: none. */
  readonly crlPem: string;
  /** match_typed_subject_alt_names; empty: any. */
  readonly subjectAltNames: readonly SanMatcherPlan[];
  /** verify_certificate_hash and _spki, lower-case hex / base64. */
  readonly certificateHashes: readonly string[];
  readonly spkiHashes: readonly string[];
  readonly acceptUntrusted: boolean;
  /** max_verify_depth: authorities of a chain, the trusted one too; a chain of that one alone is always well. Infinity: as the TLS library says. */
  readonly depthMax: number;
}

/** One subject alternative name matcher. */
export interface SanMatcherPlan {
  readonly type: "dns" | "uri" | "email" | "ip" | "other";
  readonly text: StringMatcherPlan;
}
