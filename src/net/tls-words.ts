// Says TLS errors as Envoy's library says them, because they stand in response code details that people search for:
// `TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end`. Called by tls-accept.ts and tls-dial.ts.
import { systemText } from "../base/system-text.ts";

/** An error of Node's TLS socket, or of the connection below it while the handshake ran. */
export function tlsErrorText(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ECONNRESET" && (error as NodeJS.ErrnoException).errno === undefined) return ""; // the peer closed without a word
  if (code.startsWith("ERR_SSL_")) return wrapped(SSL_LIBRARY, reasonOf(code.slice("ERR_SSL_".length)));
  const errno = (error as NodeJS.ErrnoException).errno;
  if (errno === undefined) return `TLS_error:_${error.message}`.replaceAll(" ", "_");
  return `TLS_error:|${SYSTEM_LIBRARY - errno}:system_library:OPENSSL_internal:${spaceless(systemText(error))}:TLS_error_end`;
}

/** A peer's certificate that was not accepted, with what was wrong with it. */
export function verifyErrorText(what: string): string {
  return wrapped(SSL_LIBRARY, "CERTIFICATE_VERIFY_FAILED", `:verify_cert_failed:_${spaceless(what)}`);
}

/** Why a chain is not trusted (a code of X509_V_ERR_), in words. */
export function chainErrorText(code: string): string {
  const words = CHAIN_WORDS[code] ?? code.toLowerCase().replaceAll("_", " ");
  return `X509_verify_cert: certificate verification error at depth 0: ${words}`;
}

function wrapped(library: number, reason: string, tail: string = ""): string {
  const number = REASONS[reason];
  const code = number === undefined ? 0 : library + number;
  return `TLS_error:|${code}:SSL_routines:OPENSSL_internal:${reason}${tail}:TLS_error_end`;
}

/** OpenSSL renamed some reasons that BoringSSL kept. */
function reasonOf(reason: string): string {
  return reason.replace(/^SSL\/TLS_ALERT_/, "SSLV3_ALERT_").replace(/^TLSV13_ALERT_/, "TLSV1_ALERT_");
}

function spaceless(text: string): string {
  return text.replaceAll(" ", "_");
}

const SSL_LIBRARY = 16 << 24;
const SYSTEM_LIBRARY = 2 << 24;

/** Numbers of BoringSSL's reasons that a handshake can end with. */
const REASONS: Readonly<Record<string, number>> = {
  BAD_DIGEST_LENGTH: 106,
  BAD_SIGNATURE: 114,
  CERTIFICATE_VERIFY_FAILED: 125,
  DECODE_ERROR: 137,
  DECRYPTION_FAILED_OR_BAD_RECORD_MAC: 139,
  DIGEST_CHECK_FAILED: 142,
  HTTPS_PROXY_REQUEST: 155,
  HTTP_REQUEST: 156,
  INAPPROPRIATE_FALLBACK: 157,
  LENGTH_MISMATCH: 162,
  NO_CIPHERS_AVAILABLE: 175,
  NO_SHARED_CIPHER: 184,
  PEER_DID_NOT_RETURN_A_CERTIFICATE: 192,
  UNEXPECTED_MESSAGE: 223,
  UNKNOWN_PROTOCOL: 233,
  UNSAFE_LEGACY_RENEGOTIATION_DISABLED: 236,
  UNSUPPORTED_PROTOCOL: 240,
  WRONG_CIPHER_RETURNED: 242,
  WRONG_CURVE: 243,
  WRONG_SIGNATURE_TYPE: 245,
  WRONG_SSL_VERSION: 246,
  WRONG_VERSION_NUMBER: 247,
  NO_APPLICATION_PROTOCOL: 307,
  SSLV3_ALERT_UNEXPECTED_MESSAGE: 1010,
  SSLV3_ALERT_BAD_RECORD_MAC: 1020,
  SSLV3_ALERT_HANDSHAKE_FAILURE: 1040,
  SSLV3_ALERT_BAD_CERTIFICATE: 1042,
  SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: 1043,
  SSLV3_ALERT_CERTIFICATE_REVOKED: 1044,
  SSLV3_ALERT_CERTIFICATE_EXPIRED: 1045,
  SSLV3_ALERT_CERTIFICATE_UNKNOWN: 1046,
  SSLV3_ALERT_ILLEGAL_PARAMETER: 1047,
  TLSV1_ALERT_UNKNOWN_CA: 1048,
  TLSV1_ALERT_ACCESS_DENIED: 1049,
  TLSV1_ALERT_DECODE_ERROR: 1050,
  TLSV1_ALERT_DECRYPT_ERROR: 1051,
  TLSV1_ALERT_PROTOCOL_VERSION: 1070,
  TLSV1_ALERT_INSUFFICIENT_SECURITY: 1071,
  TLSV1_ALERT_INTERNAL_ERROR: 1080,
  TLSV1_ALERT_USER_CANCELLED: 1090,
  TLSV1_ALERT_UNRECOGNIZED_NAME: 1112,
  TLSV1_ALERT_UNKNOWN_PSK_IDENTITY: 1115,
  TLSV1_ALERT_CERTIFICATE_REQUIRED: 1116,
  TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 1120,
};

const CHAIN_WORDS: Readonly<Record<string, string>> = {
  CERT_CHAIN_TOO_LONG: "certificate chain too long",
  CERT_HAS_EXPIRED: "certificate has expired",
  CERT_NOT_YET_VALID: "certificate is not yet valid",
  CERT_REVOKED: "certificate revoked",
  CERT_SIGNATURE_FAILURE: "certificate signature failure",
  CERT_UNTRUSTED: "certificate not trusted",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self signed certificate",
  INVALID_CA: "invalid CA certificate",
  INVALID_PURPOSE: "unsupported certificate purpose",
  SELF_SIGNED_CERT_IN_CHAIN: "self signed certificate in certificate chain",
  UNABLE_TO_GET_ISSUER_CERT: "unable to get issuer certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unable to get local issuer certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unable to verify the first certificate",
};
